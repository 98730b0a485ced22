"""Packed data against a folder of PNGs read through a plain torch DataLoader: pictures per second, and the ratio.

    python benchmarks/data.py [--side 64] [--images 4000] [--rounds 7]

Both sides deliver shuffled float batches in [-1, 1]; rounds alternate in one process on one thread, and medians count.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from zerosum.data import Sampler, load_data, prepare, to_float

BATCH, GOAL = 64, 20


class PngFolder(Dataset):
    """The usual way: open, convert, ToTensor and Normalize(0.5, 0.5), one picture at a time."""

    def __init__(self, root: Path):
        self.files = sorted(root.glob("*.png"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> torch.Tensor:
        with Image.open(self.files[i]) as image:
            pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()
        return pixels.float().div(255).sub(0.5).div(0.5)


def folder_batches(root: Path) -> Iterable[torch.Tensor]:
    """One epoch of the folder."""
    return DataLoader(PngFolder(root), batch_size=BATCH, shuffle=True, drop_last=True)


def packed_batches(data, sampler: Sampler) -> Iterable[torch.Tensor]:
    """One epoch of the packed file, as the engine reads it."""
    for start in range(0, len(data) - BATCH + 1, BATCH):
        yield to_float(data.gather(sampler.indices(start, BATCH))["x"])


def rate(batches: Iterable[torch.Tensor]) -> tuple[float, float]:
    """Pictures per second of wall time and of CPU time."""
    wall, cpu, count = time.perf_counter(), time.process_time(), 0
    for batch in batches:
        count += len(batch)
    return count / (time.perf_counter() - wall), count / (time.process_time() - cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root, packed = Path(folder, "png"), Path(folder, "data.zsd")
        write_pngs(root, args.images, args.side)
        prepare(root, packed)
        data = load_data(packed)
        folder_rates, packed_rates = [], []
        for round_number in range(args.rounds):
            folder_rates.append(rate(folder_batches(root)))
            sampler = Sampler(len(data), seed=round_number)          # a new order each time, its making included
            packed_rates.append(rate(packed_batches(data, sampler)))
    report(folder_rates, packed_rates, args)


def write_pngs(root: Path, count: int, side: int) -> None:
    """Patches of real photographs, so that PNG has something real to decode."""
    photos = load_data("photos", image_size=side, split="all")
    root.mkdir()
    for i in range(count):
        x = photos.x[i % len(photos)]
        Image.fromarray(np.ascontiguousarray(x.transpose(1, 2, 0))).save(root / f"{i:05d}.png")


def report(folder: list[tuple[float, float]], packed: list[tuple[float, float]], args: argparse.Namespace) -> None:
    result = {"side": args.side, "images": args.images, "rounds": args.rounds, "batch": BATCH}
    for i, clock in enumerate(("wall", "cpu")):
        slow, fast = (statistics.median(rates[i] for rates in side) for side in (folder, packed))
        ratio = statistics.median(f[i] / s[i] for s, f in zip(folder, packed, strict=True))
        result[clock] = {"png_folder": round(slow), "packed": round(fast), "ratio": round(ratio, 1)}
    if args.json:
        print(json.dumps(result))
        return
    print(f"{args.images} pictures of {args.side}x{args.side} RGB, batches of {BATCH}, medians of {args.rounds} rounds")
    for clock in ("wall", "cpu"):
        r = result[clock]
        print(f"{clock:>5}: PNG folder {r['png_folder']:>7} images/s, packed {r['packed']:>7} images/s, "
              f"{r['ratio']:.1f}x (goal {GOAL}x: {'reached' if r['ratio'] >= GOAL else 'missed'})")


if __name__ == "__main__":
    main()

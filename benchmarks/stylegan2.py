"""How much of the machine's matrix rate StyleGAN2 reaches at 64 px: 128 maps (64 at 64 px), w of 128, 8 images.

    python benchmarks/stylegan2.py [--json]

An iteration is one update of each player, a quarter of an update by the path length penalty, and a sixteenth of one by
R1. All three and the matrix products, of the fastest size, take turns in one process on one thread, and the fastest
turns are compared: whatever else the machine does only adds. Rates are operations per CPU second, of convolutions and
matrices alone.
"""

import json
import os
import sys
import time
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan

ROUNDS = 7                                   # turns of each
SIDES = {768: 80, 1024: 32, 1536: 10}        # rows and columns of the matrices, and products in a turn
SETTINGS = {"data": "photos", "image_size": 64, "z_dim": 128, "w_dim": 128, "mapping_layers": 8, "channel_base": 4096,
            "channel_max": 128, "batch_size": 8, "gamma": 1.0, "device": "cpu", "threads": 1, "steps": 10**9}


def phases() -> dict:
    """What an iteration is made of, by name: an act, and how often it comes."""
    chosen = plan("stylegan2", "small", SETTINGS)
    data = load_data(chosen.data)
    model = construct(chosen.model, chosen.cfg, data.spec, 0)
    trainer, batch = Trainer(model, data, chosen.train), None
    batch = trainer.batch()

    def main() -> None:
        trainer.update("generator", model.generator_loss, batch)
        trainer.update("discriminator", model.discriminator_loss, batch)

    path = partial(trainer.update, "generator", model.path_length_loss, batch, 4, True)
    r1 = partial(trainer.update, "discriminator", model.r1_loss, batch, 16, True)
    return {"both players": (main, 1), "path length": (path, 1 / 4), "R1": (r1, 1 / 16)}


class Operations(TorchDispatchMode):
    """Counts operations as FlopCounterMode does, which refuses gradients of gradients for the sake of its table."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        if func.overloadpacket in flop_registry:
            self.total += flop_registry[func.overloadpacket](*args, **kwargs or {}, out_val=result)
        return result


def operations(act) -> int:
    """Floating-point operations of one call."""
    with Operations() as counter:
        act()
    return counter.total


def seconds(act) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    act()
    return time.process_time() - start


def fastest(acts: dict, rounds: int) -> tuple[dict[str, float], float]:
    """CPU seconds of the fastest turn of each act, and operations per CPU second of the fastest matrix products."""
    matrices = {side: torch.randn(2, side, side) for side in SIDES}
    acts = acts | {side: lambda side=side, count=count: [torch.mm(*matrices[side]) for _ in range(count)]
                   for side, count in SIDES.items()}
    best = {name: min(values) for name, values in zip(acts, zip(*(
        [seconds(act) for act in acts.values()] for _ in range(rounds))))}
    return best, max(count * 2 * side**3 / best[side] for side, count in SIDES.items())


def rates(flops: float, taken: float, gemm: float, images: int) -> dict[str, float]:
    """Of an iteration of so many operations, CPU seconds and images, beside the matrix rate."""
    return {"gemm_gflops": gemm / 1e9, "iteration_gflops": flops / taken / 1e9, "share": flops / taken / gemm,
            "gflop_per_iteration": flops / 1e9, "iteration_cpu_ms": 1000 * taken, "images_per_cpu_s": images / taken}


def measure() -> dict[str, float]:
    """Rates, their ratio, and CPU milliseconds of each phase."""
    parts = phases()
    flops = sum(share * operations(act) for act, share in parts.values())
    best, gemm = fastest({name: act for name, (act, _) in parts.items()}, ROUNDS)
    whole = sum(share * best[name] for name, (_, share) in parts.items())
    return rates(flops, whole, gemm, SETTINGS["batch_size"]) | {
        f"{name}, cpu_ms": 1000 * best[name] for name in parts}


def shown(result: dict[str, float]) -> bool:
    """Whether the result was printed as JSON; else the matrix rate was, and the rest is to follow."""
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return True
    print(f"matrix product  {result['gemm_gflops']:.0f} GFLOP per CPU s")
    return False


def main() -> None:
    torch.set_num_threads(1)
    result = measure()
    if shown(result):
        return
    print(f"StyleGAN2       {result['iteration_gflops']:.0f} GFLOP per CPU s: {result['share']:.0%} of it (goal: 45 "
          f"%); {result['gflop_per_iteration']:.1f} GFLOP in {result['iteration_cpu_ms']:.0f} CPU ms")
    print("of which        " + ", ".join(f"{name} {result[f'{name}, cpu_ms']:.0f} ms each"
                                         for name in ("both players", "path length", "R1")))


if __name__ == "__main__":
    main()

"""How fast editing is: drag steps at 64 px, seconds of an inversion, and 64 samples of a 32-px model after loading.

    python benchmarks/editing.py [--json]

CPU seconds on one thread, of models without training: a step costs the same. Dragging is of DCGAN as in its paper,
64 px and 1024 maps; inversion of a 32-px DCGAN of 128 maps, as trained on shapes in minutes, with all defaults and
without a perceptual distance, once; samples of the same. Of the others the fastest of three turns counts.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from zerosum.core import DataSpec, find
from zerosum.latent import drag, invert
from zerosum.runs import construct

TURNS = 3                                    # of which the fastest counts


def model_of(side: int, width: int):
    """A DCGAN for RGB pictures of this side, without training."""
    dcgan = find("dcgan")
    return construct(dcgan, dcgan.Config(width=width), DataSpec((3, side, side)), seed=0).eval()


def seconds(act, turns: int = TURNS) -> float:
    """CPU seconds of the fastest of some turns."""
    best = float("inf")
    for _ in range(turns):
        start = time.process_time()
        act()
        best = min(best, time.process_time() - start)
    return best


def drag_rate(steps: int = 10) -> float:
    """Steps per CPU second; the handle has so far to go that it does not arrive."""
    model = model_of(64, 1024)
    z = model.noise(1, torch.Generator().manual_seed(0))
    spent = [seconds(lambda n=n: drag(model, z, [(16, 16)], [(60, 60)], steps=n)) for n in (1, 1 + steps)]
    return steps / (spent[1] - spent[0])


def main() -> None:
    torch.set_num_threads(1)
    small = model_of(32, 128)
    x = small.sample(1, seed=1)
    result = {"drag_steps_per_s": drag_rate(), "inversion_s": seconds(lambda: invert(small, x), 1),
              "samples_64_ms": 1000 * seconds(lambda: small.sample(64, seed=0))}
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return
    print(f"drag       {result['drag_steps_per_s']:.1f} steps per CPU s at 64 px (goal: 5 a second on two cores)")
    print(f"inversion  {result['inversion_s']:.1f} CPU s of a picture at 32 px, 8 restarts, 100 steps and 20 of polish")
    print(f"samples    {result['samples_64_ms']:.0f} CPU ms for 64 at 32 px (goal: below 50)")


if __name__ == "__main__":
    main()

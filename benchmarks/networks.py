"""How much of the machine's matrix rate a training step reaches: SNGAN's ResNet at 32 px, 64 maps, 16 images.

    python benchmarks/networks.py [--json]

Both rates are measured in one process, taking turns of about equal length, in operations per CPU second on one thread.
The fastest turns are compared: whatever else the machine does only adds. A step is one update of each player, and its
operations are those of convolutions and matrices alone (FlopCounterMode).
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.utils.flop_counter import FlopCounterMode

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan

ROUNDS = 9                                   # turns of each
SIDE, PRODUCTS = 1024, 16                    # rows and columns of the matrices, and products in a turn
SETTINGS = {"network": "resnet", "width": 64, "d_width": 64, "z_dim": 128, "image_size": 32, "channels": 3,
            "batch_size": 16, "d_steps": 1, "g_batch": 1, "ema": 0.0, "device": "cpu", "threads": 1, "steps": 10**9}


def trainer_of(settings: dict) -> Trainer:
    """A trainer of SNGAN with these settings."""
    chosen = plan("sngan", "small", settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def seconds(act) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    act()
    return time.process_time() - start


def main() -> None:
    torch.set_num_threads(1)
    trainers = {norm: trainer_of(SETTINGS | {"norm": norm}) for norm in ("spectral", "none")}
    with FlopCounterMode(display=False) as counter:
        trainers["spectral"].play()
    flops = counter.get_total_flops()
    a, b = torch.randn(2, SIDE, SIDE)
    acts = {norm: trainer.play for norm, trainer in trainers.items()}
    acts["matrices"] = lambda: [torch.mm(a, b) for _ in range(PRODUCTS)]
    spent: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            spent[name].append(seconds(act))
    best = {name: min(values) for name, values in spent.items()}
    gemm, step = PRODUCTS * 2 * SIDE**3 / best["matrices"], flops / best["spectral"]
    result = {"gemm_gflops": gemm / 1e9, "step_gflops": step / 1e9, "share": step / gemm, "gflop_per_step": flops / 1e9,
              "step_cpu_ms": 1000 * best["spectral"], "step_cpu_ms_without_norm": 1000 * best["none"]}
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return
    print(f"matrix product  {result['gemm_gflops']:.0f} GFLOP per CPU s ({SIDE} x {SIDE})")
    print(f"SNGAN step      {result['step_gflops']:.0f} GFLOP per CPU s: {result['share']:.0%} of it (goal: 65 %); "
          f"{result['gflop_per_step']:.1f} GFLOP in {result['step_cpu_ms']:.0f} CPU ms")
    print(f"spectral norm   {best['spectral'] / best['none'] - 1:+.1%} of the step without it")


if __name__ == "__main__":
    main()

"""What the engine costs: our step against hand-written loops over the same networks, and the time to the first step.

    python benchmarks/engine.py [--json]

Ratios and differences come from one process with the variants taking turns; medians are printed. One CPU thread.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from zerosum.data import load_data, to_float
from zerosum.engine import Trainer
from zerosum.runs import Run, construct, plan
from zerosum.runs.progress import Progress
from zerosum.runs.recorder import Recorder
from zerosum.runs.stop import Wish

ROUNDS = 7
# The networks and the batch of the two-dimensional games.
RING = {"data": "ring", "z_dim": 32, "width": 128, "d_width": 128, "activation": "tanh", "d_activation": "tanh",
        "init": "orthogonal", "dropout": 0.0, "input_dropout": 0.0, "optimizer": "adam", "lr": 1e-3, "batch_size": 128}


def ours(name: str, settings: dict, folder: Path):
    """A function that plays n steps as `zerosum train` does, log included, pictures and checkpoints left out."""
    chosen = plan(name, "tiny", settings | {
        "sample_every": 0, "tensorboard": False, "checkpoint_every": 0, "threads": 1, "steps": 10**9})
    data = load_data(chosen.data)
    model = construct(chosen.model, chosen.cfg, data.spec, 0)
    trainer = Trainer(model, data, chosen.train)
    run = Run.start(folder, chosen, data, model, "benchmark")
    run.plan, run.data = chosen, data
    recorder = Recorder(run, trainer, Progress(10**9, 0, quiet=True), Wish())

    def steps(n: int) -> None:
        for _ in range(n):
            recorder(trainer.play())
    return steps


def bare(name: str, settings: dict, tricks: bool):
    """The loop that one writes by hand; `tricks`: channels_last, and no graph through the frozen player."""
    chosen = plan(name, "tiny", settings | {"steps": 1})
    data = load_data(chosen.data)
    model = construct(chosen.model, chosen.cfg, data.spec, 0)
    g, d = model.generator, model.discriminator
    if tricks and data.spec.is_image:
        model.to(memory_format=torch.channels_last)
    opt_d = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_g = torch.optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    images, size, z_dim = data.gather(torch.arange(len(data)))["x"], chosen.train.batch_size, chosen.cfg.z_dim
    one, zero = torch.ones(size), torch.zeros(size)

    def steps(n: int) -> None:
        for _ in range(n):
            x = images[torch.randint(len(images), (size,))]
            x = to_float(x) if x.dtype == torch.uint8 else x
            if tricks and x.dim() == 4:
                x = x.contiguous(memory_format=torch.channels_last)
            opt_d.zero_grad()
            if tricks:
                with torch.no_grad():
                    fake = g(torch.rand(size, z_dim) * 2 - 1)
            else:
                fake = g(torch.rand(size, z_dim) * 2 - 1).detach()
            (bce(d(x).flatten(), one) + bce(d(fake).flatten(), zero)).backward()
            opt_d.step()
            if tricks:
                d.requires_grad_(False)
            opt_g.zero_grad()
            bce(d(g(torch.rand(size, z_dim) * 2 - 1)).flatten(), one).backward()
            opt_g.step()
            if tricks:
                d.requires_grad_(True)
    return steps


def compare(name: str, settings: dict, n: int) -> dict[str, float]:
    """Median CPU milliseconds per step of the three loops, taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        loops = {"zerosum": ours(name, settings, Path(folder) / "run"), "bare": bare(name, settings, False),
                 "bare with tricks": bare(name, settings, True)}
        times: dict[str, list[float]] = {loop: [] for loop in loops}
        for round_ in range(ROUNDS + 1):
            for loop, steps in loops.items():
                start = time.process_time()
                steps(n)
                if round_:                    # the first round warms up
                    times[loop].append(1000 * (time.process_time() - start) / n)
    return {loop: statistics.median(values) for loop, values in times.items()}


def cpu_seconds(*command: str) -> float:
    """Median user + system seconds of a command over three runs."""
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()
        spent.append(after.children_user - before.children_user + after.children_system - before.children_system)
    return statistics.median(spent)


def main() -> None:
    torch.set_num_threads(1)
    ring = compare("gan", RING, 200)
    tiny = compare("dcgan", {"image_size": 8, "width": 16, "z_dim": 8, "batch_size": 8}, 200)
    dcgan32 = compare("dcgan", {"image_size": 32, "width": 256, "z_dim": 100, "batch_size": 64}, 4)
    first_step = cpu_seconds(sys.executable, "-m", "zerosum", "train", "dcgan", "--preset", "tiny", "--estimate")
    import_torch = cpu_seconds(sys.executable, "-c", "import torch")
    import_zerosum = cpu_seconds(sys.executable, "-c", "import torch, zerosum, zerosum.core, zerosum.engine")
    result = {
        "ring_ms": ring, "ring_ratio_to_bare": ring["bare"] / ring["zerosum"],
        "tiny_ms": tiny, "tiny_overhead_ms": tiny["zerosum"] - tiny["bare"],
        "dcgan32_ms": dcgan32, "dcgan32_ratio_to_bare": dcgan32["bare"] / dcgan32["zerosum"],
        "dcgan32_ratio_to_bare_with_tricks": dcgan32["bare with tricks"] / dcgan32["zerosum"],
        "first_step_cpu_s": first_step, "import_torch_cpu_s": import_torch,
        "import_zerosum_above_torch_cpu_s": import_zerosum - import_torch,
    }
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return
    print(f"2-D game        zerosum {ring['zerosum']:.2f} ms, bare loop {ring['bare']:.2f} ms: "
          f"{result['ring_ratio_to_bare']:.2f}x its rate (goal: 0.9)")
    print(f"tiny step       zerosum {tiny['zerosum']:.2f} ms, bare loop {tiny['bare']:.2f} ms: "
          f"overhead {result['tiny_overhead_ms']:+.2f} ms (goal: at most 0.2)")
    print(f"DCGAN-32 step   zerosum {dcgan32['zerosum']:.0f} ms; {result['dcgan32_ratio_to_bare']:.2f}x a bare loop, "
          f"{result['dcgan32_ratio_to_bare_with_tricks']:.2f}x one with the same tricks (goal: at least 1)")
    print(f"first step      {first_step:.2f} CPU s from the command to seven finished steps (goal: 3)")
    print(f"import zerosum  {result['import_zerosum_above_torch_cpu_s']:+.2f} CPU s above import torch (goal: 0.1)")


if __name__ == "__main__":
    main()

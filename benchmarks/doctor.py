"""What the doctor costs a training that it watches: CPU time with looks against without, on points and on images.

    python benchmarks/doctor.py [--json]

Each round is a whole run with a ground of its own, so that reading the data and the first look count, once with looks
and once without, in turns within one process. Two numbers are printed: the CPU time within looks over that of the rest
of the same run, and the median ratio of neighbours, which on a busy machine is noise of a few percent. One CPU thread.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import Run, construct, plan
from zerosum.runs.progress import Progress
from zerosum.runs.recorder import Recorder
from zerosum.runs.stop import Wish

ROUNDS = 3
EVERY = 10.0                                 # seconds between looks: the default
GAMES = {"2-D game": ("gan", "ring", {}, 6_000), "digits, 16 px": ("dcgan", "small", {"image_size": 16}, 700)}


def spent(name: str, preset: str, settings: dict, steps: int, doctor_every: float) -> tuple[float, float, int]:
    """CPU seconds of this many steps of a run, those of them within looks, and how many looks there were."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = plan(name, preset, settings | {"sample_every": 0.0, "tensorboard": False, "checkpoint_every": 0.0,
                                                "threads": 1, "steps": steps, "doctor_every": doctor_every})
        data = load_data(chosen.data)
        model = construct(chosen.model, chosen.cfg, data.spec, 0)
        trainer = Trainer(model, data, chosen.train)
        run = Run.start(Path(folder) / "run", chosen, data, model, "benchmark")
        run.plan, run.data = chosen, data
        recorder = Recorder(run, trainer, Progress(steps, 0, quiet=True), Wish())
        visit, looking = recorder.visit, []

        def timed() -> None:
            start = time.process_time()
            visit()
            looking.append(time.process_time() - start)
        recorder.visit = timed
        start = time.process_time()
        trainer.fit(watch=recorder)
        return time.process_time() - start, sum(looking), len(looking)


def compare(*game) -> dict[str, float]:
    """Seconds without, the share that looks add, and how many there were, over rounds that take turns."""
    spent(*game[:3], 50, 0.0)                 # warms up
    rounds = []
    for number in range(ROUNDS):
        order = (0.0, EVERY) if number % 2 else (EVERY, 0.0)
        rounds.append({every: spent(*game, every) for every in order})
    return {"seconds": statistics.median(each[0.0][0] for each in rounds),
            "looking": statistics.median(each[EVERY][1] / (each[EVERY][0] - each[EVERY][1]) for each in rounds),
            "ratio": statistics.median(each[EVERY][0] / each[0.0][0] - 1 for each in rounds),
            "looks": statistics.median(each[EVERY][2] for each in rounds)}


def main() -> None:
    torch.set_num_threads(1)
    result = {name: compare(*game) for name, game in GAMES.items()}
    if "--json" in sys.argv:
        print(json.dumps(result, indent=2))
        return
    for name, found in result.items():
        print(f"{name:<15} {found['looking']:.2%} of the time of a run of {found['seconds']:.0f} CPU s for "
              f"{found['looks']:.0f} looks (goal: at most 2%); with against without: {found['ratio']:+.1%}")


if __name__ == "__main__":
    main()

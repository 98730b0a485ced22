"""One seed of a claim: its trainings, its clock and its picture."""

import copy
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor

from ..core import Model
from ..data import Dataset, load_data
from ..engine import Trainer
from ..runs import Plan, construct, plan
from .claim import Side

SPEAK_EVERY = 5.0                            # seconds between progress lines


@dataclass(frozen=True)
class Trained:
    """What one training left: the model with averaged weights in evaluation mode, and the trainer with the raw ones."""

    model: Model
    trainer: Trainer
    data: Dataset


def plan_of(side: Side, seed: int) -> Plan:
    """The plan of a side; claims run on one thread of the CPU, where a seed gives the same numbers every time."""
    return plan(side.model, side.preset, {**side.settings, "seed": seed, "device": "cpu", "threads": 1})


def finished(trainer: Trainer) -> Trained:
    """What a training leaves."""
    with trainer.averaged() as model:
        return Trained(copy.deepcopy(model), trainer, trainer.data)


def progress(trainer: Trainer) -> str:
    """How far a training has come in its budget."""
    config = trainer.config
    return (f"step {trainer.step:,} of {config.steps:,}" if config.steps else
            f"image {trainer.images:,} of {config.images:,}")


class Trial:
    """Trains the sides of a claim with one seed; `panel` collects pictures to look at."""

    def __init__(self, sides: Mapping[str, Side], seed: int, report: Callable[[str], None]):
        self.sides, self.seed, self.report = sides, seed, report
        self.seconds: dict[str, float] = {}
        self.panels: list[tuple[str, Image.Image]] = []

    def start(self, side: str | Side) -> Trainer:
        """An untrained side with its trainer."""
        side = self.sides[side] if isinstance(side, str) else side
        chosen = plan_of(side, self.seed)
        data = load_data(chosen.data) if side.data is None else side.data()
        return Trainer(construct(chosen.model, chosen.cfg, data.spec, self.seed), data, chosen.train)

    def train(self, side: str, watch: Callable[[Trainer, dict[str, Tensor]], None] | None = None) -> Trained:
        """Train a side to the end of its budget; `watch(trainer, terms)` looks on after every step."""
        trainer = self.start(side)
        started, spoken = time.process_time(), time.monotonic()

        def look(terms: dict[str, Tensor]) -> bool:
            nonlocal spoken
            if watch is not None:
                watch(trainer, terms)
            if time.monotonic() - spoken >= SPEAK_EVERY:
                spoken = time.monotonic()
                self.report(f"seed {self.seed}: {side}, {progress(trainer)}")
            return False

        trainer.fit(watch=look)
        self.seconds[side] = time.process_time() - started
        self.report(f"seed {self.seed}: {side} trained, {self.seconds[side]:.0f} CPU s")
        return finished(trainer)

    def panel(self, title: str, image: Image.Image) -> None:
        """Add a picture to the row that the claim shows."""
        self.panels.append((title, image))


def settings_of(sides: Mapping[str, Side]) -> dict[str, Any]:
    """The settings of every side, but for the seed, as JSON."""
    found = {}
    for name, side in sides.items():
        settings = plan_of(side, 0).settings()
        for watched in ("seed", "metrics", "doctor_every", "on_collapse"):   # what looks on changes no number
            del settings["train"][watched]
        if side.data is not None:
            settings["data"] = {"data": side.data().name}
        found[name] = {"name": side.model, **settings}
    return json.loads(json.dumps(found))

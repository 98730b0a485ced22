"""Three axes: how stable a training each loss gives, and how diverse and how clear its samples are.

Surveys compare GANs along these three (stable, diverse, sharp). Here five objectives (saturating, non-saturating,
wasserstein, least-squares, hinge), two of them with a gradient penalty as well, train the same network on the same data
for the same number of rounds. An axis is the mean of three parts, each in [0, 1]; those of diversity and
clarity are ratios to what held-out real samples score, so that 1 is as good as real.

    stability   kept: score of a checkpoint / best score up to it, over the second half of training;
                agreement: lowest / highest late score over seeds;
                gradient: how well the generator's keeps its strength while the discriminator trains on alone
    diversity   coverage, classes seen, mean distance within classes
    clarity     precision, the judge's confidence above chance, share of high frequencies

The score of a checkpoint is the geometric mean of its diversity and clarity: it falls when either collapses.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import ZerosumError
from ..data import load_data
from ..engine import Trainer
from ..metrics.distribution.class_diversity import class_diversity
from ..metrics.distribution.classes import covered_classes
from ..metrics.distribution.high_frequency import high_frequency_share, spectral_energy
from ..metrics.distribution.precision_recall import precision_recall
from ..metrics.features.judge import judge, labels_of
from ..runs import construct, plan
from ..version import __version__
from .damage import DAMAGES, Pool

SEEDS, CHECKPOINTS, SPLITS = (0, 1, 2), 12, 4
STRENGTH = 0.5                               # of the damage to real samples that the axes are tried on
STRETCHES, ALONE = 4, 100                    # of rounds of the discriminator alone; in the first it gets ahead
BATCHES = 8                                  # that the norm of a gradient is the median over
# No norm in the discriminator, since the penalty forbids one and the network is to be the same; no moving average,
# which would hide how unsteady a training is.
SETTINGS = {"data": "digits", "image_size": 16, "width": 32, "norm": "none", "ema": 0.0, "batch_size": 32,
            "steps": 1500, "device": "cpu", "threads": 1}
COMPARED = ("saturating", "non-saturating", "wasserstein", "least-squares", "hinge")     # those of the committed result
LOSSES: dict[str, dict[str, str]] = {name: {"objective": name} for name in COMPARED} | {
    f"{name} + penalty": {"objective": name, "penalty": "gradient-penalty"}
    for name in ("non-saturating", "wasserstein")}
AXES = {"stability": ("kept", "agreement", "gradient"), "diversity": ("coverage", "classes", "within classes"),
        "clarity": ("precision", "confidence", "detail")}


def share(value: float, of_real: float) -> float:
    """A score as a share of what real samples have, in [0, 1]."""
    return min(max(value / of_real, 0.0), 1.0)


def likeness(value: float, of_real: float) -> float:
    """How near a positive number, which may be too high as well as too low, is to another: their ratio, in [0, 1]."""
    return min(value, of_real) / max(value, of_real) if min(value, of_real) > 0 else 0.0


def kept(scores: Sequence[float]) -> float:
    """Mean over the second half of a training of score / best score so far: 1 where nothing reached is ever lost."""
    best = [max(scores[:i + 1]) for i in range(len(scores))]
    late = range(len(scores) // 2, len(scores))
    return statistics.fmean(scores[i] / best[i] if best[i] else 0.0 for i in late)


def agreement(courses: Sequence[Sequence[float]]) -> float:
    """Lowest / highest mean score of the second half of training, over seeds: 1 where luck plays no part."""
    late = [statistics.fmean(scores[len(scores) // 2:]) for scores in courses]
    return min(late) / max(late) if max(late) else 0.0


class Yardstick:
    """The test part of the data in random halves: one half to compare with, the other to score as fakes are."""

    def __init__(self, data: str, size: int):
        test = load_data(data, image_size=size, split="test")
        self.x, self.labels, self.judge = test.all(), labels_of(test), judge(data)
        self.half = len(self.x) // 2
        self.count = SPLITS * self.half      # samples that `numbers` takes
        self.orders = [torch.randperm(len(self.x), generator=torch.Generator().manual_seed(i)) for i in range(SPLITS)]
        self.seen = self._see(self.x)
        self.chance = 1 / self.seen["probabilities"].shape[1]
        self.real = _each([self._compare(order, _rows(self.seen, order[self.half:2 * self.half]))
                           for order in self.orders], statistics.fmean)

    def numbers(self, x: Tensor) -> dict[str, float]:
        """The raw numbers of samples (count, C, H, W) in [-1, 1], a fresh part of them for every split."""
        seen = self._see(x)
        parts = zip(self.orders, torch.arange(self.count).split(self.half), strict=True)
        return _each([self._compare(order, _rows(seen, rows)) for order, rows in parts], statistics.fmean)

    def parts(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """Raw numbers as parts of diversity and clarity, in [0, 1]."""
        real = self.real
        found = {name: share(numbers[name], real[name]) for name in ("coverage", "classes", "precision")}
        return found | {"confidence": share(numbers["confidence"] - self.chance, real["confidence"] - self.chance),
                        "within classes": likeness(numbers["within classes"], real["within classes"]),
                        "detail": likeness(numbers["detail"], real["detail"])}

    def damaged(self) -> dict[str, dict[str, float]]:
        """Diversity and clarity of real samples with known damage: what the two axes tell apart."""
        found = {}
        for damage in DAMAGES:
            generator, x = torch.Generator().manual_seed(0), []
            for order in self.orders:
                real, fake = order[:2 * self.half].split(self.half)
                pool = Pool(self.x[real], self.x, self.labels)
                x.append(damage.apply(self.x[fake], self.labels[fake], STRENGTH, pool, generator))
            found[damage.name] = axes_of(self.parts(self.numbers(torch.cat(x))))
        return found

    def _see(self, x: Tensor) -> dict[str, Tensor]:
        probabilities = self.judge.probabilities(x)
        return {"features": self.judge(x), "probabilities": probabilities, "labels": probabilities.argmax(1),
                "spectrum": spectral_energy(x)}

    def _compare(self, order: Tensor, fake: Mapping[str, Tensor]) -> dict[str, float]:
        real = _rows(self.seen, order[:self.half])
        within = class_diversity(real["features"], fake["features"], real["labels"], fake["labels"]).values()
        return precision_recall(real["features"], fake["features"]) | {
            "classes": float(covered_classes(real["labels"], fake["labels"])),
            "within classes": statistics.fmean(within),
            "confidence": float(fake["probabilities"].amax(1).mean()),
            "detail": high_frequency_share(fake["spectrum"])}


def _rows(seen: Mapping[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    return {view: whole[rows] for view, whole in seen.items()}


def _each(found: Sequence[Mapping[str, float]], middle: Callable[[list[float]], float]) -> dict[str, float]:
    return {name: middle([each[name] for each in found]) for name in found[0]}


@dataclass
class Course:
    """One training as it went."""

    numbers: list[dict[str, float]] = field(default_factory=list)        # raw, at every checkpoint
    parts: list[dict[str, float]] = field(default_factory=list)          # of diversity and clarity, at each
    gradients: list[float] = field(default_factory=list)                 # norms, while the discriminator goes on alone
    failed: str = ""
    seconds: float = 0.0

    @property
    def scores(self) -> list[float]:
        """Geometric mean of diversity and clarity at every checkpoint; 0 at those that it did not live to see."""
        found = [math.sqrt(math.prod(axes_of(parts).values())) for parts in self.parts]
        return found + [0.0] * (CHECKPOINTS - len(found))


def axes_of(parts: Mapping[str, float]) -> dict[str, float]:
    """The axes whose parts are all there: the mean of the three."""
    return {axis: statistics.fmean(parts[name] for name in names) for axis, names in AXES.items()
            if all(name in parts for name in names)}


def train(settings: Mapping[str, Any], seed: int, yardstick: Yardstick) -> Course:
    """Train one recipe, look at its samples at every checkpoint and in the end at the generator's gradient."""
    chosen = plan("recipe", "small", {**settings, "seed": seed})
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    course, started = Course(), time.process_time()
    try:
        for i in range(1, CHECKPOINTS + 1):
            trainer.fit(chosen.train.steps * i // CHECKPOINTS)
            with trainer.averaged() as model:
                course.numbers.append(yardstick.numbers(model.sample(yardstick.count, seed=seed)))
            course.parts.append(yardstick.parts(course.numbers[-1]))
        while len(course.gradients) <= STRETCHES:
            if course.gradients:
                train_alone(trainer)
            course.gradients.append(generator_gradient(trainer))
    except ZerosumError as error:             # a term or a sample that is not finite
        course.failed = str(error)
    course.seconds = time.process_time() - started
    return course


def train_alone(trainer: Trainer) -> None:
    """A stretch in which only the discriminator moves, as in Fig. 2 of Arjovsky and Bottou (1701.04862)."""
    for _ in range(ALONE):
        trainer.update("discriminator", trainer.model.discriminator_loss, trainer.batch(), second_order=True)


def generator_gradient(trainer: Trainer) -> float:
    """Median norm of the gradient of the generator's loss, which moves nothing; ZerosumError if it is not finite."""
    model = trainer.model
    weights, norms = list(model.generator.parameters()), []
    model.generator.requires_grad_(True)
    for _ in range(BATCHES):
        gradient = torch.autograd.grad(sum(model.generator_loss(trainer.batch()).values()), weights)
        norms.append(float(torch.cat([part.flatten() for part in gradient]).norm()))
    model.generator.requires_grad_(False)
    if not all(map(math.isfinite, norms)):
        raise ZerosumError("the generator's gradient is not finite")
    return statistics.median(norms)


def summary(courses: Mapping[int, Course]) -> dict[str, Any]:
    """The seeds of one loss: what each found, and the axes and their parts as medians over seeds."""
    alike, seeds = agreement([course.scores for course in courses.values()]), {}
    for seed, course in courses.items():
        norms, whole = course.gradients, len(course.parts) == CHECKPOINTS
        parts = course.parts[-1] if whole else dict.fromkeys((*AXES["diversity"], *AXES["clarity"]), 0.0)
        parts = {**parts, "kept": kept(course.scores), "agreement": alike,
                 "gradient": likeness(norms[1], norms[-1]) if len(norms) > STRETCHES else 0.0}
        seeds[str(seed)] = {
            "axes": axes_of(parts), "parts": parts, "scores": course.scores, "gradient norms": norms,
            "at the end": course.numbers[-1] if course.numbers else {}, "failed": course.failed,
            "cpu seconds": round(course.seconds, 1)}
    return {what: _each([seed[what] for seed in seeds.values()], statistics.median) for what in ("axes", "parts")} | {
        "seeds": seeds}


def compare(losses: Mapping[str, Mapping[str, str]], seeds: Sequence[int], settings: Mapping[str, Any],
            say: Callable[[str], None]) -> dict[str, Any]:
    """Train every loss with every seed; returns what the page and the figure show."""
    yardstick, found = Yardstick(settings["data"], settings["image_size"]), {}
    for name, loss in losses.items():
        courses = {}
        for seed in seeds:
            courses[seed] = train({**settings, **loss}, seed, yardstick)
            say(f"{name}, seed {seed}: {courses[seed].failed or f'score {courses[seed].scores[-1]:.2f}'}")
        found[name] = {"settings": dict(loss), **summary(courses)}
    return {"settings": dict(settings), "seeds": list(seeds), "checkpoints": CHECKPOINTS,
            "rounds alone": [ALONE, STRETCHES * ALONE], "samples": yardstick.half, "splits": SPLITS,
            "definitions": AXES, "damage": STRENGTH, "damaged": yardstick.damaged(), "real": yardstick.real,
            "losses": found, "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all of it (about ten CPU minutes), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.three_axes import draw

    return publish(folder, "losses", compare(LOSSES, SEEDS, SETTINGS, say), draw)

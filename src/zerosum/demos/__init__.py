"""Demonstrations: the theory made visible, each a figure or a film that code generates."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..core import unknown

Demo = Callable[..., list[Path]]             # of a folder and a voice (and a model): the files it wrote


@dataclass(frozen=True)
class Entry:
    """One demonstration, as `zerosum demo NAME` finds it."""

    what: str
    module: str
    of_any_model: bool = False               # takes `model`, a name or FILE.py, to show that one alone


DEMOS: dict[str, Entry] = {
    "metrics": Entry("What the metrics see: the smallest damage to real samples that each of them notices (minutes).",
                     "what_metrics_see"),
    "losses": Entry("Three axes: how stable each loss trains, how diverse and how clear its samples are (minutes).",
                    "three_axes"),
    "distances": Entry("Divergences: what each says of laws that do not touch, and in many dimensions (seconds).",
                       "distances"),
    "game": Entry("The game in one dimension: data, samples and the discriminator at four moments (half a minute).",
                  "game"),
    "optimal": Entry("The optimal discriminator: trained ones beside D* = p / (p + q) and C(G) (half a minute).",
                     "optimal"),
    "gradients": Entry("What a generator hears: its gradient while the discriminator gets better (a minute).",
                       "gradients"),
    "pull": Entry("The pull of least squares: samples that pass as real, but are far from the data (two minutes).",
                  "pull"),
    "pixels": Entry("Pixels are no judge: one wrong pixel, a longer stroke, and what L2 and two GANs say (minutes).",
                    "pixels"),
    "films": Entry("The games filmed: what D says, samples and what they feel, one film per objective (minutes).",
                   "films", of_any_model=True),
    "kl": Entry("Kullback-Leibler both ways: what a Gaussian fits, and what faults cost (seconds).", "kl"),
    "spiral": Entry("The bilinear game: steps that spiral, circle and converge (a second).", "spiral"),
    "optimizers": Entry("The optimizer race: eight optimizers in a valley and past a saddle (seconds).", "optimizers"),
    "clinic": Entry("The clinic: trainings made ill on purpose, and what the doctor says (a quarter of an hour).",
                    "clinic"),
    "order": Entry("The order of the game: who moves how often decides between modes and collapse (minutes).",
                   "game_order"),
    "ttur": Entry("Two time scales: a discriminator that learns faster, instead of more often (two minutes).",
                  "time_scales"),
    "factors": Entry("Factors: which system recovers which of those that shapes and digits are made of (12 minutes).",
                     "factors"),
}


def find_demo(name: str) -> Demo:
    """The demonstration of this name; an unknown one is a UsageError that names the nearest."""
    if name not in DEMOS:
        raise unknown("demonstration", name, DEMOS)
    return import_module(f".{DEMOS[name].module}", __name__).demo

"""Claim of ACGAN (1610.09585): the class asked for is the class made, for D, which was not told it, classifies."""

import torch
from torch import Tensor

from ..data import load_data
from ..metrics.features.judge import labels_of
from .cgan import spread_within
from .claim import Check, Claim, Side
from .digits import classes_of, coverage
from .panels import images_panel
from .trial import Trained, Trial

COUNT = 1_000


def unseen_accuracy(done: Trained) -> float:
    """How often D names the class of digits that were never seen."""
    test = load_data("digits", image_size=done.data.spec.height, split="test")
    with torch.no_grad():
        return float((done.model.classify(test.all()) == labels_of(test)).double().mean())


def made(trial: Trial, side: str, asked: Tensor) -> tuple[dict[str, float], Trained]:
    """Train a side, and let the judge look at what it makes of the classes asked for, (N,) in turn."""
    done = trial.train(side)
    x = done.model.sample(len(asked), seed=trial.seed, labels=asked)
    trial.panel(f"{side}, one class a row", images_panel(x[:100][asked[:100].argsort(stable=True)], 100))
    found = {"class as asked": float((classes_of(x) == asked).double().mean()), "classes": coverage(x),
             "D's class on unseen digits": unseen_accuracy(done), "spread within a class": spread_within(x, asked)}
    return {f"{name}, {side}": value for name, value in found.items()}, done


def measure(trial: Trial) -> dict[str, float]:
    asked = torch.arange(COUNT) % 10
    found, done = made(trial, "acgan", asked)
    without, _ = made(trial, "without classes", asked)
    real = spread_within(done.data.all(), labels_of(done.data))
    return found | without | {"spread within a class, half of the data's": real / 2}


CLAIM = Claim(
    statement="The generator makes the class that it is asked for, and the discriminator, which is given the image "
              "alone, has become a classifier.",
    baseline="the same networks and training without the classification loss, L_C",
    sides={"acgan": Side("acgan", "small"), "without classes": Side("acgan", "small", {"class_weight": 0.0})},
    checks=(
        Check("the judge sees the class that was asked for", "class as asked, acgan", "at least", 0.95,
              "catalogue CND-02"),
        Check("images of one class differ at least half as much as real ones", "spread within a class, acgan",
              "at least", "spread within a class, half of the data's",
              "catalogue, Sec. 0.3: fidelity never without diversity"),
        Check("D names the class of images that were never seen", "D's class on unseen digits, acgan", "at least", 0.93,
              "catalogue CND-02"),
        Check("without L_C the class is not the one asked for", "class as asked, without classes", "at most", 0.5,
              "ablation: 1610.09585, Eq. (3); 0.1 is chance"),
    ),
    measure=measure,
)

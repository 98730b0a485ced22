"""Claim of CGAN (1411.1784): the class that is asked for is the class that is made, since both players see it."""

import torch
from torch import Tensor

from ..core import Model
from ..data import load_data
from ..metrics.features.judge import labels_of
from .claim import Check, Claim, Side
from .digits import classes_of, coverage
from .panels import images_panel
from .trial import Trial

COUNT = 1_000


def prefers_the_right_label(model: Model, seed: int) -> float:
    """The share of real test digits that D scores higher under their label than under another, drawn at random."""
    test = load_data("digits", image_size=model.data.height, split="test")
    x, right = test.all(), labels_of(test)
    wrong = (right + torch.randint(1, 10, right.shape, generator=torch.Generator().manual_seed(seed))) % 10
    with torch.no_grad():
        return float((model.scores(x, right) > model.scores(x, wrong)).float().mean())


def spread_within(x: Tensor, labels: Tensor) -> float:
    """Standard deviation of the pixels among images of one class; the mean over pixels and classes."""
    return float(torch.stack([x[labels == label].flatten(1).std(0).mean() for label in range(10)]).mean())


def draws_per_picked(x: Tensor) -> float:
    """Samples to draw without labels until one of a given class is found, by the judge; the mean over the classes."""
    shares = torch.bincount(classes_of(x), minlength=10).double() / len(x)
    return float((1 / shares).mean())        # infinite, and so not measurable, where a class never comes


def measure(trial: Trial) -> dict[str, float]:
    done, plain = trial.train("cgan"), trial.train("gan")
    asked = torch.arange(COUNT) % 10
    x = done.model.sample(COUNT, seed=trial.seed, labels=asked)
    x_plain = plain.model.sample(COUNT, seed=trial.seed)
    right = float((classes_of(x) == asked).float().mean())
    by_class = asked[:100].argsort(stable=True)
    for title, images in (("cgan, one class a row", x[:100][by_class]), ("gan, unasked", x_plain)):
        trial.panel(title, images_panel(images, 100))
    return {"class as asked": right, "right label preferred": prefers_the_right_label(done.model, trial.seed),
            "spread within a class": spread_within(x, asked),
            "spread within a class, half of the data's": spread_within(done.data.all(), labels_of(done.data)) / 2,
            "draws per digit, cgan": 1 / right if right else float("inf"),
            "draws per digit, gan": draws_per_picked(x_plain),
            "times as many draws": draws_per_picked(x_plain) * right, "classes, gan": coverage(x_plain)}


CLAIM = Claim(
    statement="Given the class, the generator makes it, and the discriminator knows which class belongs to an image.",
    baseline="an unconditional GAN whose samples are picked by the judge",
    sides={"cgan": Side("cgan", "small"), "gan": Side("gan", "small")},
    checks=(
        Check("the judge sees the class that was asked for", "class as asked", "at least", 0.95, "catalogue CND-01"),
        Check("images of one class differ at least half as much as real ones", "spread within a class", "at least",
              "spread within a class, half of the data's", "catalogue, Sec. 0.3: fidelity never without diversity"),
        Check("D prefers the right label of a real digit", "right label preferred", "at least", 0.8,
              "catalogue CND-01; 1411.1784, Eq. (2)"),
        Check("picking from an unconditional GAN takes five times the samples", "times as many draws", "above", 5,
              "catalogue CND-01"),
    ),
    measure=measure,
)

"""Claim of projection GAN (1802.05637): an inner product of label and features tells D more than a joined label."""

import torch
from torch import Tensor

from ..core import Model
from ..data import load_data
from ..metrics.distribution.class_fid import class_fid
from ..metrics.features.judge import judge, labels_of
from .cgan import COUNT, prefers_the_right_label, spread_within
from .claim import Check, Claim, Side
from .digits import classes_of, judge_fid
from .panels import images_panel
from .trial import Trial

MORPHS = tuple((k, (k + 1) % 10) for k in range(10))     # from each class to the next, a row each
STAGES = 10


def intra_fid(x: Tensor, asked: Tensor) -> float:
    """Mean over classes of the FID of samples asked for against test digits of that class alone."""
    real, features = load_data("digits", image_size=x.shape[-1], split="test"), judge("digits")
    values = class_fid(features(real.all()), features(x), labels_of(real), asked)
    return sum(values.values()) / len(values)


@torch.no_grad()
def morphs(model: Model, seed: int) -> Tensor:
    """From the first class to the second of each pair at one z: (pairs * STAGES, *shape)."""
    z = model.noise(1, torch.Generator().manual_seed(seed)).expand(STAGES, -1)
    share, classes = torch.linspace(0, 1, STAGES)[:, None], torch.eye(10)
    return torch.cat([model.morph(z, (1 - share) * classes[a] + share * classes[b]) for a, b in MORPHS])


def made(trial: Trial, side: str) -> dict[str, float]:
    """Train a side, and let the judges look at what it makes of the classes asked for in turn."""
    done, asked = trial.train(side), torch.arange(COUNT) % 10
    x = done.model.sample(COUNT, seed=trial.seed, labels=asked)
    trial.panel(f"{side}, one class a row", images_panel(x[:100][asked[:100].argsort(stable=True)], 100))
    if side == "projection":
        trial.panel("from each class to the next, at one z", images_panel(morphs(done.model, trial.seed), 100))
    found = {"class as asked": float((classes_of(x) == asked).double().mean()),
             "spread within a class": spread_within(x, asked), "intra-class fid": intra_fid(x, asked),
             "fid": judge_fid(x, done.data), "right label preferred": prefers_the_right_label(done.model, trial.seed),
             "spread within a class, half of the data's": spread_within(done.data.all(), labels_of(done.data)) / 2}
    return {f"{name}, {side}": value for name, value in found.items()}


def measure(trial: Trial) -> dict[str, float]:
    return made(trial, "projection") | made(trial, "concatenation") | made(trial, "no label in D")


CLAIM = Claim(
    statement="With the label as an inner product the generator makes the class that it is asked for, and better than "
              "with a label joined to the input of the discriminator.",
    baseline="the same generator and discriminator, loss, optimiser, batch and steps with the label as further "
             "channels of D's input, as in CGAN",
    sides={"projection": Side("projection-gan", "small"),
           "concatenation": Side("projection-gan", "small", {"condition": "concat"}),
           "no label in D": Side("projection-gan", "small", {"condition": "none"})},
    checks=(
        Check("the judge sees the class that was asked for", "class as asked, projection", "at least", 0.95,
              "catalogue CND-01, as for CGAN"),
        Check("images of one class differ at least half as much as real ones", "spread within a class, projection",
              "at least", "spread within a class, half of the data's, projection",
              "catalogue, Sec. 0.3: fidelity never without diversity"),
        Check("D prefers the right label of a real digit", "right label preferred, projection", "at least", 0.8,
              "catalogue CND-01, as for CGAN"),
        Check("intra-class FID is lower than with a joined label", "intra-class fid, projection", "below",
              "intra-class fid, concatenation", "1802.05637, Table 1: so it is on ImageNet"),
        Check("the class is at least as often the one asked for", "class as asked, projection", "at least",
              "class as asked, concatenation", "1802.05637, Table 1"),
        Check("without the inner product the class is not the one asked for", "class as asked, no label in D",
              "at most", 0.5, "ablation; 0.1 is chance"),
    ),
    measure=measure,
)

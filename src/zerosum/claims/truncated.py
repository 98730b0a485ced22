"""What the claims of BigGAN and BigGAN-deep share: classes as asked, and fidelity against variety under truncation."""

import torch
from torch import Tensor

from ..core import Model
from ..data import load_data
from ..metrics.distribution.precision_recall import precision_recall
from ..metrics.features.judge import judge, labels_of
from ..ops import truncated_normal
from .cgan import spread_within
from .claim import Check
from .digits import classes_of, judge_fid
from .panels import images_panel
from .trial import Trial
from .wgan import rank_correlation

COUNT = 1_000
THRESHOLDS = (2.0, 1.0, 0.7, 0.5, 0.3, 0.1)


@torch.no_grad()
def truncated(model: Model, threshold: float, seed: int, count: int = COUNT) -> Tensor:
    """Samples of z under |z| <= threshold, the classes in turn; one seed gives the same ones with ever less noise."""
    z = truncated_normal(model.noise(count, torch.Generator().manual_seed(seed)), threshold)
    with model.settled(threshold):
        return model.eval().generate(z, torch.arange(count) % 10)


def sweep(model: Model, seed: int) -> dict[str, float | list[float]]:
    """Precision, recall and spread within a class at each threshold, and their rank correlations with it."""
    features, asked = judge("digits"), torch.arange(COUNT) % 10
    real = features(load_data("digits", image_size=model.data.height).all())
    found: dict[str, list[float]] = {"precision": [], "recall": [], "spread within a class": []}
    for threshold in THRESHOLDS:
        x = truncated(model, threshold, seed)
        shares = precision_recall(real, features(x))
        for name, value in (shares | {"spread within a class": spread_within(x, asked)}).items():
            if name in found:
                found[name].append(value)
    ranks = {f"rank correlation of {name} and threshold": rank_correlation(THRESHOLDS, values)
             for name, values in found.items()}
    return {f"{name} by threshold": values for name, values in found.items()} | ranks


def made(trial: Trial, side: str, panel: bool = True) -> dict[str, float | list[float]]:
    """Train a side, and let the judges look at what it makes of the classes asked for in turn, truncated and not."""
    done, asked = trial.train(side), torch.arange(COUNT) % 10
    x = done.model.sample(COUNT, seed=trial.seed, labels=asked)
    if panel:
        by_class = asked[:100].argsort(stable=True)
        for title, images in (("one class a row", x), ("|z| <= 0.5", truncated(done.model, 0.5, trial.seed, 100))):
            trial.panel(f"{side}, {title}", images_panel(images[:100][by_class], 100))
    found = {"class as asked": float((classes_of(x) == asked).double().mean()),
             "spread within a class": spread_within(x, asked), "fid": judge_fid(x, done.data),
             "spread within a class, half of the data's": spread_within(done.data.all(), labels_of(done.data)) / 2,
             "parameters of the generator": sum(p.numel() for p in done.model.generator.parameters()),
             "parameters of the discriminator": sum(p.numel() for p in done.model.discriminator.parameters()),
             **sweep(done.model, trial.seed)}
    return {f"{name}, {side}": value for name, value in found.items()}


def checks_of(side: str) -> tuple[Check, ...]:
    """What both claim of a side: classes, variety, and the trade of truncation."""
    return (
        Check("the judge sees the class that was asked for", f"class as asked, {side}", "at least", 0.9,
              "catalogue ARC-06"),
        Check("images of one class differ at least half as much as real ones", f"spread within a class, {side}",
              "at least", f"spread within a class, half of the data's, {side}",
              "catalogue, Sec. 0.3: fidelity never without diversity"),
        Check("the closer to 0 z must be, the higher is precision",
              f"rank correlation of precision and threshold, {side}", "at most", -0.9,
              "catalogue ARC-06; 1809.11096, Fig. 2 and 17"),
        Check("and the lower recall", f"rank correlation of recall and threshold, {side}", "at least", 0.9,
              "catalogue ARC-06"),
        Check("and the more alike are images of one class",
              f"rank correlation of spread within a class and threshold, {side}", "at least", 0.9, "catalogue ARC-06"),
    )

"""Which classes a judge sees among the fakes: collapse between classes, and how sure the judge is.

Ideal is as many classes as real samples show, a divergence of 0, and the confidence that the judge has in real ones.
The trap: the judge names a class for anything, noise included, and is blind to collapse within one.
A class is covered when its share among the fakes is at least a tenth of its share among the real samples.
"""

import math

import torch
from torch import Tensor

from ..metric import Context, Metric, Reading
from ..resampling import interval, subsets
from .inception_score import probabilities_of

SHARE = 0.1                                  # of a class's real share; a judge's own errors stay well below


def covered_classes(real: Tensor, fake: Tensor) -> int:
    """How many of the classes in labels real (N,) are covered by labels fake (M,), int64."""
    p, q = _shares(real, fake)
    return int(((q >= SHARE * p) & (p > 0)).sum())


def class_divergence(real: Tensor, fake: Tensor) -> float:
    """KL(fake || real) between the class histograms of labels (N,) and (M,), in nats; inf for a class never real."""
    p, q = _shares(real, fake)
    seen = q > 0
    return float((q[seen] * (q[seen] / p[seen]).log()).sum())


def _shares(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    names, numbers = torch.cat([real, fake]).unique(return_inverse=True)
    sides = numbers.split([len(real), len(fake)])
    return tuple(torch.bincount(x, minlength=len(names)).double() / len(x) for x in sides)


def _measure_classes(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    present = len(real.unique())
    divergence = class_divergence(real, fake)
    # Twice the KL of a sample to its own law is chi-squared with K - 1 degrees of freedom over N.
    chance = (present - 1) / 2 * (1 / len(real) + 1 / len(fake))
    bounds, method, warning = None, "", ""
    if math.isinf(divergence):
        strange = int((~torch.isin(fake, real)).sum())
        warning = f"{strange} of {len(fake)} fakes are of a class that no real sample has, which is infinitely far"
    else:
        halves = [class_divergence(real[i], fake[j]) for i, j in subsets(len(real), len(fake), 40, context.seed)]
        if all(map(math.isfinite, halves)):
            low, high = interval(divergence, halves)
            bounds, method = (max(0.0, low), high), "40 random halves"
    return {"classes": Reading(covered_classes(real, fake), "higher", present, settings={"share": SHARE}),
            "class-kl": Reading(divergence, "lower", 0.0, bounds, method, warning=warning,
                                details={"expected by chance": chance})}


def _measure_confidence(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    real, fake = probabilities_of(real), probabilities_of(fake)
    best = fake.amax(1)
    value, reach = float(best.mean()), 1.96 * float(best.std()) / math.sqrt(len(best))
    return {"confidence": Reading(value, "higher", float(real.amax(1).mean()),
                                  (max(0.0, value - reach), min(1.0, value + reach)), "normal")}


CLASSES = Metric.of_view("classes", "labels", ("classes", "class-kl"), _measure_classes, "1711.05914")
CONFIDENCE = Metric.of_view("confidence", "probabilities", ("confidence",), _measure_confidence, "1711.05914")

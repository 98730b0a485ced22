"""Diversity within classes: how far apart fakes of one class lie, as a share of how far apart real ones do.

The mean over classes of (mean distance of two fakes) / (mean distance of two reals). 1 is ideal, 0 is one image per
class. It is blind to classes that are missing altogether, which `classes` counts, and to how real the fakes are: noise
scores above 1. Classes are those that the judge sees, so that it can be asked of any generator; as plain arrays, labels
may be any.
"""

import torch
from torch import Tensor

from ...core import ZerosumError
from ..metric import Context, Metric, Reading, Seen
from ..resampling import interval
from .by_class import Pair, named
from .class_fid import grouped
from .distances import blocks, centred, squared_distances

LEAST, FEW = 4, 20                           # samples of a class: to be counted; to be counted without a warning


def mean_distance(x: Tensor) -> float:
    """Mean Euclidean distance of two different samples of x (N, D), N >= 2."""
    x, _ = centred(x, x)
    total = 0.0
    for rows in blocks(len(x)):
        for columns in blocks(len(x)):
            if columns.start < rows.start:   # symmetric: counted twice below
                continue
            distances = squared_distances(x[rows], x[columns]).sqrt_()
            if rows == columns:
                distances.fill_diagonal_(0)
            total += float(distances.sum(dtype=torch.float64)) * (1 if rows == columns else 2)
    return total / (len(x) * (len(x) - 1))


def class_diversity(real: Tensor, fake: Tensor, real_classes: Tensor, fake_classes: Tensor) -> dict[int, float]:
    """The ratio of each class of features (N, D), (M, D) with classes (N,), (M,).

    Classes with fewer than 4 samples on either side are left out. UsageError where none is left, ZerosumError where
    the real samples of each class are all alike.
    """
    return _values(real, fake, grouped(real_classes, fake_classes, LEAST).pairs)


def _values(real: Tensor, fake: Tensor, pairs: dict[int, Pair]) -> dict[int, float]:
    spread = {c: mean_distance(real[i]) for c, (i, _) in pairs.items()}
    if not any(spread.values()):
        raise ZerosumError("the real samples of each class are all alike: there is no diversity to compare with")
    return {c: mean_distance(fake[j]) / spread[c] for c, (_, j) in pairs.items() if spread[c]}


def _measure(real: Seen, fake: Seen, context: Context) -> dict[str, Reading]:
    groups = grouped(real.labels, fake.labels, LEAST)
    values = _values(real.features, fake.features, groups.pairs)
    value = sum(values.values()) / len(values)
    halves = [_values(real.features, fake.features, pairs) for pairs in groups.halves(20, context.seed)]
    low, high = interval(value, [sum(half.values()) / len(half) for half in halves])
    small = tuple(c for c, pair in groups.pairs.items() if min(map(len, pair)) < FEW)
    warnings = [groups.warning(LEAST), f"fewer than {FEW} samples in {named(small)}" if small else ""]
    return {"class-diversity": Reading(value, "nearer", 1.0, (max(0.0, low), high), "20 random halves of each class",
                                       {"distance": "Euclidean"}, "; ".join(filter(None, warnings)),
                                       {"per class": groups.by_name(values)})}


METRIC = Metric("class-diversity", ("features", "labels"), ("class-diversity",), _measure, "1711.05914")

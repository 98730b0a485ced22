"""Intra-class FID: the mean over classes of the FID between real and fake samples of that class alone.

Miyato and Koyama, 2018, arXiv:1802.05637, Sec. 4. 0 is ideal. Unlike FID it sees a conditional generator that draws the
wrong class, or one sample per class. Its trap: each class has few samples, and the bias of FID is that of the smallest.
`class-fid` takes the class that was asked for; `class-fid-judged`, for generators that are not asked, that which the
judge sees.
"""

from functools import partial

from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading, Seen
from ..resampling import interval
from .by_class import ByClass, Pair, named
from .fid import SMALL, fid

LEAST = 4                                    # samples of a class whose halves have a covariance


def class_fid(real: Tensor, fake: Tensor, real_classes: Tensor, fake_classes: Tensor) -> dict[int, float]:
    """FID of each class of features (N, D), (M, D) with classes (N,), (M,); their mean is the intra-class FID.

    Classes with fewer than 4 samples on either side are left out; UsageError where none is left.
    """
    return _values(real, fake, grouped(real_classes, fake_classes, LEAST).pairs)


def grouped(real: Tensor, fake: Tensor, least: int) -> ByClass:
    """The samples by class; UsageError unless some class has `least` real and fake ones."""
    groups = ByClass.of(real, fake, least)
    if not groups.pairs:
        raise UsageError(f"no class has {least} real and {least} fake samples: nothing can be compared within classes")
    return groups


def _values(real: Tensor, fake: Tensor, pairs: dict[int, Pair]) -> dict[int, float]:
    return {c: fid(real[i], fake[j]) for c, (i, j) in pairs.items()}


def _mean(values: dict[int, float]) -> float:
    return sum(values.values()) / len(values)


def _measure(real: Seen, fake: Seen, context: Context, view: str, name: str) -> dict[str, Reading]:
    groups = grouped(getattr(real, view), getattr(fake, view), LEAST)
    values, dim = _values(real.features, fake.features, groups.pairs), real.features.shape[1]
    value, count = _mean(values), 20 if dim <= SMALL else 4
    halves = [_mean(_values(real.features, fake.features, pairs)) for pairs in groups.halves(count, context.seed)]
    low, high = interval(value, halves)
    bias = max(0.0, sum(halves) / count - value)         # as in FID: halving the samples adds it once more
    small = tuple(c for c, pair in groups.pairs.items() if min(map(len, pair)) < 10 * dim)
    warnings = [groups.warning(LEAST)]
    if small:
        warnings.append(f"few samples for {dim} features in {named(small)}: about {min(bias, max(0.0, value)):.3g} of "
                        "this value would vanish with more")
    settings = {"classes by": view, "classes": sorted(values), "covariance": "N - 1"}
    return {name: Reading(value, "lower", 0.0, (max(0.0, low), high), f"{count} random halves of each class", settings,
                          "; ".join(filter(None, warnings)), {"bias": bias, "per class": groups.by_name(values)})}


METRIC = Metric("class-fid", ("features", "targets"), ("class-fid",),
                partial(_measure, view="targets", name="class-fid"), "1802.05637")
JUDGED = Metric("class-fid-judged", ("features", "labels"), ("class-fid-judged",),
                partial(_measure, view="labels", name="class-fid-judged"), "1802.05637")

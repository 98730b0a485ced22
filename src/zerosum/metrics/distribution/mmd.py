"""Squared maximum mean discrepancy between two sets of features (Gretton et al., 2012, JMLR 13), with an RBF kernel.

    MMD^2 = E k(x, x') - 2 E k(x, y) + E k(y, y')

KID is the same with another kernel. The kernel's width is the root mean squared distance between real samples. 0 is
ideal; the unbiased estimate may fall below it. How large is large depends on kernel and width: `mmd-p`, the p-value of
a permutation test, says whether the sets can be told apart at all; with enough samples any two can.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading
from ..resampling import interval, subset_scale, subsets
from .distances import WIDE, blocks, centred, squared_distances
from .permutation import permutation_p

Kernel = Callable[[Tensor, Tensor], Tensor]
Estimator = Literal["unbiased", "biased", "u-statistic"]

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)          # widths of the mixture, in mean distances
TESTED, PERMUTATIONS = 1000, 999             # samples of each set, labellings; one more is the sets' own


def rbf(width: float) -> Kernel:
    """exp(-|x - y|^2 / (2 width^2))."""
    return lambda x, y: squared_distances(x, y).mul_(-0.5 / width ** 2).exp_()


def rbf_mixture(widths: Sequence[float]) -> Kernel:
    """Sum over the widths of exp(-|x - y|^2 / (2 width^2)): sees structure of every scale (Li et al., 2015, Sec. 2.1).

    arXiv:1502.02761 sums the widths 2, 5, 10, 20, 40 and 80.
    """
    def mixture(x: Tensor, y: Tensor) -> Tensor:
        squared = squared_distances(x, y)
        total = torch.zeros_like(squared)
        for width in widths:
            total += torch.exp(squared * (-0.5 / width ** 2))
        return total

    return mixture


def rms_distance(x: Tensor) -> float:
    """The root mean squared distance between samples x (N, D); 1 where they are all alike, and any width will do."""
    return float((2 * x.var(0, correction=0).sum()).sqrt()) or 1.0       # E|x - x'|^2 = 2 Tr C


def mmd2(real: Tensor, fake: Tensor, kernel: Kernel, estimator: Estimator = "unbiased") -> float:
    """Squared MMD of features (N, D) and (M, D) over all pairs, in blocks; float64 sums.

    "unbiased" leaves out k(x, x), "biased" keeps it, "u-statistic" also leaves out k(x_i, y_i) and needs N = M, else
    UsageError.
    """
    if estimator == "u-statistic" and len(real) != len(fake):
        raise UsageError(f"the u-statistic pairs samples: as many of either, not {len(real)} and {len(fake)}")
    dtype = torch.float32 if real.shape[1] > WIDE else torch.float64
    sums = KernelSums.of(real.to(dtype), fake.to(dtype), kernel)
    return sums.mmd2(len(real), len(fake), estimator)


def mmd(real: Tensor, fake: Tensor, kernel: Kernel) -> float:
    """The root of the biased estimate, which is never below 0: the distance itself (Gretton et al., Eq. (5))."""
    return math.sqrt(max(0.0, mmd2(real, fake, kernel, "biased")))


@dataclass
class KernelSums:
    """Sums of k over pairs of different samples; `_self` are those of a sample with itself, or its namesake."""

    real: float = 0.0
    real_self: float = 0.0
    fake: float = 0.0
    fake_self: float = 0.0
    cross: float = 0.0                       # over all pairs
    cross_self: float = 0.0

    def mmd2(self, n: int, m: int, estimator: Estimator) -> float:
        """The squared MMD of n real and m fake samples with these sums."""
        if estimator == "biased":
            own = (self.real + self.real_self) / n ** 2 + (self.fake + self.fake_self) / m ** 2
            return own - 2 * self.cross / (n * m)
        within = self.real / (n * (n - 1)) + self.fake / (m * (m - 1))
        if estimator == "unbiased":
            return within - 2 * self.cross / (n * m)
        return within - 2 * (self.cross - self.cross_self) / (n * (n - 1))

    @classmethod
    def of(cls, real: Tensor, fake: Tensor, kernel: Kernel) -> "KernelSums":
        sums = cls()
        sums.real, sums.real_self = _within(real, kernel)
        sums.fake, sums.fake_self = _within(fake, kernel)
        for rows in blocks(len(real)):
            for columns in blocks(len(fake)):
                values = kernel(real[rows], fake[columns])
                sums.cross += float(values.sum(dtype=torch.float64))
                if rows.start == columns.start:
                    sums.cross_self += float(values.diagonal().sum(dtype=torch.float64))
        return sums


def _within(x: Tensor, kernel: Kernel) -> tuple[float, float]:
    between = own = 0.0
    for rows in blocks(len(x)):
        for columns in blocks(len(x)):
            if columns.start < rows.start:   # symmetric: counted twice below
                continue
            values = kernel(x[rows], x[columns])
            if rows == columns:
                trace = float(values.diagonal().sum(dtype=torch.float64))
                own += trace
                between += float(values.sum(dtype=torch.float64)) - trace
            else:
                between += 2 * float(values.sum(dtype=torch.float64))
    return between, own


def subset_estimates(real: Tensor, fake: Tensor, kernel: Kernel, draws) -> list[float]:
    """Unbiased MMD^2 of each pair of index sets in `draws`."""
    return [mmd2(real[i], fake[j], kernel) for i, j in draws]


def reading(real: Tensor, fake: Tensor, kernel: Kernel, context: Context, settings: dict) -> Reading:
    """The exact unbiased MMD^2 of all pairs, with an interval from twenty subsets of at most a thousand."""
    value, n = mmd2(real, fake, kernel), min(len(real), len(fake))
    settings = settings | {"estimator": "unbiased, all pairs", "value is": "MMD squared"}
    size = min(n // 2, 1000)
    if size < 2:
        return Reading(value, "lower", 0.0, settings=settings, warning=f"{n} samples say nothing")
    estimates = subset_estimates(real, fake, kernel, subsets(len(real), len(fake), 20, context.seed, size))
    low, high = interval(value, estimates, subset_scale(n, size))
    warning = "the interval holds 0: so many samples cannot tell these sets apart" if low <= 0 <= high else ""
    return Reading(value, "lower", 0.0, (low, high), f"20 subsets of {size}", settings, warning)


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    real, fake = centred(real, fake)
    width = rms_distance(real)
    return {"mmd": reading(real, fake, rbf(width), context, {"kernel": "rbf", "width": width}),
            "mmd-p": _verdict(real, fake, context.seed)}


def _verdict(real: Tensor, fake: Tensor, seed: int) -> Reading:
    """Whether so many samples can be told from real ones: at 5 %, by a permutation test."""
    n, m = min(len(real), TESTED), min(len(fake), TESTED)
    i, j = next(subsets(len(real), len(fake), 1, seed, TESTED))
    # The width is that of both sets: one that knew which are real would make real labels special.
    width = rms_distance(torch.cat([real[i], fake[j]]))
    p = permutation_p(real[i], fake[j], rbf(width), PERMUTATIONS, seed)
    warning = f"{n} real and {m} fake samples cannot be told apart at 5 %" if p > 0.05 else ""
    return Reading(p, "higher", method=f"{PERMUTATIONS} permutations", warning=warning,
                   settings={"kernel": "rbf", "width": "of both sets", "tested": [n, m], "permutations": PERMUTATIONS},
                   details={"width": width})


def _measure_scales(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    real, fake = centred(real, fake)
    widths = [scale * rms_distance(real) for scale in SCALES]
    settings = {"kernel": "sum of rbf", "widths": widths}
    return {"mmd-multi-scale": reading(real, fake, rbf_mixture(widths), context, settings)}


def _measure_estimators(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    n = min(len(real), len(fake))            # the u-statistic pairs them
    i, j = next(subsets(len(real), len(fake), 1, context.seed, n))
    real, fake = centred(real[i], fake[j])
    width = rms_distance(real)
    sums = KernelSums.of(real, fake, rbf(width))
    settings = {"kernel": "rbf", "width": width, "n_each": n}
    biased = sums.mmd2(n, n, "biased")
    # Of samples of one law the biased estimate has this mean: what the pairs of a sample and itself bring in.
    chance = (sums.real_self + sums.fake_self - (sums.real + sums.fake) / max(1, n - 1)) / n ** 2
    squared = settings | {"value is": "MMD squared"}
    return {"mmd-u-statistic": Reading(sums.mmd2(n, n, "u-statistic"), "lower", 0.0, settings=squared),
            "mmd-biased": Reading(biased, "lower", 0.0, settings=squared, details={"expected by chance": chance}),
            "mmd-root": Reading(math.sqrt(max(0.0, biased)), "lower", 0.0,
                                settings=settings | {"value is": "MMD, of the biased estimate"})}


METRIC = Metric.of_view("mmd", "features", ("mmd", "mmd-p"), _measure, "1806.07755")
MULTI_SCALE = Metric.of_view("mmd-multi-scale", "features", ("mmd-multi-scale",), _measure_scales, "1502.02761")
ESTIMATORS = Metric.of_view("mmd-estimators", "features", ("mmd-u-statistic", "mmd-biased", "mmd-root"),
                            _measure_estimators, "1806.07755")

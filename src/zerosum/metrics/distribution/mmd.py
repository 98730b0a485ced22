"""Squared maximum mean discrepancy between two sets of features (Gretton et al., 2012, JMLR 13), with an RBF kernel.

    MMD^2 = E k(x, x') - 2 E k(x, y) + E k(y, y')

KID is the same with another kernel. The kernel's width is the root mean squared distance between real samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..metric import Context, Metric, Reading
from ..resampling import interval, subset_scale, subsets
from .distances import WIDE, blocks, centred, squared_distances

Kernel = Callable[[Tensor, Tensor], Tensor]
Estimator = Literal["unbiased", "biased", "u-statistic"]


def rbf(width: float) -> Kernel:
    """exp(-|x - y|^2 / (2 width^2))."""
    return lambda x, y: squared_distances(x, y).mul_(-0.5 / width ** 2).exp_()


def mmd2(real: Tensor, fake: Tensor, kernel: Kernel, estimator: Estimator = "unbiased") -> float:
    """Squared MMD of features (N, D) and (M, D) over all pairs, in blocks; float64 sums.

    "unbiased" leaves out k(x, x), "biased" keeps it, "u-statistic" also leaves out k(x_i, y_i) and needs N = M.
    """
    dtype = torch.float32 if real.shape[1] > WIDE else torch.float64
    real, fake = real.to(dtype), fake.to(dtype)
    sums = KernelSums.of(real, fake, kernel)
    n, m = len(real), len(fake)
    if estimator == "biased":
        return (sums.real + sums.real_self) / n ** 2 + (sums.fake + sums.fake_self) / m ** 2 - 2 * sums.cross / (n * m)
    within = sums.real / (n * (n - 1)) + sums.fake / (m * (m - 1))
    if estimator == "unbiased":
        return within - 2 * sums.cross / (n * m)
    return within - 2 * (sums.cross - sums.cross_self) / (n * (n - 1))


@dataclass
class KernelSums:
    """Sums of k over pairs of different samples; `_self` are those of a sample with itself, or its namesake."""

    real: float = 0.0
    real_self: float = 0.0
    fake: float = 0.0
    fake_self: float = 0.0
    cross: float = 0.0                       # over all pairs
    cross_self: float = 0.0

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
    # E|x - x'|^2 = 2 Tr C; data of one single point has no width, and any will do.
    width = float((2 * real.var(0).sum()).sqrt()) or 1.0
    return {"mmd": reading(real, fake, rbf(width), context, {"kernel": "rbf", "width": width})}


METRIC = Metric.of_view("mmd", "features", ("mmd",), _measure, "1806.07755")

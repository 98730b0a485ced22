"""Kernel Inception distance: squared MMD with a cubic kernel (Binkowski et al., 2018, arXiv:1801.01401).

    k(x, y) = (x.y / D + 1)^3                                                                    Sec. 4

The value is the unbiased estimate over all pairs; the published protocol, a mean over random subsets, has the same
expectation and more noise, and is `subset_estimates`.
"""

from torch import Tensor

from ..metric import Context, Metric, Reading
from .distances import products
from .mmd import Estimator, mmd2, reading


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / D + 1)^3 for x (N, D), y (M, D): (N, M)."""
    return products(x, y).div_(x.shape[1]).add_(1).pow_(3)


def kid(real: Tensor, fake: Tensor, estimator: Estimator = "unbiased") -> float:
    """The kernel Inception distance of features (N, D) and (M, D) over all pairs; unbiased, so it may be below 0."""
    return mmd2(real, fake, cubic, estimator)


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    return {"kid": reading(real, fake, cubic, context, {"kernel": "(x.y / D + 1)^3"})}


METRIC = Metric.of_view("kid", "features", ("kid",), _measure, "1801.01401")

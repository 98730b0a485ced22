"""Kernel inception distance: squared MMD with a cubic kernel (Binkowski et al., 2018, arXiv:1801.01401).

    k(x, y) = (x.y / D + 1)^3                                                                    Sec. 4

0 is ideal, and the estimate may fall below it; unlike FID's it is the same on average for any number of samples. Its
trap: it depends on the scale of the features, and sees no copying.
The value is the unbiased estimate over all pairs. The published implementations take the mean over random subsets,
which has the same expectation and more noise: `kid_of_subsets`, used under their protocols.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..metric import Context, Metric, Reading
from ..resampling import interval, subset_scale
from .distances import products
from .mmd import Estimator, mmd2, reading

KERNEL = {"kernel": "(x.y / D + 1)^3"}


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """(x.y / D + 1)^3 for x (N, D), y (M, D): (N, M)."""
    return products(x, y).div_(x.shape[1]).add_(1).pow_(3)


def kid(real: Tensor, fake: Tensor, estimator: Estimator = "unbiased") -> float:
    """The kernel inception distance of features (N, D) and (M, D) over all pairs; unbiased, so it may be below 0."""
    return mmd2(real, fake, cubic, estimator)


def kid_of_subsets(real: Tensor, fake: Tensor, *, subsets: int = 100, size: int = 1000,
                   first: Literal["real", "fake"] = "fake", seed: int = 0) -> list[float]:
    """The unbiased estimate on each of so many random subsets of features (N, D) and (M, D): its mean is KID.

    Drawn by NumPy's legacy generator of this seed, as the published codes do; `first`: the set that is drawn from
    first. No subset is larger than the smaller set.
    """
    rng, size = np.random.RandomState(seed % 2**32), min(size, len(real), len(fake))
    estimates = []
    for _ in range(subsets):
        drawn = {}
        for side in ("real", "fake") if first == "real" else ("fake", "real"):
            x = real if side == "real" else fake
            drawn[side] = x[torch.from_numpy(rng.choice(len(x), size, replace=False))]
        estimates.append(kid(drawn["real"], drawn["fake"]))
    return estimates


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    protocol, n = context.protocol, min(len(real), len(fake))
    if not protocol.kid_subsets:
        return {"kid": reading(real, fake, cubic, context, KERNEL)}
    size = min(protocol.kid_subset_size, n)
    estimates = kid_of_subsets(real, fake, subsets=protocol.kid_subsets, size=size,
                               first=protocol.kid_drawn_first, seed=context.seed)
    value = sum(estimates) / len(estimates)
    settings = KERNEL | {"estimator": f"mean of {len(estimates)} subsets of {size}", "value is": "MMD squared"}
    details = {"std of subsets": float(np.std(estimates))}
    if size == n:
        return {"kid": Reading(value, "lower", 0.0, settings=settings, details=details,
                               warning=f"with {n} samples all subsets are the same: there is no interval")}
    bounds = interval(value, estimates, subset_scale(n, size))
    return {"kid": Reading(value, "lower", 0.0, bounds, settings["estimator"], settings,
                           details=details)}


METRIC = Metric.of_view("kid", "features", ("kid",), _measure, "1801.01401")

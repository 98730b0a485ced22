"""FID as it would be with infinitely many samples, extrapolated (Chong and Forsyth, 2020, arXiv:1911.07023).

    FID_N = FID_inf + c / N + ...                                                                Sec. 3.1

A line is fitted to FID against 1 / N over random parts of both sets; the value is where it ends. 0 is ideal, and it may
fall below; it compares models of which different numbers were drawn. Its trap: it takes away the bias, not the noise,
and with fewer than about two samples per feature the line is none.
"""

import numpy as np
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading
from ..resampling import interval, subsets
from .fid import SMALL, fid

SMALLEST = 0.1                               # part of the samples: the paper goes from 5000 to 50 000
LEAST = 8                                    # samples: a quarter of fewer, which the interval takes, has no covariance


def fid_infinity(real: Tensor, fake: Tensor, points: int = 15, repeats: int = 4, seed: int = 0) -> float:
    """The intercept of FID over 1 / N for features (N, D) and (M, D), both of which shrink in proportion.

    `points` parts, equally spaced in size, each drawn `repeats` times; UsageError for fewer than 8 samples of either,
    or fewer than two points.
    """
    n, m = len(real), len(fake)
    if min(n, m) < LEAST or points < 2:
        raise UsageError(f"extrapolating FID needs at least {LEAST} samples of either and 2 points, not {n}, {m} and "
                         f"{points}")
    # Below two samples per feature the bias is no longer linear; a line needs some room in any case.
    smallest = min(0.5, max(SMALLEST, 2 * real.shape[1] / min(n, m)))
    inverse, values = [1.0], [fid(real, fake)]
    for number, share in enumerate(np.linspace(smallest, 1, points)[:-1]):
        size = max(2, round(share * min(n, m)))
        counts = [max(2, round(size * len(side) / min(n, m))) for side in (real, fake)]
        draws = subsets(n, m, repeats, seed * points + number, max(counts))
        found = [fid(real[i[:counts[0]]], fake[j[:counts[1]]]) for i, j in draws]
        inverse.append(min(n, m) / size)
        values.append(float(np.mean(found)))
    return float(np.polyfit(inverse, values, 1)[1])


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    n, m, dim = len(real), len(fake), real.shape[1]
    points, repeats, count = (15, 4, 12) if dim <= SMALL else (5, 1, 4)
    value = fid_infinity(real, fake, points, repeats, context.seed)
    settings = {"points": points, "repeats": repeats}
    details = {"finite": fid(real, fake)}
    if min(n, m) < 2 * LEAST:
        return {"fid-infinity": Reading(value, "lower", 0.0, settings=settings, details=details,
                                        warning=f"{min(n, m)} samples say nothing")}
    halves = [fid_infinity(real[i], fake[j], points // 2, 1, context.seed)
              for i, j in subsets(n, m, count, context.seed)]
    warning = (f"{min(n, m)} samples for {dim} features are too few for a line: the value is a guess"
               if min(n, m) < 4 * dim else "")
    return {"fid-infinity": Reading(value, "lower", 0.0, interval(value, halves), f"{count} random halves", settings,
                                    warning, details)}


METRIC = Metric.of_view("fid-infinity", "features", ("fid-infinity",), _measure, "1911.07023")

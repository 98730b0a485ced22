"""Discriminator rejection sampling: Azadi et al. (2018), arXiv:1810.06758."""

import torch
from torch import Tensor

from ..core import Model, UsageError
from .calibration import UNCALIBRATED, LogRatio
from .passes import CHUNK
from .proposals import Proposals
from .selection import Selected

PATIENCE = 100_000                           # samples in a row that are rejected, and no more


def reject(model: Model, n: int, *, log_ratio: LogRatio = UNCALIBRATED, percentile: float | None = None,
           trial: int = 10_000, seed: int = 0, labels: Tensor | None = None) -> Selected:
    """Keep each sample with the probability r(x) / max r, where r = p_data / p_G as the discriminator sees it.

    sigmoid(F - gamma), F = d - log(1 - e^(d - eps)), d = log r - max log r (Alg. 1). With gamma = 0 that is e^d, and
    samples follow p_data as far as log r is right; with gamma the given percentile of F, 80 in the paper's experiments,
    what lies there is kept every other time, and samples follow p_data less. The maximum is that of `trial` samples,
    raised when more is seen. labels: (m,) int64, drawn in turn. Raises UsageError for a model that cannot draw and
    judge, or where 100,000 samples in a row are rejected.
    """
    proposals = Proposals(model, labels, seed)
    d = log_ratio(torch.cat([_next(proposals)[1] for _ in range(-(-trial // CHUNK))]))
    highest = d.max()
    gamma = 0.0 if percentile is None else float(_odds(d - highest).quantile(percentile / 100))
    kept, count, last = [], 0, proposals.drawn
    while count < n:
        x, scores = _next(proposals)
        d = log_ratio(scores)
        highest = torch.maximum(highest, d.max())
        take = proposals.chance(len(x)) < torch.sigmoid(_odds(d - highest) - gamma)
        kept.append((x[take], scores[take]))
        count, last = count + int(take.sum()), proposals.drawn if take.any() else last
        if proposals.drawn - last >= PATIENCE:
            raise UsageError(f"{PATIENCE:,} samples in a row were rejected: the discriminator finds hardly any as good "
                             "as the best; select by mh, or the best")
    x, scores = (torch.cat(parts)[:n] for parts in zip(*kept, strict=True))
    return Selected(x, scores, proposals.drawn)


def _next(proposals: Proposals) -> tuple[Tensor, Tensor]:
    return proposals.draw(torch.arange(proposals.drawn, proposals.drawn + CHUNK))


def _odds(d: Tensor) -> Tensor:
    """F, for d <= 0: sigmoid(F) = e^d where eps = 0."""
    d = d.double()
    return d - torch.log(-torch.expm1(d - 1e-8))

"""Metropolis-Hastings GAN: Turner et al. (2018), arXiv:1811.11357."""

import torch
from torch import Tensor

from ..core import Model, UsageError
from .calibration import UNCALIBRATED, LogRatio
from .passes import scored
from .proposals import Proposals
from .selection import Selected


def metropolis_hastings(model: Model, n: int, *, steps: int = 200, start: Tensor | None = None,
                        log_ratio: LogRatio = UNCALIBRATED, seed: int = 0, labels: Tensor | None = None) -> Selected:
    """End points of n independent chains of `steps` proposals each, which follow p_data as far as log r is right.

    A proposal x' is a fresh sample; it is taken with the probability min(1, r(x') / r(x)), where r = 1 / (1/D - 1) is
    p_data / p_G (Alg. 1). Chains begin at real samples `start` (m, *shape), where there is no burn-in; one that never
    leaves its real sample begins anew at a generated one, as all do without `start`. labels: (n,) int64, one each.
    Raises UsageError for a model that cannot draw and judge, or no step.
    """
    proposals = Proposals(model, labels, seed)
    if steps < 1:
        raise UsageError(f"a chain needs at least one step, not {steps}")
    every = torch.arange(n, device=model.device)
    x, scores = proposals.draw(every)
    stuck = every
    if start is not None:
        real = scored(model, start.to(model.device)[every % len(start)], proposals.labels_of(every))
        ends, end_scores, moved = _chains(proposals, every, x, real, log_ratio, steps=steps)
        x[moved], scores[moved], stuck = ends[moved], end_scores[moved], every[~moved]
    if len(stuck):
        x[stuck], scores[stuck], _ = _chains(proposals, stuck, x[stuck], scores[stuck], log_ratio, steps=steps)
    return Selected(x, scores, proposals.drawn)


def _chains(proposals: Proposals, which: Tensor, x: Tensor, scores: Tensor, log_ratio: LogRatio, *,
            steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where the chains of these numbers are after so many steps from x with these scores, and which have moved."""
    x, scores, moved = x.clone(), scores.clone(), torch.zeros_like(which, dtype=torch.bool)
    for _ in range(steps):
        proposed, their_scores = proposals.draw(which)
        take = proposals.chance(len(which)).log() < log_ratio(their_scores) - log_ratio(scores)
        x[take], scores[take] = proposed[take], their_scores[take]
        moved |= take
    return x, scores, moved

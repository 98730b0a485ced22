"""How far two known laws, or two sets of samples, are apart: f-divergences and integral probability metrics by name."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..core import UsageError, unknown
from ..losses import mmd
from ..metrics.distribution.wasserstein import wasserstein

WIDTHS = (1.0, 2.0, 4.0, 8.0, 16.0)          # of the kernels in MMD: 1705.08584


def kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(P || Q) = sum p log(p / q); infinite where Q lacks what P has."""
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum()


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """Half the KL of either to their mixture; log 2 where supports are disjoint."""
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


def chi_squared(p: Tensor, q: Tensor) -> Tensor:
    """Pearson's: sum (p - q)^2 / q; infinite where Q lacks what P has."""
    there = (p + q) > 0
    return ((p - q).square()[there] / q[there]).sum()


def fisher(p: Tensor, q: Tensor) -> Tensor:
    """The Fisher IPM over all functions: root of sum (p - q)^2 / ((p + q) / 2) (1705.09675, Thm. 1); at most 2."""
    return chi_squared(p, (p + q) / 2).mul(4).sqrt()


def linear_fisher(x: Tensor, y: Tensor) -> Tensor:
    """The Fisher IPM over linear functions of samples about their common mean (1705.09675, Sec. 2); at most 2.

    |S^(-1/2) (E x - E y)| with S the mean of both second moments; a direction that no sample takes counts for nothing.
    """
    middle = (x.mean(0) + y.mean(0)) / 2
    x, y = x - middle, y - middle
    second = (x.T @ x / len(x) + y.T @ y / len(y)) / 2
    difference = x.mean(0) - y.mean(0)
    return (difference @ torch.linalg.pinv(second, hermitian=True) @ difference).sqrt()


Distance = Callable[[Tensor, Tensor], Tensor | float]

OF_PROBABILITIES: dict[str, Distance] = {
    "kl": kl,
    "reverse-kl": lambda p, q: kl(q, p),
    "jensen-shannon": jensen_shannon,
    "chi-squared": chi_squared,
    "hellinger": lambda p, q: (p.sqrt() - q.sqrt()).square().sum() / 2,          # squared, in [0, 1]
    "total-variation": lambda p, q: (p - q).abs().sum() / 2,
    "fisher": fisher,
}
OF_SAMPLES: dict[str, Distance] = {
    "wasserstein": wasserstein,
    "mmd": lambda x, y: mmd(x, y, WIDTHS),
    "fisher": linear_fisher,
}


def divergence(p: Tensor, q: Tensor, kind: str) -> float:
    """How far P is from Q: both as probabilities of the same cells (K,), or as samples (N, D) and (M, D); in float64.

    kl, reverse-kl, jensen-shannon, chi-squared, hellinger (squared) and total-variation need probabilities, wasserstein
    (N = M unless D = 1) and mmd need samples; fisher takes either: over all functions of cells, over linear ones of
    samples. Raises UsageError for an unknown kind, and for one that needs the other form.
    """
    known = OF_PROBABILITIES if p.dim() == 1 else OF_SAMPLES
    if kind not in known:
        if kind in OF_PROBABILITIES.keys() | OF_SAMPLES.keys():
            raise UsageError(f"{kind} needs {'samples (N, D)' if p.dim() == 1 else 'probabilities (K,)'}")
        raise unknown("divergence", kind, OF_PROBABILITIES.keys() | OF_SAMPLES.keys())
    return float(known[kind](p.double(), q.double()))

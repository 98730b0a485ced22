"""Mutual information of discrete variables, and of numbers cut into bins: exact sums over counts.

    I(a; b) = H(a) + H(b) - H(a, b),   H(a) = -sum p log p,   in nats
"""

import torch
from torch import Tensor

from .coded import Coded

BINS = 20                                    # of equal width from the least value to the largest (1811.12359)


def binned(codes: Coded, bins: int = BINS) -> Tensor:
    """Every part as a whole number, (N, P) int64: the value of a categorical code, the bin of a number."""
    return torch.stack([part.argmax(1) if part.shape[1] > 1 else _bin(part[:, 0].double(), bins)
                        for part in codes.parts], 1)


def _bin(x: Tensor, bins: int) -> Tensor:
    low, high = x.min(), x.max()
    return ((x - low) / (high - low).clamp_min(1e-300) * bins).long().clamp_max(bins - 1)


def shares(a: Tensor, b: Tensor) -> Tensor:
    """The share of samples with each pair of values of a and b, both (N,) int64: (A, B) float64, which sum to 1."""
    sizes = int(a.max()) + 1, int(b.max()) + 1
    return torch.bincount(a * sizes[1] + b, minlength=sizes[0] * sizes[1]).view(sizes).double() / len(a)


def entropy(p: Tensor) -> float:
    """-sum p log p of shares of any shape that sum to 1, in nats."""
    return max(0.0, -float(torch.special.xlogy(p, p).sum()))


def mutual_information(a: Tensor, b: Tensor) -> float:
    """I(a; b) of values (N,) int64, in nats."""
    both = shares(a, b)
    return max(0.0, entropy(both.sum(0)) + entropy(both.sum(1)) - entropy(both))


def purity(codes: Tensor, classes: Tensor) -> float:
    """The share of samples whose class is the most frequent one of their code, both (N,) int64."""
    return float(shares(codes, classes).amax(1).sum())


def normalised_information(codes: Tensor, classes: Tensor) -> float:
    """2 I(code; class) / (H(code) + H(class)), in [0, 1], of values (N,) int64; 0 where neither varies."""
    both = shares(codes, classes)
    apart = entropy(both.sum(0)) + entropy(both.sum(1))
    return 2 * mutual_information(codes, classes) / apart if apart else 0.0


def recovered(codes: Coded, bins: int = BINS) -> Tensor:
    """I(part; factor) / H(factor), (P, F) float64 in [0, 1]: how much of each factor each part knows.

    Of a factor that does not vary, nothing can be known: 0.
    """
    whole = binned(codes, bins)
    columns = []
    for factor in codes.factors.unbind(1):
        known = torch.tensor([mutual_information(part, factor) for part in whole.unbind(1)], dtype=torch.float64)
        whole_of_it = entropy(torch.bincount(factor).double() / len(factor))
        columns.append(known / whole_of_it if whole_of_it else torch.zeros_like(known))
    return torch.stack(columns, 1)

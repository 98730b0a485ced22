"""What claims on codes share: how far a code, found without labels, is the class of a digit, and pictures of it."""

import torch
from torch import Tensor

from ..core import Model
from .digits import classes_of

COUNT = 2_000


def joint(codes: Tensor, classes: Tensor) -> Tensor:
    """Shares of samples by code and class, both (N,) int64: (K, 10) float64, which sum to 1."""
    counts = torch.zeros(int(codes.max()) + 1, 10, dtype=torch.float64)
    return counts.index_put((codes, classes), torch.ones(len(codes), dtype=torch.float64), accumulate=True) / len(codes)


def purity(codes: Tensor, classes: Tensor) -> float:
    """The share of samples whose class is the most frequent one of their code."""
    return float(joint(codes, classes).amax(1).sum())


def entropy(shares: Tensor) -> float:
    """-sum p log p of shares that sum to 1, in nats."""
    return -float(torch.special.xlogy(shares, shares).sum())


def normalised_information(codes: Tensor, classes: Tensor) -> float:
    """2 I(code; class) / (H(code) + H(class)), in [0, 1]; 0 where there is one code only."""
    shares = joint(codes, classes)
    apart = entropy(shares.sum(0)) + entropy(shares.sum(1))
    return 2 * (apart - entropy(shares)) / apart if apart else 0.0


def named_classes(codes: Tensor, classes: Tensor) -> int:
    """How many classes are the most frequent one of some code."""
    return len(joint(codes, classes).argmax(1).unique())


def drawn(model: Model, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """2000 latents of a model with a `latent`, their samples, and the class that the judge sees on each."""
    z = model.noise(COUNT, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        x = model.generate(z)
    return z, x, classes_of(x)


def row_per_code(model: Model, seed: int, columns: int = 10) -> Tensor:
    """Samples (K * columns, *shape): a row for each value of the first code, a column for each noise."""
    z = model.noise(columns, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return torch.cat([model.generate(model.latent.choose(z, k)) for k in range(model.latent.categorical[0])])


def traversal(model: Model, seed: int, code: int, columns: int = 10) -> Tensor:
    """Samples (K * columns, *shape): a row for each value of the first code, along which a continuous one goes up."""
    values = torch.linspace(-1.5, 1.5, columns)
    z = model.noise(1, torch.Generator().manual_seed(seed)).expand(columns, -1)
    with torch.no_grad():
        return torch.cat([model.generate(model.latent.turn(model.latent.choose(z, k), values, code))
                          for k in range(model.latent.categorical[0])])

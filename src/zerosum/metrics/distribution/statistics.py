"""Mean and covariance of features, gathered in one pass, merged over parts and processes."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from torch import Tensor

Divisor = Literal["N - 1", "N"]
ROWS = 512                                   # rows turned into float64 at a time


@dataclass(frozen=True)
class Gaussian:
    """What is left of features (N, D) when only their mean (D,) and covariance (D, D) are kept, float64."""

    mean: np.ndarray
    covariance: np.ndarray                   # divided by N - 1
    count: int                               # N; 0 where it is not known

    @property
    def dim(self) -> int:
        return len(self.mean)

    def divided_by(self, divisor: Divisor) -> np.ndarray:
        """The covariance with this divisor; that of a count which is not known stays as it is."""
        if divisor == "N - 1" or self.count < 2:
            return self.covariance
        return self.covariance * ((self.count - 1) / self.count)


class Statistics:
    """Mean and covariance (N - 1) of features, float64, in one pass; those of two parts can be merged.

    Sums are taken about the first rows' mean, so that a mean far from zero costs no digits.
    """

    def __init__(self, dim: int):
        self.count = 0
        self.origin = np.zeros(dim)
        self.total = np.zeros(dim)
        self.upper = np.zeros((dim, dim), order="F")     # sum of x x^T, the triangle on and above the diagonal

    def update(self, features: Tensor | np.ndarray) -> Self:
        """Take in features (N, D)."""
        from scipy.linalg.blas import dsyrk

        features = np.asarray(features)
        if self.count == 0 and len(features):
            self.origin = features[:ROWS].mean(0, dtype=np.float64)
        shifted = np.empty((min(ROWS, len(features)), features.shape[1]))
        for start in range(0, len(features), ROWS):
            block = features[start:start + ROWS]
            rows = np.subtract(block, self.origin, out=shifted[:len(block)])
            self.count += len(rows)
            self.total += rows.sum(0)
            # One triangle, added to in place: rows.T @ rows would fill a matrix and mirror it for every batch, which
            # makes small batches four times as slow.
            self.upper = dsyrk(1.0, rows.T, beta=1.0, c=self.upper, overwrite_c=True)
        return self

    def merge(self, other: "Statistics") -> Self:
        """Take in what another process or part has gathered."""
        if self.count == 0:
            self.origin = other.origin
        shift = other.origin - self.origin
        cross = np.outer(shift, other.total)
        self.upper += np.triu(other.upper + cross + cross.T + other.count * np.outer(shift, shift))
        self.total += other.total + other.count * shift
        self.count += other.count
        return self

    @property
    def mean(self) -> np.ndarray:
        return self.origin + self.total / self.count

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased: divided by N - 1."""
        found = self.upper + self.upper.T
        np.fill_diagonal(found, self.upper.diagonal())
        scaled = self.total / np.sqrt(self.count)
        found -= np.outer(scaled, scaled)
        found /= self.count - 1
        return found

    @property
    def gaussian(self) -> Gaussian:
        """What was gathered."""
        return Gaussian(self.mean, self.covariance, self.count)

"""Mean and covariance of features, gathered in one pass, merged over parts and processes."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from torch import Tensor

Divisor = Literal["N - 1", "N"]
ROWS = 2048                                  # rows turned into float64 at a time


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
        self.outer = np.zeros((dim, dim))

    def update(self, features: Tensor | np.ndarray) -> Self:
        """Take in features (N, D)."""
        features = np.asarray(features)
        for start in range(0, len(features), ROWS):
            rows = features[start:start + ROWS].astype(np.float64)
            if self.count == 0:
                self.origin = rows.mean(0)
            rows -= self.origin
            self.count += len(rows)
            self.total += rows.sum(0)
            self.outer += rows.T @ rows      # one buffer on both sides: BLAS computes one triangle only
        return self

    def merge(self, other: "Statistics") -> Self:
        """Take in what another process or part has gathered."""
        if self.count == 0:
            self.origin = other.origin
        shift = other.origin - self.origin
        cross = np.outer(shift, other.total)
        self.outer += other.outer + cross + cross.T + other.count * np.outer(shift, shift)
        self.total += other.total + other.count * shift
        self.count += other.count
        return self

    @property
    def mean(self) -> np.ndarray:
        return self.origin + self.total / self.count

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased: divided by N - 1."""
        return (self.outer - np.outer(self.total, self.total) / self.count) / (self.count - 1)

    @property
    def gaussian(self) -> Gaussian:
        """What was gathered."""
        return Gaussian(self.mean, self.covariance, self.count)

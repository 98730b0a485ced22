"""Fréchet distance of the Gaussians fitted to two sets of features (FID; Heusel et al., 2017, arXiv:1706.08500).

    d^2 = ||mu_r - mu_g||^2 + Tr(C_r + C_g - 2 (C_r C_g)^(1/2))                               Eq. (6)

No matrix square root is taken: its trace is the sum of the square roots of the eigenvalues of C_r C_g, which are those
of a symmetric problem; with factors C = F F^T it is the nuclear norm of F_r^T F_g.
"""

from typing import Literal, Self

import numpy as np
import torch
from torch import Tensor

from ..metric import Context, Metric, Reading
from ..resampling import interval, subsets

ROWS = 2048                                  # rows turned into float64 at a time
TOLERANCE = 2e-8                             # of the traces: a bound on rounding; beyond it the long way is taken
SMALL = 512                                  # features up to which forty repetitions cost next to nothing


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


def fid(real: Tensor | np.ndarray, fake: Tensor | np.ndarray, covariance: Literal["N - 1", "N"] = "N - 1") -> float:
    """The Fréchet distance of two sets of features (N, D) and (M, D): float64, >= 0 up to rounding.

    covariance: what it is divided by; N - 1 is unbiased, N is what NVlabs' code does.
    """
    real, fake = np.asarray(real), np.asarray(fake)
    less = int(covariance == "N - 1")
    if min(len(real), len(fake)) > real.shape[1]:
        a, b = (Statistics(real.shape[1]).update(x) for x in (real, fake))
        of_a, of_b = (s.covariance * ((s.count - 1) / (s.count - less)) for s in (a, b))
        return frechet_distance(a.mean, of_a, b.mean, of_b)
    return _fid_of_few(real.astype(np.float64), fake.astype(np.float64), less)


def frechet_distance(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """The Fréchet distance of two Gaussians, Eq. (6); exact for covariances that have no inverse, too.

    Means (D,) and covariances (D, D), float64.
    """
    from scipy.linalg import LinAlgError, eigvalsh

    traces = float(cov_a.trace() + cov_b.trace())
    try:                                     # eigenvalues of C_a C_b, by Cholesky and a symmetric reduction
        roots = _roots(eigvalsh(cov_b, cov_a, type=2, driver="gv", check_finite=False), traces)
    except LinAlgError:
        roots = None
    if roots is None:
        roots = _nuclear_norm(_factor(cov_a).T @ _factor(cov_b))
    return float(((mean_a - mean_b) ** 2).sum()) + traces - 2 * roots


def _fid_of_few(real: np.ndarray, fake: np.ndarray, less: int) -> float:
    """With no more samples than features the centred samples are the factors: no D x D matrix is made."""
    gap = real.mean(0) - fake.mean(0)
    factors = [(x - x.mean(0)) / np.sqrt(len(x) - less) for x in (real, fake)]
    traces = sum(float((f * f).sum()) for f in factors)
    few, many = sorted(factors, key=len)
    cross = few @ many.T
    # Centred samples add up to nothing, so the smallest eigenvalue is 0: what is found there is rounding alone.
    roots = _roots(np.linalg.eigvalsh(cross @ cross.T)[1:], traces)
    return float((gap ** 2).sum()) + traces - 2 * (_nuclear_norm(cross) if roots is None else roots)


def _roots(eigenvalues: np.ndarray, traces: float) -> float | None:
    """Sum of square roots; None where rounding of the small eigenvalues, once rooted, would show."""
    noise = np.finfo(np.float64).eps * eigenvalues.max()
    if noise <= 0:                           # nothing but zeros: constant features
        return 0.0
    error = noise / (2 * np.sqrt(np.maximum(eigenvalues, noise)))
    if error.sum() > TOLERANCE * traces:
        return None
    return float(np.sqrt(np.maximum(eigenvalues, 0)).sum())


def _nuclear_norm(matrix: np.ndarray) -> float:
    return float(torch.linalg.svdvals(torch.from_numpy(matrix)).sum())


def _factor(covariance: np.ndarray) -> np.ndarray:
    """F with F F^T = C for any covariance, without the directions in which it is rounding error."""
    values, vectors = np.linalg.eigh(covariance)
    keep = values > len(values) * np.finfo(np.float64).eps * values[-1]
    return vectors[:, keep] * np.sqrt(values[keep])


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    covariance = context.protocol.covariance
    value, (n, m), dim = fid(real, fake, covariance), (len(real), len(fake)), real.shape[1]
    settings = {"covariance": covariance, "precision": "float64"}
    if min(n, m) < 4:
        return {"fid": Reading(value, "lower", 0.0, settings=settings, warning=f"{min(n, m)} samples say nothing")}
    count = 40 if dim <= SMALL else 4
    halves = [fid(real[i], fake[j], covariance) for i, j in subsets(n, m, count, context.seed)]
    # The bias falls as 1 / N (Chong and Forsyth, 2019, arXiv:1911.07023): halving the samples adds it once more.
    bias = max(0.0, sum(halves) / count - value)
    low, high = interval(value, halves)
    warning = ""
    if min(n, m) < 10 * dim or bias > 0.1 * value:
        warning = (f"{min(n, m)} samples are few for {dim} features: about {min(bias, value):.3g} of this value "
                   "would vanish with more")
    return {"fid": Reading(value, "lower", 0.0, (max(0.0, low), high), f"{count} random halves",
                           settings, warning, {"bias": bias})}


METRIC = Metric.of_view("fid", "features", ("fid",), _measure, "1706.08500")

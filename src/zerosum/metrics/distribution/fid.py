"""Fréchet distance of the Gaussians fitted to two sets of features (FID; Heusel et al., 2017, arXiv:1706.08500).

    d^2 = ||mu_r - mu_g||^2 + Tr(C_r + C_g - 2 (C_r C_g)^(1/2))                               Eq. (6)

0 is ideal. Its trap: it is too large by an amount that falls as 1 / N and differs between models, so compare equal
numbers of samples only; and it sees mean and covariance of the features, nothing else, and no copying.
No matrix square root is taken: its trace is the sum of the square roots of the eigenvalues of C_r C_g, which are those
of a symmetric problem; with factors C = F F^T it is the nuclear norm of F_r^T F_g.
"""

import numpy as np
import torch
from torch import Tensor

from ..metric import Context, Metric, Reading, Seen
from ..resampling import interval, subsets
from .statistics import Divisor, Gaussian, Statistics

Features = Tensor | np.ndarray | Gaussian
TOLERANCE = 2e-8                             # of the traces: a bound on rounding; beyond it the long way is taken
SMALL = 512                                  # features up to which forty repetitions cost next to nothing


def fid(real: Features, fake: Features, covariance: Divisor = "N - 1") -> float:
    """The Fréchet distance of two sets of features (N, D) and (M, D), or Gaussians: float64, >= 0 up to rounding.

    covariance: what it is divided by; N - 1 is unbiased, N is what NVlabs' code does.
    """
    sets = [x if isinstance(x, Gaussian) else np.asarray(x) for x in (real, fake)]
    few = [isinstance(x, np.ndarray) and len(x) <= x.shape[1] for x in sets]
    if any(few):
        return _fid_of_few(*sets, covariance) if few[1] else _fid_of_few(*sets[::-1], covariance)
    a, b = (x if isinstance(x, Gaussian) else Statistics(x.shape[1]).update(x).gaussian for x in sets)
    return frechet_distance(a.mean, a.divided_by(covariance), b.mean, b.divided_by(covariance))


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


def _fid_of_few(other: np.ndarray | Gaussian, few: np.ndarray, covariance: Divisor) -> float:
    """With no more samples than features the centred samples are a factor: no root of a D x D matrix is taken."""
    mean, factor = _centred(few, covariance)
    if isinstance(other, Gaussian):
        other_mean, spread = other.mean, other.divided_by(covariance)
        gram, other_trace = factor @ spread @ factor.T, float(spread.trace())
    else:
        other_mean, other_factor = _centred(other, covariance)
        cross = factor @ other_factor.T
        cross = cross if len(cross) <= cross.shape[1] else cross.T
        gram, other_trace = cross @ cross.T, float((other_factor ** 2).sum())
    traces = float((factor ** 2).sum()) + other_trace
    # Centred samples add up to nothing, so the smallest eigenvalue is 0: what is found there is rounding alone.
    roots = _roots(np.linalg.eigvalsh(gram)[1:], traces)
    if roots is None:
        roots = _nuclear_norm(factor @ _factor(spread) if isinstance(other, Gaussian) else cross)
    return float(((mean - other_mean) ** 2).sum()) + traces - 2 * roots


def _centred(x: np.ndarray, covariance: Divisor) -> tuple[np.ndarray, np.ndarray]:
    """The mean (D,) of samples, and a factor F (N, D) with F^T F their covariance."""
    x = x.astype(np.float64)
    mean = x.mean(0)
    return mean, (x - mean) / np.sqrt(len(x) - (covariance == "N - 1"))


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


def _measure(real: Seen, fake: Seen, context: Context) -> dict[str, Reading]:
    covariance = context.protocol.covariance
    a, b = (side.gaussian if side.features is None else side.features for side in (real, fake))
    value, (n, m), dim = fid(a, b, covariance), (len(real), len(fake)), a.dim if a is real.gaussian else a.shape[1]
    settings = {"covariance": covariance, "precision": "float64"}
    few = min(n, m)
    warning = f"{few} samples are few for {dim} features" if few < 10 * dim else ""
    if real.features is None and fake.features is None:
        return {"fid": Reading(value, "lower", 0.0, settings=settings, warning=warning)}
    if few < 4:
        return {"fid": Reading(value, "lower", 0.0, settings=settings, warning=f"{few} samples say nothing")}
    count = 40 if dim <= SMALL else 4
    halves = [fid(a if real.features is None else a[i], b if fake.features is None else b[j], covariance)
              for i, j in subsets(n, m, count, context.seed)]
    # The bias falls as 1 / N (Chong and Forsyth, 2019, arXiv:1911.07023): halving the samples adds it once more.
    bias = max(0.0, sum(halves) / count - value)
    low, high = interval(value, halves)
    if not warning and low <= 0:
        warning = "the interval reaches 0: so many samples cannot tell these sets apart"
    elif warning or bias > 0.1 * value:
        warning = (f"{few} samples are few for {dim} features: about {min(bias, max(0.0, value)):.3g} of this value "
                   "would vanish with more")
    return {"fid": Reading(value, "lower", 0.0, (max(0.0, low), high), f"{count} random halves",
                           settings, warning, {"bias": bias})}


METRIC = Metric("fid", ("features",), ("fid",), _measure, "1706.08500", statistics=True)

"""Distances between the means and covariances of two sets of features, in closed form (McGan, 1702.08398)."""

from math import inf

import torch
from torch import Tensor


def mean_ipm(x: Tensor, y: Tensor, p: float) -> Tensor:
    """max over |v|_p <= 1 of <v, E x - E y> = |E x - E y|_q, 1/p + 1/q = 1, of features (N, m), (M, m) (Sec. 3)."""
    q = {1.0: inf, inf: 1.0}.get(p) or p / (p - 1)
    return torch.linalg.vector_norm(x.mean(0) - y.mean(0), q)


def covariance_ipm(x: Tensor, y: Tensor, k: int) -> Tensor:
    """The sum of the k largest singular values of E x x^T - E y y^T: features (N, m), (M, m), k <= m (Sec. 4).

    It is the maximum of E <U^T x, V^T x> - E <U^T y, V^T y> over U and V with k orthonormal columns each.
    """
    return torch.linalg.svdvals(x.T @ x / len(x) - y.T @ y / len(y))[:k].sum()

"""Projections onto what a player's parameters may be: balls, and matrices with orthonormal columns."""

from math import inf

import torch
from torch import Tensor


def to_ball(v: Tensor, p: float) -> Tensor:
    """The point of the unit ball of the l_p norm, p one of 1, 2 and inf, that is nearest to v (m,)."""
    if p == inf:
        return v.clamp(-1, 1)
    if p == 2:
        return v / torch.linalg.vector_norm(v).clamp_min(1)
    size = v.abs()
    if size.sum() <= 1:
        return v
    # Soft thresholding, at the level that leaves a sum of 1 (Duchi et al., ICML 2008, Fig. 1).
    ordered = size.sort(descending=True).values
    excess = (ordered.cumsum(0) - 1) / torch.arange(1, len(v) + 1, device=v.device)
    level = excess[ordered > excess][-1]
    return v.sign() * (size - level).clamp_min(0)


def to_orthonormal(matrix: Tensor) -> Tensor:
    """Q of the QR decomposition of a matrix (m, k), k <= m, with signs that make R's diagonal positive: (m, k).

    Orthonormal columns are left as they are (1702.08398, Alg. 3).
    """
    q, r = torch.linalg.qr(matrix)
    return q * torch.where(r.diagonal() < 0, -1.0, 1.0)

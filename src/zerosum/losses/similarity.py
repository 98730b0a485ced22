"""Samples of one code alike, samples of two codes apart: the constraint that SC-GAN puts on its generator."""

import torch
from torch import Tensor


def similarity_constraint(x: Tensor, codes: Tensor, eps: float = 1e-5) -> Tensor:
    """1/(n(n-1)) sum_{i<j} [a_ij d_ij + (1 - a_ij)/(d_ij + eps)], d_ij = |x_i - x_j|, a_ij = <c_i, c_j> in [0, 1].

    x: samples (N, *shape); codes: (N, K), one-hot. Zero for a single sample (10.1109/ACCESS.2018.2872695).
    """
    n = len(x)
    rows, columns = torch.triu_indices(n, n, 1, device=x.device)
    alike = (codes[rows] * codes[columns]).sum(1)
    distance = torch.pdist(x.flatten(1).float())
    return (alike * distance + (1 - alike) / (distance + eps)).sum() / max(n * (n - 1), 1)

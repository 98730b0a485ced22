"""Minibatch discrimination: how close each sample of a batch is to the others, as features (1606.03498, Sec. 3.2)."""

import torch
from torch import Tensor, nn

from ..ops import at_least_float32


class MinibatchDiscrimination(nn.Module):
    """Appends to the features f(x_i) of each sample how many others of its batch lie close to it.

    M_i = f(x_i) T,   c_b(i, j) = exp(-||M_ib - M_jb||_1),   o(x_i)_b = sum over j != i of c_b(i, j)

    T is (in_features, kernels, kernel_dims); as in the authors' code, each of its columns is a direction times
    exp(log_scale), and a sample is not compared with itself. Their bias of o is that of the layer behind. Real and
    generated samples must come in batches of their own: a collapsed batch is seen by its o alone.
    """

    def __init__(self, in_features: int, kernels: int = 100, kernel_dims: int = 5):
        super().__init__()
        self.theta = nn.Parameter(0.05 * torch.randn(in_features, kernels, kernel_dims))
        self.log_scale = nn.Parameter(torch.zeros(kernels, kernel_dims))

    def forward(self, features: Tensor) -> Tensor:
        """Map features (N, in_features) to (N, in_features + kernels); each o lies in [0, N - 1]."""
        matrix = self.theta * (self.log_scale.exp() / torch.linalg.vector_norm(self.theta, dim=0))
        rows = at_least_float32(features @ matrix.flatten(1)).unflatten(1, self.log_scale.shape).transpose(0, 1)
        closeness = torch.exp(-torch.cdist(rows, rows, p=1.0)).sum(2) - 1      # (kernels, N), less exp(0) of itself
        return torch.cat([features, closeness.T.to(features.dtype)], 1)

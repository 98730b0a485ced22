"""Scaling to a second moment of one (ProGAN's pixel norm, 1710.10196, Eq. 2): x / sqrt(mean(x^2) + eps)."""

from torch import Tensor


def normalize_2nd_moment(x: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x of any shape -> the same shape, its mean square along `dim` one."""
    return x * (x.square().mean(dim, keepdim=True) + eps).rsqrt()

"""Moments of distances to the north pole of a sphere, where a critic's answers lie: Sphere GAN (CVPR 2019).

A critic's n numbers p are a point of the plane that the inverse stereographic projection maps to the sphere in n + 1
dimensions: 0 to the south pole, length one to the equator, infinity to the north pole. No distance on it is above pi,
so that no penalty is needed to keep the moments finite.
"""

import torch
from torch import Tensor


def to_sphere(p: Tensor) -> Tensor:
    """Inverse stereographic projection q = (2 p, |p|^2 - 1) / (|p|^2 + 1): (N, n) -> (N, n + 1), of length one."""
    square = p.square().sum(1, keepdim=True)
    return torch.cat([2 * p, square - 1], 1) / (square + 1)


def distance_to_pole(p: Tensor) -> Tensor:
    """Geodesic distance of to_sphere(p) from the north pole: (N, n) -> (N,), from pi at p = 0 down to 0.

    arccos((|p|^2 - 1) / (|p|^2 + 1)), written as 2 arctan(1 / |p|): its slope in |p|, -2 / (|p|^2 + 1), is finite
    at the poles, where that of arccos is not.
    """
    norm = torch.linalg.vector_norm(p, dim=1)
    return 2 * torch.atan2(torch.ones_like(norm), norm)


def distance_moments(distances: Tensor, orders: int) -> Tensor:
    """Sum over r = 1..orders of E[d^r], of distances d (N,): a scalar."""
    return torch.stack([(distances ** r).mean() for r in range(1, orders + 1)]).sum()

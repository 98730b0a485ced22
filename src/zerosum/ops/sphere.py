"""Points of the n-sphere by stereographic projection from its north pole."""

import torch
from torch import Tensor


def on_sphere(p: Tensor) -> Tensor:
    """The point of the unit sphere that is projected onto p: (N, n) -> (N, n + 1), the last coordinate to the north.

    (2 p, ||p||^2 - 1) / (||p||^2 + 1): the origin is the south pole, and far points are near the north pole.
    """
    square = p.square().sum(1, keepdim=True)
    return torch.cat([2 * p, square - 1], 1) / (square + 1)


def angle_to_north_pole(p: Tensor) -> Tensor:
    """Geodesic distance of on_sphere(p) from the north pole, (N, n) -> (N,) in (0, pi].

    2 arctan(1 / ||p||) is the arccos of its last coordinate, without the infinite slope that arccos has at both poles.
    """
    norm = torch.linalg.vector_norm(p, dim=1)
    return 2 * torch.atan2(torch.ones_like(norm), norm)

"""Levenberg (1944) and Marquardt (1963): the least squares of many small problems at once."""

from collections.abc import Callable

import torch
from torch import Tensor

COLUMNS = 64                                 # of the Jacobian that are made at a time


@torch.no_grad()
def least_squares(residuals: Callable[[Tensor], Tensor], v: Tensor, *, steps: int = 20,
                  keep: Callable[[Tensor], Tensor] = lambda v: v) -> Tensor:
    """Move each v (N, ...) to where sum r(v)^2 is least: v <- v - (J^T J + m s I)^-1 J^T r, s the mean of diag J^T J.

    residuals: (N, ...) -> (N, P), row by row. m falls fivefold after a step that helps, which is kept, and rises
    fivefold after another. J is made by forward differentiation, a column for each number of v: for hundreds of these,
    not for many thousands. After each step v becomes what `keep` makes of it. No v gets worse.
    """
    shape, v = v.shape, v.flatten(1)
    r = residuals(v.view(shape))
    damping = r.new_full((len(v),), 1e-2)
    for _ in range(steps):
        j = _jacobian(lambda u: residuals(u.view(shape)), v)                 # (N, P, D)
        square = j.mT @ j
        diagonal = square.diagonal(dim1=1, dim2=2)
        diagonal += (damping * diagonal.mean(1).clamp_min(1e-12))[:, None]
        moved = v - torch.linalg.solve(square, j.mT @ r[..., None])[..., 0]
        moved = keep(moved.view(shape)).flatten(1)
        found = residuals(moved.view(shape))
        better = found.square().sum(1) < r.square().sum(1)                   # false where it is not a number
        v, r = torch.where(better[:, None], moved, v), torch.where(better[:, None], found, r)
        # At least so much that in float32 the matrix is never singular.
        damping = torch.where(better, damping / 5, damping * 5).clamp(1e-6, 1e9)
    return v.view(shape)


def _jacobian(function: Callable[[Tensor], Tensor], v: Tensor) -> Tensor:
    def column(direction: Tensor) -> Tensor:
        return torch.func.jvp(function, (v,), (direction.expand_as(v),))[1]

    units = torch.eye(v.shape[1], dtype=v.dtype, device=v.device)
    return torch.func.vmap(column, out_dims=2, chunk_size=COLUMNS)(units)

"""The largest singular value of a matrix: the vectors u and v with sigma = u^T W v."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def power_step(matrix: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Take one step of the power method from u (rows,): the new u (rows,) and v (columns,), of length one.

    v = W^T u / ||W^T u||,  u = W v / ||W v||  (1802.05957, Eq. 18 and 19).
    """
    v = normalize(torch.mv(matrix.t(), u), dim=0, eps=1e-12)
    return normalize(torch.mv(matrix, v), dim=0, eps=1e-12), v


def leading_vectors(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The singular vectors u (rows,) and v (columns,) of the largest singular value of `matrix` (rows, columns).

    From the eigenvectors of the smaller of W W^T and W^T W, which is much cheaper than all singular values of W.
    """
    if matrix.shape[0] > matrix.shape[1]:
        v, u = leading_vectors(matrix.t())
        return u, v
    return power_step(matrix, torch.linalg.eigh(matrix @ matrix.t()).eigenvectors[:, -1])

"""Matrices of numbers and drawn numbers, one for each image."""

from collections.abc import Sequence

import torch
from torch import Tensor


def matrices(rows: Sequence[Sequence[Tensor | float]], like: Tensor) -> Tensor:
    """Rows of numbers and tensors (N,) as (N, rows, columns), (rows, columns) without tensors, of like's type."""
    elements = torch.broadcast_tensors(*(like.new_tensor(element) if not isinstance(element, Tensor) else element
                                         for row in rows for element in row))
    return torch.stack(elements, -1).unflatten(-1, (len(rows), len(rows[0])))


def select(chosen: Tensor, these: Tensor, others: Tensor) -> Tensor:
    """Matrices (N, R, C), taken from these where chosen (N,), else from the others."""
    return torch.where(chosen[:, None, None], these, others)


def compose(a: Tensor, b: Tensor) -> Tensor:
    """a b for matrices (..., K, K), in full precision: `@` may round to TF32, which cannot hold a place in pixels."""
    return (a[..., None] * b[..., None, :, :]).sum(-2)


def product(a: Tensor, b: Tensor) -> Tensor:
    """Matrices (..., R, K) times (..., K, C), each addend rounded once, as fused multiply-adds do on every machine."""
    total = a.new_zeros((), dtype=torch.float64)                      # where a product of two float32 is exact
    for k in range(a.shape[-1]):
        total = (total + a[..., :, k, None].double() * b[..., None, k, :].double()).to(a.dtype).double()
    return total.to(a.dtype)

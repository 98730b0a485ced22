"""Squared Euclidean distances in blocks: nothing of size N x N is ever held."""

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 1024
WIDE = 512                                   # features above which float64 would be dear, and float32 is enough


def centred(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets about their common mean, in the precision in which |x|^2 + |y|^2 - 2 x.y keeps small distances.

    In few dimensions neighbours can be a thousand times closer than the set is wide, and float32 would lose them.
    """
    dtype = torch.float32 if real.shape[1] > WIDE else torch.float64
    mean = ((real.mean(0, dtype=torch.float64) + fake.mean(0, dtype=torch.float64)) / 2).to(dtype)
    return real.to(dtype) - mean, fake.to(dtype) - mean


def products(x: Tensor, y: Tensor) -> Tensor:
    """x y^T for x (N, D), y (M, D) on the CPU: (N, M)."""
    # NumPy's BLAS is fast on every maker's processors; the one in torch is a seventh slower on AMD's.
    return torch.from_numpy(x.numpy() @ y.numpy().T)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances of x (N, D) to y (M, D) on the CPU: (N, M), >= 0."""
    cross = products(x, y).mul_(-2)
    return cross.add_((y * y).sum(1)).add_((x * x).sum(1, keepdim=True)).clamp_min_(0)


def blocks(n: int) -> Iterator[slice]:
    """Consecutive slices that cover range(n)."""
    return (slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))


def neighbour_distances(x: Tensor, k: int) -> Tensor:
    """Squared distance of every x (N, D) to its k-th nearest other: (N,). Needs N > k."""
    best = x.new_full((len(x), k), torch.inf)
    for rows in blocks(len(x)):
        for columns in blocks(len(x)):
            if columns.start < rows.start:   # the distances are symmetric: each block serves both its sides
                continue
            distances = squared_distances(x[rows], x[columns])
            if rows == columns:
                distances.fill_diagonal_(torch.inf)
            else:
                best[columns] = _least(best[columns], distances.T)
            best[rows] = _least(best[rows], distances)
    return best.amax(1)


def nearest_across(x: Tensor, y: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
    """Squared distance of every x to its k-th nearest y, and of every y to its k-th nearest x: (N,), (M,).

    Needs N and M >= k.
    """
    to_y, to_x = x.new_full((len(x), k), torch.inf), x.new_full((len(y), k), torch.inf)
    for rows in blocks(len(x)):
        for columns in blocks(len(y)):
            distances = squared_distances(x[rows], y[columns])
            to_y[rows] = _least(to_y[rows], distances)
            to_x[columns] = _least(to_x[columns], distances.T)
    return to_y.amax(1), to_x.amax(1)


def _least(best: Tensor, distances: Tensor) -> Tensor:
    """The k least of each row so far (N, k) and of further ones (N, M)."""
    k = best.shape[1]
    if k == 1:                               # many times faster than a search for several
        return torch.minimum(best, distances.amin(1, keepdim=True))
    nearest = distances.contiguous().topk(min(k, distances.shape[1]), largest=False).values
    return torch.cat([best, nearest], 1).topk(k, largest=False).values

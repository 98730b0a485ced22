"""Truncation: fewer surprises for fewer mistakes, the same samples with ever less noise."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..core import Model, UsageError, require


def truncate(model: Model, shares: Sequence[float], rows: int = 8, *, seed: int = 0,
             labels: Tensor | None = None) -> Tensor:
    """The same `rows` samples at each of S truncations: (S, rows, *shape); at 1 they are `model.sample(rows)`.

    How a model truncates is its own affair: z or w is scaled towards its centre by the share. Raises UsageError for a
    model that cannot sample, no rows or shares, or a share that is negative or not finite.
    """
    require(model, "sample")
    wrong = [share for share in shares if not 0 <= share < float("inf")]
    if wrong or not shares or rows < 1:
        raise UsageError("truncation needs at least one row, and shares that are at least 0, such as 0,0.5,1"
                         + (f", not {wrong[0]:g}" if wrong else ""))
    return torch.stack([model.sample(rows, seed=seed, labels=labels, truncation=share)         # type: ignore[operator]
                        for share in shares])

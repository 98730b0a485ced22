"""Choosing among samples: the best by what the discriminator thinks of them."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .passes import scored


class Selected(NamedTuple):
    """Samples x (n, *shape) that were selected, their scores (n,), and how many samples had to be made for them."""

    x: Tensor
    scores: Tensor
    drawn: int


def best_by_score(model: Model, n: int, share: float, *, seed: int = 0, labels: Tensor | None = None,
                  truncation: float = 1.0) -> Selected:
    """Draw n / share samples and keep the n that the discriminator scores highest, best first.

    Equal scores keep the order in which they were drawn. Raises UsageError for a share outside (0, 1], or a model
    without a discriminator.
    """
    require(model, "sample")
    require(model, "score")
    if not 0 < share <= 1:
        raise UsageError(f"--best is the share to keep, between 0 and 1, not {share:g}")
    drawn = max(n, round(n / share))
    asked = None if labels is None else labels[torch.arange(drawn, device=labels.device) % len(labels)]
    x = model.sample(drawn, seed=seed, labels=asked, truncation=truncation)                    # type: ignore[operator]
    scores = scored(model, x, asked)
    order = torch.sort(scores, descending=True, stable=True).indices[:n]
    return Selected(x[order], scores[order], drawn)

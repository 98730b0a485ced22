"""What a conditional discriminator says of samples whose class is not told."""

from collections.abc import Callable

import torch
from torch import Tensor


def best_over_classes(score: Callable[[Tensor, Tensor], Tensor], x: Tensor, classes: int) -> Tensor:
    """The highest score (N,) of samples x (N, ...) over all classes; `score(x, labels)` takes labels (N,) int64."""
    each = [score(x, torch.full((len(x),), label, device=x.device)) for label in range(classes)]
    return torch.stack(each).amax(0)

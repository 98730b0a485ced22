"""Margin ranking: one score should exceed another by a margin, and what does so costs nothing (1704.04865)."""

from torch import Tensor
from torch.nn.functional import relu


def ranking(higher: Tensor, lower: Tensor, margin: float) -> Tensor:
    """E[max(0, margin - higher + lower)] over pairs of scores, both of the same shape; a scalar."""
    return relu(margin - higher + lower).mean()

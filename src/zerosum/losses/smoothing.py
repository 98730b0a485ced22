"""One-sided label smoothing: a discriminator that is told to be less than sure of real samples."""

from functools import partial

import torch
from torch import Tensor

from .scores import Objective, binary_cross_entropy, non_saturating_generator


def smoothed_discriminator(scores_real: Tensor, scores_fake: Tensor, *, low: float, high: float) -> Tensor:
    """Cross-entropy with targets t ~ U(low, high) for real samples, one each, and 0 for fake ones."""
    target = low + (high - low) * torch.rand_like(scores_real) if low < high else low
    return binary_cross_entropy(scores_real, target) + binary_cross_entropy(scores_fake, 0.0)


def label_smoothing(low: float = 0.9, high: float = 0.9) -> Objective:
    """The non-saturating objective with the target of real samples lowered from 1 (1606.03498, Sec. 3.4).

    Its optimum is D* = a p / (p + q) with a = (low + high) / 2. Fake samples keep their 0: a target b above it would
    make D* = (a p + b q) / (p + q), which holds samples where p is small and q is large in their place.
    low = high = 0.9 is the paper's; (0.8, 1) draws a target for each sample; (1, 1) does not smooth.
    """
    return Objective("label-smoothing", partial(smoothed_discriminator, low=low, high=high), non_saturating_generator,
                     "1606.03498")

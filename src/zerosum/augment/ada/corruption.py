"""ADA's image-space corruptions: additive noise, and windows of zeros."""

import torch
from torch import Tensor

from .draws import Draws
from .spec import AdaSpec


def noised(x: Tensor, spec: AdaSpec, p: Tensor, draws: Draws) -> Tensor:
    """Add to some images of x (N, C, H, W) Gaussian noise, each of its own strength."""
    strength = spec.noise_std * draws.normal().abs()
    strength = torch.where(draws.happens("noise", spec.noise * p), strength, 0.0)
    return x + (draws.normal(*x.shape[1:]) * strength[:, None, None, None]).to(x.dtype)


def cut(x: Tensor, spec: AdaSpec, p: Tensor, draws: Draws) -> Tensor:
    """Zero a window in some images of x (N, C, H, W); its centre is uniform over the image, so some is outside."""
    happens = draws.happens("cutout", spec.cutout * p)
    columns, rows = (_near(centre, length, spec.cutout_size)
                     for centre, length in zip(draws.uniform(2).unbind(1), (x.shape[3], x.shape[2]), strict=True))
    return x * ~(happens[:, None, None] & rows[:, :, None] & columns[:, None, :])[:, None]


def _near(centre: Tensor, length: int, size: float) -> Tensor:
    """Which of `length` pixels are less than half of `size` from the centre (N,), in parts of the side: (N, length)."""
    at = (torch.arange(length, device=centre.device) + 0.5) / length
    return (at - centre[:, None]).abs() < size / 2

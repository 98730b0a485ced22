"""DiffAugment (Zhao et al., 2020, arXiv:2006.10738): color, translation and cutout, drawn anew for each image."""

import torch
from torch import Tensor

from .simple import check_images, translation


def color(x: Tensor) -> Tensor:
    """Change brightness by up to 1/2, saturation to 0 to 2 times and contrast to 1/2 to 3/2 times what they were.

    x: (N, C, H, W), else ValueError; values may leave [-1, 1]. The mean that stays is that of a pixel's channels for
    saturation, of all of an image for contrast.
    """
    check_images(x)
    x = x + _uniform(x) - 0.5
    grey = x.mean(1, keepdim=True)
    x = (x - grey) * (2 * _uniform(x)) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (_uniform(x) + 0.5) + mean


def cutout(x: Tensor, ratio: float = 0.5) -> Tensor:
    """Zero a window of each image of x (N, C, H, W), of `ratio` of its sides; near an edge less of it is inside.

    Its centre is uniform over the pixels (over the lines between them where the window is even). Raises ValueError for
    other shapes.
    """
    check_images(x)
    rows, columns = (_window(length, ratio, x) for length in x.shape[2:])
    return x * ~(rows[:, None, :, None] & columns[:, None, None, :])


def diffaugment(x: Tensor) -> Tensor:
    """Augment images x (N, C, H, W) by the policy "color,translation,cutout"; raises ValueError for other shapes."""
    return cutout(translation(color(x)))


def _uniform(x: Tensor) -> Tensor:
    """One number in [0, 1) for each image."""
    return torch.rand(len(x), 1, 1, 1, dtype=x.dtype, device=x.device)


def _window(length: int, ratio: float, x: Tensor) -> Tensor:
    """Which of `length` rows or columns lie in the window of each image: (N, length), bool."""
    size = int(length * ratio + 0.5)
    start = torch.randint(0, length + 1 - size % 2, (len(x), 1), device=x.device) - size // 2
    at = torch.arange(length, device=x.device)
    return (at >= start) & (at < start + size)

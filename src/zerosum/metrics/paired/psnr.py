"""Peak signal-to-noise ratio of pairs of images, in decibels: higher is better, identical images are infinitely good.

It counts squared errors and nothing else: the mean of all sharp answers beats each of them, so a blurred image scores
well. The mean over images of decibels is not the decibels of the mean error; this is the former, as is usual.
"""

import torch
from torch import Tensor

from ...core import UsageError
from ...ops import at_least_float32

RANGE = 2.0                                  # of images in [-1, 1]


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """10 log10(RANGE^2 / mean squared error) of each pair of images (N, C, H, W) in [-1, 1]: (N,), infinite if equal.

    The mean is over pixels and channels. Raises UsageError for images of different shapes.
    """
    if x.shape != y.shape or x.ndim != 4:
        raise UsageError(f"PSNR compares images (N, C, H, W) of one shape, not {tuple(x.shape)} and {tuple(y.shape)}")
    error = (at_least_float32(x) - at_least_float32(y)).square().mean((1, 2, 3))
    return 10 * torch.log10(RANGE**2 / error)

"""Resampling by two without aliasing: convolution of each channel with a low-pass kernel, zero outside of the image.

A kernel is (k, k), sums to one and keeps the mean of what is constant; k is odd for `smooth`, even for the others.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d


def low_pass(taps: Sequence[float], *, box: bool = True) -> Tensor:
    """The kernel whose rows and columns are `taps`, of an odd number; `box` convolves them with (1, 1) first.

    With the box, resampling is nearest-neighbour or mean over 2x2 together with a smoothing by the taps: (1, 2, 1), the
    binomial filter, gives (1, 3, 3, 1), which is bilinear interpolation.
    """
    line = torch.tensor([0.0, *taps, 0.0])
    line = line[:-1] + line[1:] if box else line[1:-1]
    return torch.outer(line, line) / line.sum() ** 2


def smooth(x: Tensor, kernel: Tensor) -> Tensor:
    """(N, C, H, W) -> the same shape."""
    return conv2d(x, _for_each_channel(kernel, x), padding=len(kernel) // 2, groups=x.shape[1])


def upsample(x: Tensor, kernel: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W)."""
    return conv_transpose2d(x, 4 * _for_each_channel(kernel, x), stride=2, padding=len(kernel) // 2 - 1,
                            groups=x.shape[1])


def downsample(x: Tensor, kernel: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, H/2, W/2); H and W even."""
    return conv2d(x, _for_each_channel(kernel, x), stride=2, padding=len(kernel) // 2 - 1, groups=x.shape[1])


def _for_each_channel(kernel: Tensor, x: Tensor) -> Tensor:
    return kernel.to(x).expand(x.shape[1], 1, *kernel.shape)

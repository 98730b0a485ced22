"""Upsampling, an FIR filter on each channel, and downsampling (StyleGAN2, 1912.04958, App. B; MATLAB's upfirdn).

Zeros are inserted behind each pixel, the image is padded (or cropped, where the padding is negative), convolved with
the filter, and every `down`-th pixel is kept. Pairs are (x, y), paddings (left, right, top, bottom). A filter is
(kh, kw), or (k,) where it is to be applied along both axes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .correlation import Factor, Padding, Pair, Sides, correlate, pair, sides, size_after
from .fused import kernels_for, transformed

SEPARABLE_FROM = 8                           # taps; for shorter filters one pass over the image is faster than two


def setup_filter(taps: Sequence[float] | Sequence[Sequence[float]] | Tensor, *, normalize: bool = True,
                 flip: bool = False, gain: float = 1.0, separable: bool | None = None) -> Tensor:
    """A filter of these taps, (kh, kw), or (k,) if `separable` (default: from 8 on); its sum in 2-D is `gain`."""
    f = torch.as_tensor(taps, dtype=torch.float32)
    if f.ndim == 1 and not (len(f) >= SEPARABLE_FROM if separable is None else separable):
        f = torch.outer(f, f)
    if normalize:
        f = f / f.sum()
    if flip:
        f = f.flip(tuple(range(f.ndim)))
    return f * gain ** (f.ndim / 2)


def upfirdn2d(x: Tensor, f: Tensor | None, *, up: Factor = 1, down: Factor = 1, padding: Padding = 0,
              flip_filter: bool = False, gain: float = 1.0) -> Tensor:
    """(N, C, H, W) -> (N, C, (H up + padding - kh) / down + 1, ...); `flip_filter` correlates instead of convolving.

    Raises ValueError where the padded image is smaller than the filter.
    """
    (up_x, up_y), (down_x, down_y), (left, right, top, bottom) = pair(up), pair(down), sides(padding)
    if f is None or f.ndim == 2:
        f = x.new_ones(1, 1) if f is None else f
        return _each_channel(x, f * gain, up=(up_x, up_y), down=(down_x, down_y), padding=(left, right, top, bottom),
                             convolve=not flip_filter)
    line = f * gain**0.5
    x = _each_channel(x, line[:, None], up=(1, up_y), down=(1, down_y), padding=(0, 0, top, bottom),
                      convolve=not flip_filter)
    return _each_channel(x, line[None, :], up=(up_x, 1), down=(down_x, 1), padding=(left, right, 0, 0),
                         convolve=not flip_filter)


def filter2d(x: Tensor, f: Tensor, *, padding: Padding = 0, flip_filter: bool = False, gain: float = 1.0) -> Tensor:
    """(N, C, H, W) -> the same shape, enlarged by the padding."""
    return _resample(x, f, 1, 1, padding, flip_filter=flip_filter, gain=gain)


def upsample2d(x: Tensor, f: Tensor, *, up: Factor = 2, padding: Padding = 0, flip_filter: bool = False,
               gain: float = 1.0) -> Tensor:
    """(N, C, H, W) -> (N, C, up H, up W), enlarged by the padding; a filter of sum one keeps the mean."""
    return _resample(x, f, up, 1, padding, flip_filter=flip_filter, gain=gain * pair(up)[0] * pair(up)[1])


def downsample2d(x: Tensor, f: Tensor, *, down: Factor = 2, padding: Padding = 0, flip_filter: bool = False,
                 gain: float = 1.0) -> Tensor:
    """(N, C, H, W) -> (N, C, H / down, W / down); the padding is added before."""
    return _resample(x, f, 1, down, padding, flip_filter=flip_filter, gain=gain)


def centred(f: Tensor | None, up: Factor, down: Factor, padding: Padding) -> Sides:
    """The padding with which f up- or downsamples an image in its place, and `padding` around it."""
    left, right, top, bottom = sides(padding)
    width, height = (1, 1) if f is None else (f.shape[-1], f.shape[0])
    (up_x, up_y), (down_x, down_y) = pair(up), pair(down)
    return (left + (width + up_x - down_x) // 2, right + (width - up_x * down_x) // 2,
            top + (height + up_y - down_y) // 2, bottom + (height - up_y * down_y) // 2)


def _resample(x: Tensor, f: Tensor, up: Factor, down: Factor, padding: Padding, **options) -> Tensor:
    return upfirdn2d(x, f, up=up, down=down, padding=centred(f, up, down, padding), **options)


def _each_channel(x: Tensor, kernel: Tensor, *, up: Pair, down: Pair, padding: Sides, convolve: bool) -> Tensor:
    kernels = kernels_for(x)
    if kernels and not kernel.requires_grad:
        height, width = size_after(x, kernel, up, down, padding)
        return kernels.fir(x, kernel.flip((0, 1)) if convolve else kernel,
                           kernels.Geometry(up, down, (padding[0], padding[2]), (width, height)))
    if x.device.type == "cpu" and not transformed():             # where the layout makes a factor of two and more
        x = x.contiguous(memory_format=torch.channels_last)
    return correlate(x, kernel.to(x).expand(x.shape[1], 1, *kernel.shape), groups=x.shape[1], up=up, down=down,
                     padding=padding, convolve=convolve)

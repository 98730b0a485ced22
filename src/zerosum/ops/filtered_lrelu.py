"""A leaky ReLU without aliasing: applied at a higher rate, between two filters (StyleGAN3, 2106.12423, Sec. 3.2)."""

from math import sqrt

from torch import Tensor
from torch.nn.functional import leaky_relu

from .bias_act import bias_act
from .correlation import Padding
from .upfirdn2d import upfirdn2d


def filtered_lrelu(x: Tensor, fu: Tensor | None = None, fd: Tensor | None = None, b: Tensor | None = None, *,
                   up: int = 1, down: int = 1, padding: Padding = 0, gain: float = sqrt(2), slope: float = 0.2,
                   clamp: float | None = None, flip_filter: bool = False) -> Tensor:
    """(N, C, H, W) -> x + b, upsampled by filter fu, gain lrelu(x), clamped, downsampled by filter fd.

    Filters are (kh, kw) or (k,), None for none; `gain` is positive; sizes as in `upfirdn2d`.
    """
    # lrelu(gain x) = gain lrelu(x): the filter brings the gain along.
    x = upfirdn2d(bias_act(x, b), fu, up=up, padding=padding, gain=gain * up**2, flip_filter=flip_filter)
    x = leaky_relu(x, slope, inplace=slope >= 0)
    if clamp is not None:
        x = x.clamp(-clamp, clamp)
    return upfirdn2d(x, fd, down=down, flip_filter=flip_filter)

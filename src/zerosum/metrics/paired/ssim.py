"""Structural similarity (SSIM) of pairs of images, at one scale and at several (MS-SSIM): higher is better, 1 is ideal.

Wang et al., Image quality assessment: from error visibility to structural similarity, 2004; Wang et al., Multi-scale
structural similarity for image quality assessment, 2003. Local means, variances and the covariance are compared under
a Gaussian window. Values of other windows, of grey or smaller images, or of another data range cannot be compared; and
flat regions score high whatever they hold, since both constants outweigh small differences there.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from ...core import UsageError
from ...ops import at_least_float32

RANGE = 2.0                                  # of images in [-1, 1]
WINDOW, SIGMA = 11, 1.5
C1, C2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)       # from the finest scale to the coarsest, found by observers


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """SSIM of each pair of images (N, C, H, W) in [-1, 1]: (N,), at most 1, eq. 13 with alpha = beta = gamma = 1.

    A Gaussian window of 11 x 11, sigma 1.5, wherever it lies inside the image; the mean over places and channels.
    Raises UsageError for images smaller than the window.
    """
    _check(x, y, 1)
    return _terms(at_least_float32(x), at_least_float32(y))[0].view(x.shape[:2]).mean(1)


def ms_ssim(x: Tensor, y: Tensor, scales: int | None = None) -> Tensor:
    """MS-SSIM of each pair of images (N, C, H, W) in [-1, 1]: (N,) in [0, 1], eq. 7 with the paper's five exponents.

    Contrast and structure at every scale, luminance at the coarsest; halved by 2 x 2 means. Each channel is measured
    alone, then they are averaged. A scale's mean below 0 counts as 0: the paper's powers have no value there.
    scales: default 5, or as many as fit (`scales_of`), with the first exponents scaled to the sum of all.
    Raises UsageError for images smaller than 11 * 2^(scales - 1).
    """
    scales = scales_of(*x.shape[-2:]) if scales is None else scales
    _check(x, y, scales)
    x, y = at_least_float32(x), at_least_float32(y)
    planes, product = x.shape[:2], torch.ones((), dtype=x.dtype, device=x.device)
    gain = sum(WEIGHTS) / sum(WEIGHTS[:scales])
    for scale, weight in enumerate(WEIGHTS[:scales], 1):
        full, contrast = _terms(x, y)
        product = product * (full if scale == scales else contrast).clamp(min=0) ** (weight * gain)
        if scale < scales:
            # An odd last row stands alone, as under the authors' symmetric border.
            x, y = (avg_pool2d(side, 2, ceil_mode=True) for side in (x, y))
    return product.view(planes).mean(1)


def scales_of(height: int, width: int) -> int:
    """How many scales of MS-SSIM fit images of this size: 5 from 176 pixels on, 2 at 32; at least 1."""
    return max(1, min(len(WEIGHTS), (min(height, width) // WINDOW).bit_length()))


def _terms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The means over places of SSIM and of its contrast-structure factor: (N, C) each."""
    planes = (1, x.shape[0] * x.shape[1], *x.shape[2:])
    x, y = (side.reshape(planes).contiguous(memory_format=torch.channels_last) for side in (x, y))
    mean_x, mean_y = _blurred(x), _blurred(y)
    means, squared_means = 2 * (mean_x * mean_y), mean_x * mean_x + mean_y * mean_y
    # The two variances are needed as a sum only, so four maps are blurred instead of five.
    contrast = (2 * _blurred(x * y) - means + C2) / (_blurred(x * x + y * y) - squared_means + C2)
    luminance = (means + C1) / (squared_means + C1)
    return (luminance * contrast).mean((2, 3)), contrast.mean((2, 3))


def _blurred(x: Tensor) -> Tensor:
    """Planes (1, N, H, W) under the window, in the region where the window lies inside."""
    # Depthwise, down and then across: 11 x 11 at once costs 2 to 3 times as much, one plane at a time 20 times.
    down = _window(x.dtype, x.device).view(1, 1, -1, 1).expand(x.shape[1], 1, -1, 1)
    with torch.autocast(x.device.type, enabled=False):       # variances are small differences of large numbers
        return conv2d(conv2d(x, down, groups=x.shape[1]), down.transpose(2, 3), groups=x.shape[1])


def _window(dtype: torch.dtype, device: torch.device) -> Tensor:
    steps = torch.arange(WINDOW, dtype=dtype, device=device) - WINDOW // 2
    return (-steps.square() / (2 * SIGMA**2)).softmax(0)


def _check(x: Tensor, y: Tensor, scales: int) -> None:
    if x.shape != y.shape or x.ndim != 4:
        raise UsageError(f"SSIM compares images (N, C, H, W) of one shape, not {tuple(x.shape)} and {tuple(y.shape)}")
    if not 1 <= scales <= len(WEIGHTS):
        raise UsageError(f"MS-SSIM has 1 to {len(WEIGHTS)} scales, not {scales}")
    least = WINDOW * 2 ** (scales - 1)
    if min(x.shape[2:]) < least:
        raise UsageError(f"SSIM at {scales} scale{'s' * (scales > 1)} needs images of at least {least} x {least}, not "
                         f"{x.shape[2]} x {x.shape[3]}")

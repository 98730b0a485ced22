"""ADA's image-space filtering: each image's frequency bands amplified by factors of their own."""

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from .draws import Draws
from .spec import AdaSpec

POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)    # what natural images have in each band (1 / f)


def filter_bank() -> Tensor:
    """Four band-pass filters of the wavelet sym2, from the lowest octaves to the highest: (4, 43); their sum is 1.

    With H(z) its low pass, the bank begins as 1 and is split three times: G(z) becomes G(z^2) H(z) H(1/z) / 2, and
    H(-z) H(-1/z) / 2 is the next band.
    """
    root = math.sqrt(3)
    low = torch.tensor([1 - root, 3 - root, 3 + root, 1 + root], dtype=torch.float64) / (4 * math.sqrt(2))
    high = low * torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    low_pass, high_pass = (_convolve(taps[None], taps.flip(0))[0] / 2 for taps in (low, high))
    bank = torch.eye(len(POWER), 1, dtype=torch.float64)
    for band in range(1, len(POWER)):
        spread = torch.stack([bank, torch.zeros_like(bank)], 2).flatten(1)[:, :-1]
        bank = _convolve(spread, low_pass)
        start = (bank.shape[1] - len(high_pass)) // 2
        bank[band, start:start + len(high_pass)] += high_pass
    return bank.float()


def band_gains(spec: AdaSpec, p: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """Factors of the bands, (N, 4), that keep the power of a natural image; and which images have some, (N,)."""
    power = torch.tensor(POWER, device=draws.device)
    gains = torch.ones(draws.samples, len(POWER), device=draws.device)
    changed = torch.zeros(draws.samples, dtype=torch.bool, device=draws.device)
    for band, often in enumerate(spec.imgfilter_bands):
        factor = torch.exp2(spec.imgfilter_std * draws.normal())
        happens = draws.happens("imgfilter", spec.imgfilter * p * often)
        amplified = torch.ones_like(gains)
        amplified[:, band] = torch.where(happens, factor, 1.0)
        gains = gains * amplified / (power * amplified.square()).sum(1, keepdim=True).sqrt()
        changed = changed | happens
    return gains, changed


def filtered(x: Tensor, gains: Tensor, bank: Tensor) -> Tensor:
    """Filter each image of x (N, C, H, W), reflected at its edges, by its own mix (N, 4) of the bank, on both axes.

    Raises ValueError where an image is too small to be reflected as far as the filter reaches.
    """
    samples, channels, height, width = x.shape
    reach = bank.shape[1] // 2
    if min(height, width) <= reach:
        raise ValueError(f"ADA's image filters need sides of more than {reach} pixels, and these images are "
                         f"{height}x{width}: choose a pipeline without them, as bgc")
    taps = (gains @ bank).to(x.dtype).repeat_interleave(channels, 0)[:, None]
    x = pad(x.reshape(1, samples * channels, height, width), (reach,) * 4, mode="reflect")
    x = conv2d(x, taps[:, :, None, :], groups=len(taps))
    return conv2d(x, taps[:, :, :, None], groups=len(taps)).view(samples, channels, height, width)


def _convolve(rows: Tensor, taps: Tensor) -> Tensor:
    """Full convolution of each row (R, n) with taps (k,): (R, n + k - 1)."""
    return torch.nn.functional.conv1d(rows[:, None], taps.flip(0)[None, None], padding=len(taps) - 1)[:, 0]

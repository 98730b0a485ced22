"""Images moved and turned as the continuous signals that they sample (StyleGAN3, 2106.12423, App. E).

Each movement returns the image (N, C, H, W), and where in it (H, W) the given pixels suffice to say what is seen: a
`Moved`. Shifts (x, y) are in pixels, right and down; angles in radians, counter-clockwise.
"""

from math import cos, floor, sin
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from ...ops import filter2d, upfirdn2d, upsample2d

LOBES = 3                                    # of the Lanczos windows, in pixels on either side
REACH = 2 * LOBES                            # of a product of two windows
UP = 4                                       # how much finer the image is, between whose pixels a turned one is read
FAR = 64                                     # pixels to which filters are followed while they are designed


class Moved(NamedTuple):
    """A moved image and where it is valid."""

    x: Tensor                                # (N, C, H, W)
    valid: Tensor                            # (H, W) bool


def shifted_by_pixels(x: Tensor, shift: tuple[int, int]) -> Moved:
    """T_x of App. E.1: moved by whole pixels."""
    return _placed(x, shift, x.shape[2:])


def shifted(x: Tensor, shift: tuple[float, float]) -> Moved:
    """T_x of App. E.2: moved by fractions of pixels, interpolated by a Lanczos filter of each axis."""
    whole, lines = [], []
    for length in shift:
        whole.append(floor(length))
        t = torch.arange(2 * LOBES, dtype=torch.float64) - (LOBES - 1) - (length - floor(length))
        line = torch.sinc(t) * torch.sinc(t / LOBES)
        lines.append((line / line.sum()).to(x))
    y = upfirdn2d(upfirdn2d(x, lines[0][None, :]), lines[1][:, None])
    return _placed(y, (whole[0] + LOBES, whole[1] + LOBES), x.shape[2:])


def turned_about_centre(x: Tensor, angle: float) -> Moved:
    """R_a of App. E.3: turned, with frequencies removed that either square grid of pixels cannot carry."""
    height, width = x.shape[2:]
    low_pass = bandlimit(angle, UP).to(x)
    border = low_pass.shape[0] // 2
    fine = upsample2d(x, low_pass, up=UP, padding=border)
    # Where each pixel is read from; the fine image starts a half of its own pixels before the given one.
    u, v = ((torch.arange(n, device=x.device, dtype=x.dtype) + (1 - n) / 2) for n in (width, height))
    back = torch.stack([cos(angle) * u - sin(angle) * v[:, None], sin(angle) * u + cos(angle) * v[:, None]], 2)
    sides = back.new_tensor([width, height]) + 2 * border / UP
    grid = ((2 * back + 1 / UP) / sides).expand(len(x), -1, -1, -1)
    inside = pad(fine.new_ones(1, 1, *(n - 2 * (2 * border + 1) for n in fine.shape[2:])), [2 * border + 1] * 4)
    valid = grid_sample(inside, grid[:1], mode="nearest", align_corners=False)[0, 0] > 0
    return Moved(grid_sample(fine, grid, mode="bilinear", align_corners=False), valid)


def filtered_as_turned(x: Tensor, angle: float) -> Moved:
    """R*_a of App. E.3: without the frequencies that `turned_about_centre` removes, and not turned."""
    low_pass = bandlimit(-angle, 1).to(x)
    return Moved(filter2d(x, low_pass), _inner(x, low_pass.shape[0] // 2))


def bandlimit(angle: float, up: int) -> Tensor:
    """A low-pass filter (2 REACH up - 1,) * 2 for pixels and pixels that are turned, at `up` taps per pixel, float64.

    The sinc of one grid convolved with that of the other, times the same of their Lanczos windows.
    """
    line = torch.arange(1 - FAR * up, FAR * up, dtype=torch.float64) / up
    line = torch.fft.ifftshift(line)         # so that a circular convolution keeps the centre where it is
    y, x = torch.meshgrid(line, line, indexing="ij")
    grids = ((x, y), (cos(angle) * x + sin(angle) * y, cos(angle) * y - sin(angle) * x))
    ideal = _convolved(*(torch.sinc(u) * torch.sinc(v) for u, v in grids))
    window = _convolved(*(_lanczos(u) * _lanczos(v) for u, v in grids))
    cut = (FAR - REACH) * up
    f = pad(torch.fft.fftshift(ideal * window)[cut:-cut, cut:-cut], [0, 1, 0, 1])
    f = f.view(2 * REACH, up, 2 * REACH, up)     # of each phase of the fine image by itself, so that flat stays flat
    return (f / f.sum((0, 2), keepdim=True) / up**2).view(2 * REACH * up, -1)[:-1, :-1]


def _convolved(a: Tensor, b: Tensor) -> Tensor:
    return torch.fft.ifft2(torch.fft.fft2(a) * torch.fft.fft2(b)).real


def _lanczos(t: Tensor) -> Tensor:
    return torch.where(t.abs() < LOBES, torch.sinc(t / LOBES), 0.0)


def _placed(y: Tensor, corner: tuple[int, int], size: torch.Size) -> Moved:
    """y with its upper left at (x, y) of an empty image (height, width), what lies outside being cropped."""
    margins = [corner[0], size[1] - corner[0] - y.shape[3], corner[1], size[0] - corner[1] - y.shape[2]]
    return Moved(pad(y, margins), pad(y.new_ones(y.shape[2:]), margins) > 0)


def _inner(x: Tensor, border: int) -> Tensor:
    """Where the pixels of an image are at least so far from its edge: (H, W)."""
    inside = x.new_zeros(x.shape[2:], dtype=torch.bool)
    inside[border:x.shape[2] - border, border:x.shape[3] - border] = True
    return inside

"""ADA's pixel blitting and geometric transformations: one affine map per image, resampled without aliasing."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

from ...ops import downsample2d, upsample2d
from .draws import Draws
from .matrices import compose, matrices, product, select
from .spec import AdaSpec

# Daubechies' least asymmetric wavelet with six vanishing moments (sym6), its low-pass filter.
SYM6 = (0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
        0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
        0.0017677118642428036, -0.007800708325034148)


def inverse_maps(spec: AdaSpec, p: Tensor, draws: Draws, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Where the pixels of the result come from, (N, 3, 3), in pixels from the centre; and which images move, (N,).

    size: the images' (H, W).
    """
    identity = torch.eye(3, device=draws.device)
    inverse, moved = identity, torch.zeros(draws.samples, dtype=torch.bool, device=draws.device)
    for operation, probability, matrix in _operations(spec, p, draws, size):
        happens = draws.happens(operation, probability)
        inverse, moved = compose(inverse, select(happens, matrix, identity)), moved | happens
    return inverse, moved


def warp(x: Tensor, inverse: Tensor, low_pass: Tensor) -> Tensor:
    """Images x (N, C, H, W), reflected beyond their edges, seen through maps (N, 3, 3): the same shape.

    They are up-sampled by two with the low-pass filter (taps,), sampled bilinearly, and down-sampled (App. B, Alg. 1).
    """
    height, width = x.shape[2:]
    taps = len(low_pass) // 4
    left, top, right, bottom = _margins(inverse, height, width, 2 * taps)
    x = upsample2d(pad(x, (left, right, top, bottom), mode="reflect"), low_pass, up=2)
    inverse = product(_shift((left - right) / 2, (top - bottom) / 2, inverse), inverse)
    # Twice as fine, the pixels' centres are half a fine pixel off; then in units of half the image, as grids are.
    inverse = _between(_scale(2, 2, inverse), inverse, _scale(0.5, 0.5, inverse))
    inverse = _between(_shift(-0.5, -0.5, inverse), inverse, _shift(0.5, 0.5, inverse))
    out = (2 * (height + 2 * taps), 2 * (width + 2 * taps))
    grid = _between(_scale(2 / x.shape[3], 2 / x.shape[2], inverse), inverse, _scale(out[1] / 2, out[0] / 2, inverse))
    x = grid_sample(x, _positions(grid.to(x.dtype), *out), mode="bilinear", padding_mode="zeros", align_corners=False)
    return downsample2d(x, low_pass, down=2, padding=-2 * taps, flip_filter=True)


def _operations(spec: AdaSpec, p: Tensor, draws: Draws, size: tuple[int, int]) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, probability and inverse maps (N, 3, 3) of each operation, drawn one after the other."""
    height, width = size
    if spec.xflip:
        yield "xflip", spec.xflip * p, _scale(1 - 2 * torch.floor(2 * draws.uniform()), 1, p)
    if spec.rotate90:
        yield "rotate90", spec.rotate90 * p, _rotate(math.pi / 2 * torch.floor(4 * draws.uniform()))
    if spec.xint:
        x, y = ((2 * draws.uniform(2) - 1) * spec.xint_max).unbind(1)
        yield "xint", spec.xint * p, _shift(-torch.round(x * width), -torch.round(y * height), p)
    if spec.scale:
        s = torch.exp2(draws.normal() * spec.scale_std)
        yield "scale", spec.scale * p, _scale(1 / s, 1 / s, p)
    turns = 1 - torch.sqrt((1 - spec.rotate * p).clamp(0, 1))         # so that one of the two happens with p
    if spec.rotate:
        yield "rotate", turns, _rotate((2 * draws.uniform() - 1) * math.pi * spec.rotate_max)
    if spec.aniso:
        s = torch.exp2(draws.normal() * spec.aniso_std)
        yield "aniso", spec.aniso * p, _scale(1 / s, 1 / (1 / s), p)
    if spec.rotate:
        yield "rotate again", turns, _rotate((2 * draws.uniform() - 1) * math.pi * spec.rotate_max)
    if spec.xfrac:
        x, y = (draws.normal(2) * spec.xfrac_std).unbind(1)
        yield "xfrac", spec.xfrac * p, _shift(-x * width, -y * height, p)


def _margins(inverse: Tensor, height: int, width: int, reach: int) -> list[int]:
    """How far beyond left, top, right and bottom the maps look, with the filter's reach; a reflection has a limit."""
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = inverse.new_tensor([[1, 1, 1, 1], [-x, x, x, -x], [-y, -y, y, y]])
    seen = product(inverse[:, :2].roll(1, 2), corners).transpose(0, 1).flatten(1)
    beyond = torch.cat([-seen, seen]).amax(1) + inverse.new_tensor([reach - x, reach - y] * 2)
    limits = inverse.new_tensor([width - 1, height - 1] * 2)
    return [int(margin) for margin in beyond.clamp(min=0).minimum(limits).ceil().tolist()]


def _positions(maps: Tensor, height: int, width: int) -> Tensor:
    """Where the maps (N, 3, 3) send the pixels' centres, (N, H, W, 2), in [-1, 1] from edge to edge on both sides."""
    x, y = (torch.linspace(-1, 1, length, dtype=maps.dtype, device=maps.device) * (length - 1) / length
            for length in (width, height))
    centres = torch.stack([x.expand(height, width), y[:, None].expand(height, width),
                           x.new_ones(height, width)], -1).flatten(0, 1)
    return product(centres, maps[:, :2].mT).unflatten(1, (height, width))


def _between(left: Tensor, maps: Tensor, right: Tensor) -> Tensor:
    return product(product(left, maps), right)


def _shift(x: Tensor | float, y: Tensor | float, like: Tensor) -> Tensor:
    return matrices([[1, 0, x], [0, 1, y], [0, 0, 1]], like)


def _scale(x: Tensor | float, y: Tensor | float, like: Tensor) -> Tensor:
    return matrices([[x, 0, 0], [0, y, 0], [0, 0, 1]], like)


def _rotate(angle: Tensor) -> Tensor:
    cos, sin = torch.cos(angle), torch.sin(angle)
    return matrices([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], angle)

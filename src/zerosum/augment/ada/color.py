"""ADA's colour transformations: one affine map of colours per image."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from .draws import Draws
from .matrices import compose, matrices, select
from .spec import AdaSpec


def colour_maps(spec: AdaSpec, p: Tensor, draws: Draws, grey: bool) -> Tensor:
    """What becomes of (red, green, blue, 1) in each image: (N, 4, 4); grey images have no hue and no saturation."""
    identity = torch.eye(4, device=draws.device)
    colours = identity.expand(draws.samples, 4, 4)
    for operation, probability, matrix in _operations(spec, p, draws, grey):
        colours = compose(select(draws.happens(operation, probability), matrix, identity), colours)
    return colours


def recolour(x: Tensor, colours: Tensor) -> Tensor:
    """Apply maps (N, 4, 4) to images x (N, 3, H, W); to grey ones (N, 1, H, W) as to three equal channels' mean."""
    linear, constant = colours[:, :3, :3].to(x.dtype), colours[:, :3, 3].to(x.dtype)
    if x.shape[1] == 1:
        return x * linear.sum((1, 2)).div(3)[:, None, None, None] + constant.mean(1)[:, None, None, None]
    return (linear @ x.flatten(2) + constant[:, :, None]).view(x.shape)


def _operations(spec: AdaSpec, p: Tensor, draws: Draws, grey: bool) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, probability and maps (N, 4, 4) of each operation, drawn one after the other."""
    identity = torch.eye(4, device=p.device)
    axis = torch.tensor([1.0, 1.0, 1.0, 0.0], device=p.device) / math.sqrt(3)        # of greys
    luma = torch.outer(axis, axis)
    if spec.brightness:
        b = spec.brightness_std * draws.normal()
        yield "brightness", spec.brightness * p, matrices([[1, 0, 0, b], [0, 1, 0, b], [0, 0, 1, b], [0, 0, 0, 1]], p)
    if spec.contrast:
        c = torch.exp2(spec.contrast_std * draws.normal())
        yield "contrast", spec.contrast * p, matrices([[c, 0, 0, 0], [0, c, 0, 0], [0, 0, c, 0], [0, 0, 0, 1]], p)
    if spec.lumaflip:                                                 # a reflection, Householder's
        flipped = torch.floor(2 * draws.uniform())[:, None, None]
        yield "lumaflip", spec.lumaflip * p, identity - 2 * luma * flipped
    if spec.hue and not grey:
        yield "hue", spec.hue * p, _around_greys((2 * draws.uniform() - 1) * math.pi * spec.hue_max)
    if spec.saturation and not grey:
        s = torch.exp2(spec.saturation_std * draws.normal())[:, None, None]
        yield "saturation", spec.saturation * p, luma + (identity - luma) * s


def _around_greys(angle: Tensor) -> Tensor:
    """Rotations of the colours around the axis of greys (Rodrigues): (N, 4, 4)."""
    cos, sin = torch.cos(angle), torch.sin(angle) / math.sqrt(3)
    same, one, other = (1 - cos) / 3 + cos, (1 - cos) / 3 - sin, (1 - cos) / 3 + sin
    return matrices([[same, one, other, 0], [other, same, one, 0], [one, other, same, 0], [0, 0, 0, 1]], angle)

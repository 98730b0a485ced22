"""The residual networks for 32 px of WGAN-GP (Gulrajani et al., 2017, arXiv:1704.00028) and of SNGAN.

    32 px:  z -> Linear -> 4x4 -> [up block] x 3 -> BN, ReLU, conv 3x3, tanh
            x -> down block -> down block -> block -> block -> ReLU, mean or sum over pixels -> Linear

Other sizes have one up block or down block more or fewer per octave: 28 px starts from 7x7, 48x32 px from 6x4.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ..ops import at_least_float32

Size = int | Sequence[int]                   # side of a square, or (height, width)
Width = int | Sequence[int]                  # channels: the same everywhere, or after each layer in turn


class GeneratorBlock(nn.Module):
    """BN, ReLU, x2, conv 3x3, BN, ReLU, conv 3x3; shortcut: x2, conv 1x1."""

    def __init__(self, inputs: int, outputs: int, up: str):
        super().__init__()
        self.up = up
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1, self.conv2 = _conv3(inputs, outputs), _conv3(outputs, outputs)
        self.shortcut = _conv1(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, 2H, 2W)."""
        h = self.conv1(self._double(relu(self.norm1(x))))
        h = self.conv2(relu(self.norm2(h)))
        return h + self._double(self.shortcut(x))        # a 1x1 convolution commutes with resizing; first is cheaper

    def _double(self, x: Tensor) -> Tensor:
        return interpolate(x, scale_factor=2, mode=self.up, align_corners=False if self.up == "bilinear" else None)


class DiscriminatorBlock(nn.Module):
    """[ReLU,] conv 3x3, ReLU, conv 3x3 [, halve]; shortcut: [halve,] conv 1x1, or identity where nothing changes.

    The first block of a network takes pixels and has no ReLU in front. `activate` is where the shortcut of the others
    leaves: "inside" the residual branch, as published, or "before" both, as mimicry's in-place ReLU has it.
    """

    def __init__(self, inputs: int, outputs: int, *, first: bool = False, down: bool = False,
                 activate: str = "inside"):
        super().__init__()
        self.first, self.down, self.activate = first, down, activate
        hidden = outputs if first else inputs
        self.conv1, self.conv2 = _conv3(inputs, hidden), _conv3(hidden, outputs)
        self.shortcut = _conv1(inputs, outputs) if down or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H, W), halved if `down`."""
        h = x if self.first else relu(x)
        if self.activate == "before":
            x = h
        h = self.conv2(relu(self.conv1(h)))
        if self.down:
            h, x = avg_pool2d(h, 2), avg_pool2d(x, 2)    # a 1x1 convolution commutes with the mean
        return h + self.shortcut(x)


class ResNetGenerator(nn.Module):
    """z -> Linear to a small map -> one up block per octave -> BN, ReLU, conv 3x3, tanh.

    `width`: channels of the first map and after each block (128 in WGAN-GP, 256 in SNGAN). `up`: "nearest" in the
    papers, "bilinear" in mimicry. `bottom`: shorter side of the first map, by default that of the image halved down to
    at least 4. Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 128, image_size: Size = 32, channels: int = 3, width: Width = 128, *,
                 up: Literal["nearest", "bilinear"] = "nearest", bottom: int | None = None):
        super().__init__()
        octaves, first = _octaves(image_size, bottom, smallest=4)
        widths = _widths(width, octaves + 1)
        if len(widths) != octaves + 1:
            raise ValueError(f"this ResNet needs {octaves + 1} widths, not {len(widths)}")
        self.first = (widths[0], *first)
        self.linear = nn.Linear(z_dim, prod(self.first))
        self.blocks = nn.Sequential(*[GeneratorBlock(a, b, up) for a, b in pairwise(widths)])
        self.norm = nn.BatchNorm2d(widths[-1])
        self.conv = nn.Conv2d(widths[-1], channels, 3, padding=1)
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to images (N, channels, height, width) in [-1, 1]."""
        h = self.blocks(self.linear(z).unflatten(1, self.first))
        return torch.tanh(self.conv(relu(self.norm(h))))


class ResNetDiscriminator(nn.Module):
    """x -> one down block per octave -> further blocks -> ReLU, pool -> Linear -> score; no normalization.

    `width`: channels after each block (128 in WGAN-GP and SNGAN); one number gives two further blocks. `pool`: over the
    pixels, "mean" in WGAN-GP, "sum" in SNGAN. `activate`: see DiscriminatorBlock. `bottom`: shorter side of the last
    map, by default that of the image halved down to at least 7. Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, image_size: Size = 32, channels: int = 3, width: Width = 128, *,
                 pool: Literal["mean", "sum"] = "mean", activate: Literal["inside", "before"] = "inside",
                 bottom: int | None = None):
        super().__init__()
        octaves, _last = _octaves(image_size, bottom, smallest=7)
        widths = [channels, *_widths(width, octaves + 2)]
        if len(widths) <= octaves:
            raise ValueError(f"this ResNet needs at least {octaves} widths, not {len(widths) - 1}")
        self.blocks = nn.Sequential(*[
            DiscriminatorBlock(inputs, outputs, first=k == 0, down=k < octaves, activate=activate)
            for k, (inputs, outputs) in enumerate(pairwise(widths))])
        self.linear = nn.Linear(widths[-1], 1)
        self.pool = pool
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Score images (N, channels, height, width): (N,), float32."""
        h = relu(self.blocks(x))
        h = h.mean((2, 3)) if self.pool == "mean" else h.sum((2, 3))
        return at_least_float32(self.linear(h).squeeze(1))


def _conv3(inputs: int, outputs: int) -> nn.Conv2d:
    """Followed or preceded by ReLU, hence the gain of sqrt 2 (the official code's `he_init`)."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.xavier_uniform_(conv.weight, 2 ** 0.5)
    return conv


def _conv1(inputs: int, outputs: int) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 1)
    nn.init.xavier_uniform_(conv.weight)
    return conv


def _octaves(image_size: Size, bottom: int | None, smallest: int) -> tuple[int, tuple[int, int]]:
    """How often both sides are halved, and height and width of the smallest map.

    Its shorter side is `bottom`, or where that is None as small as whole numbers of at least `smallest` allow.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    octaves = 0
    while height % (2 << octaves) == width % (2 << octaves) == 0 and (
            min(height, width) >> octaves + 1 >= (bottom or smallest)):
        octaves += 1
    first = (height >> octaves, width >> octaves)
    if octaves == 0 or min(first) != (bottom or min(first)):
        raise ValueError(f"this ResNet cannot be built for {height}x{width} pixels: both sides must be halved at least "
                         f"once, until {bottom or f'no fewer than {smallest}'} pixels of the shorter are left")
    return octaves, first


def _widths(width: Width, count: int) -> list[int]:
    return [width] * count if isinstance(width, int) else list(width)

"""The residual networks for 32 px of WGAN-GP (Gulrajani et al., 2017, arXiv:1704.00028, Appendix C) and of SNGAN.

    32 px:  z -> Linear -> 4x4 -> [up block] x 3 -> BN, ReLU, conv 3x3, tanh
            x -> down block -> down block -> block -> block -> ReLU, mean or sum over pixels -> Linear

Other powers of two have one up block or down block more or fewer per octave.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ..ops import at_least_float32

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
    """z -> Linear to 4x4 -> one up block per octave -> BN, ReLU, conv 3x3, tanh.

    `width`: channels of the 4x4 map and after each block (128 in WGAN-GP, 256 in SNGAN). `up`: "nearest" in the papers,
    "bilinear" in mimicry. Raises ValueError unless image_size is a power of two from 8 on.
    """

    def __init__(self, z_dim: int = 128, image_size: int = 32, channels: int = 3, width: Width = 128,
                 up: Literal["nearest", "bilinear"] = "nearest"):
        super().__init__()
        widths = _widths(width, _octaves(image_size, 4) + 1)
        self.linear = nn.Linear(z_dim, widths[0] * 16)
        self.blocks = nn.Sequential(*[GeneratorBlock(a, b, up) for a, b in pairwise(widths)])
        self.norm = nn.BatchNorm2d(widths[-1])
        self.conv = nn.Conv2d(widths[-1], channels, 3, padding=1)
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to images (N, channels, image_size, image_size) in [-1, 1]."""
        h = self.blocks(self.linear(z).unflatten(1, (-1, 4, 4)))
        return torch.tanh(self.conv(relu(self.norm(h))))


class ResNetDiscriminator(nn.Module):
    """x -> one down block per octave until 8x8 -> two blocks -> ReLU, pool -> Linear -> score; no normalization.

    `width`: channels after each block (128 in WGAN-GP and SNGAN). `pool`: over the pixels, "mean" in WGAN-GP, "sum" in
    SNGAN. `activate`: see DiscriminatorBlock. Raises ValueError unless image_size is a power of two from 16 on.
    """

    def __init__(self, image_size: int = 32, channels: int = 3, width: Width = 128,
                 pool: Literal["mean", "sum"] = "mean", activate: Literal["inside", "before"] = "inside"):
        super().__init__()
        downs = _octaves(image_size, 8)
        widths = [channels, *_widths(width, downs + 2)]
        self.blocks = nn.Sequential(*[
            DiscriminatorBlock(widths[k], widths[k + 1], first=k == 0, down=k < downs, activate=activate)
            for k in range(downs + 2)])
        self.linear = nn.Linear(widths[-1], 1)
        self.pool = pool
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_size): (N,), float32."""
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


def _octaves(image_size: int, start: int) -> int:
    """Doublings from `start` to image_size, at least one."""
    octaves = (image_size // start).bit_length() - 1
    if octaves < 1 or start << octaves != image_size:
        raise ValueError(f"this ResNet needs an image size that is a power of two and at least {2 * start}, "
                         f"not {image_size}")
    return octaves


def _widths(width: Width, count: int) -> list[int]:
    widths = [width] * count if isinstance(width, int) else list(width)
    if len(widths) != count:
        raise ValueError(f"this ResNet needs {count} widths, not {len(widths)}")
    return widths

"""The networks of R3GAN (Huang et al., 2024, arXiv:2501.05441, Sec. 3): residual, grouped, without normalization.

    G: z -> 4x4 basis scaled by a linear map of z -> blocks -> [(conv 1x1) x2, blocks] per octave -> conv 1x1
    D: x -> conv 1x1 -> [blocks, /2 (conv 1x1)] per octave -> blocks -> 4x4 depthwise -> linear score

A block is x + conv 1x1 (leaky ReLU (conv 3x3 in groups (leaky ReLU (conv 1x1 x)))), wider inside. Its last weights
start at zero and the others small, so that the sum over all blocks starts as the identity (Fixup, 1901.09321).
"""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ..ops import at_least_float32, downsample, low_pass, upsample

SLOPE = 0.2                                  # of the leaky ReLU
GAIN = sqrt(2 / (1 + SLOPE ** 2))            # keeps the variance through it
Sizes = int | Sequence[int]                  # the same in every stage, or one for each


class Block(nn.Module):
    """The residual block; `group`: channels in a group of the 3x3 convolution; `depth`: blocks in all (for Fixup)."""

    def __init__(self, width: int, expansion: int, group: int, depth: int):
        super().__init__()
        inside = width * expansion
        if inside % group:
            raise ValueError(f"{width} maps, times {expansion} inside of a block, do not divide into groups of {group}")
        # One multiplies the gain by L^(-1/(2 m - 2)), with m = 3 layers in a block and L blocks (Fixup, Sec. 3).
        gain = GAIN * depth ** -0.25
        self.conv1 = _init(nn.Conv2d(width, inside, 1), gain)
        self.conv2 = _init(nn.Conv2d(inside, inside, 3, padding=1, groups=inside // group), gain)
        self.conv3 = _init(nn.Conv2d(inside, width, 1, bias=False), 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> the same shape."""
        return x + self.conv3(leaky_relu(self.conv2(leaky_relu(self.conv1(x), SLOPE)), SLOPE))


class Up(nn.Module):
    """Convolution 1x1 where the width changes, then bilinear x2."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = _conv1(inputs, outputs)
        self.register_buffer("kernel", low_pass((1, 2, 1)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, 2H, 2W)."""
        return upsample(self.conv(x), self.kernel)


class Down(nn.Module):
    """Bilinear /2, then convolution 1x1 where the width changes."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = _conv1(inputs, outputs)
        self.register_buffer("kernel", low_pass((1, 2, 1)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H/2, W/2)."""
        return self.conv(downsample(x, self.kernel))


class FirstMap(nn.Module):
    """z -> learned maps of `size`, each times a number that depends on z."""

    def __init__(self, inputs: int, width: int, size: tuple[int, int] = (4, 4)):
        super().__init__()
        self.basis = nn.Parameter(torch.randn(width, *size))
        self.linear = _init(nn.Linear(inputs, width, bias=False))

    def forward(self, z: Tensor) -> Tensor:
        """(N, inputs) -> (N, width, *size)."""
        return self.basis * self.linear(z)[:, :, None, None]


class LastMap(nn.Module):
    """Maps of `size` -> one number each, by learned weights -> scores."""

    def __init__(self, width: int, outputs: int, size: tuple[int, int] = (4, 4)):
        super().__init__()
        self.basis = _init(nn.Conv2d(width, width, size, groups=width, bias=False))
        self.linear = _init(nn.Linear(width, outputs, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, *size) -> (N, outputs)."""
        return self.linear(self.basis(x).flatten(1))


class R3GANGenerator(nn.Module):
    """z (and a class) -> image. In evaluation its pixels are clamped to [-1, 1]; in training they are free.

    `image_size`: height and width, halved until 4 to 7 pixels are left of the shorter, or the side of a square.
    `width`: maps of each stage from 4x4 up; one number is that of 4 to 32 pixels, halved at each octave above, as in
    the paper. `blocks` per stage, in groups of `group` channels at `expansion` times the width. `classes`: one-hot
    labels join z through an embedding of `embedding` numbers. Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 64, image_size: Sizes = 32, channels: int = 3, width: Sizes = 768, *,
                 blocks: Sizes = 2, expansion: int = 2, group: int = 16, classes: int = 0, embedding: int = 64):
        super().__init__()
        first, widths, counts = _stages(image_size, width, blocks)
        inputs = z_dim + (embedding if classes else 0)
        transitions = [FirstMap(inputs, widths[0], first), *(Up(*pair) for pair in pairwise(widths))]
        self.stages = nn.Sequential(*[
            nn.Sequential(transition, *(Block(maps, expansion, group, sum(counts)) for _ in range(count)))
            for transition, maps, count in zip(transitions, widths, counts, strict=True)])
        self.to_image = _init(nn.Conv2d(widths[-1], channels, 1, bias=False))
        self.embed = _init(nn.Linear(classes, embedding, bias=False)) if classes else None

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim), and one-hot labels (N, classes), to images (N, channels, H, W)."""
        z = z if self.embed is None else torch.cat([z, self.embed(labels)], 1)
        x = self.to_image(self.stages(z))
        return x if self.training else x.clamp(-1, 1)


class R3GANDiscriminator(nn.Module):
    """Image (and a class) -> score; the arguments are the generator's, and the stages its own in reverse.

    `classes`: the score is the product of `embedding` numbers with an embedding of the one-hot label.
    """

    def __init__(self, image_size: Sizes = 32, channels: int = 3, width: Sizes = 768, *, blocks: Sizes = 2,
                 expansion: int = 2, group: int = 16, classes: int = 0, embedding: int = 768):
        super().__init__()
        first, *stages = _stages(image_size, width, blocks)
        widths, counts = (sizes[::-1] for sizes in stages)
        self.from_image = _init(nn.Conv2d(channels, widths[0], 1, bias=False))
        transitions = [*(Down(*pair) for pair in pairwise(widths)),
                       LastMap(widths[-1], embedding if classes else 1, first)]
        self.stages = nn.Sequential(*[
            nn.Sequential(*(Block(maps, expansion, group, sum(counts)) for _ in range(count)), transition)
            for transition, maps, count in zip(transitions, widths, counts, strict=True)])
        self.embed = _init(nn.Linear(classes, embedding, bias=False), 1 / sqrt(embedding)) if classes else None

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images (N, channels, H, W), with one-hot labels (N, classes): (N,), float32."""
        scores = at_least_float32(self.stages(self.from_image(x)))
        return scores.squeeze(1) if self.embed is None else (scores * self.embed(labels)).sum(1)


def _init(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Module:
    """Weights from N(0, gain^2 / inputs), no bias."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _conv1(inputs: int, outputs: int) -> nn.Module:
    return nn.Identity() if inputs == outputs else _init(nn.Conv2d(inputs, outputs, 1, bias=False))


def _stages(image_size: Sizes, width: Sizes, blocks: Sizes) -> tuple[tuple[int, int], list[int], list[int]]:
    """Height and width of the first maps, and maps and blocks of each stage up to the image."""
    height, side = (image_size, image_size) if isinstance(image_size, int) else image_size
    octaves = 0
    while height % (2 << octaves) == side % (2 << octaves) == 0 and min(height, side) >> octaves >= 8:
        octaves += 1
    first = (height >> octaves, side >> octaves)
    if not 4 <= min(first) <= 7:
        raise ValueError("R3GAN makes images whose sides can be halved until 4 to 7 pixels are left of the shorter, "
                         f"such as 32x32 or 48x64, not {height}x{side}")
    if isinstance(width, int):
        width = [width >> max(0, octave - 3) for octave in range(octaves + 1)]
    blocks = [blocks] * len(width) if isinstance(blocks, int) else blocks
    if not len(width) == len(blocks) == octaves + 1:
        raise ValueError(f"this R3GAN has {octaves + 1} stages, not {len(width)} widths and {len(blocks)} counts of "
                         "blocks")
    return first, list(width), list(blocks)

"""The networks of BigGAN-deep (Brock et al., 2019, arXiv:1809.11096, App. B): twice the blocks, bottlenecks inside.

    z, y -> [z, embed(y)] -> Linear -> 4x4 -> [block, up block] per octave -> BN, ReLU, conv 3x3, tanh
    x -> conv 3x3 -> [down block, block] per octave -> ReLU, sum over pixels -> h;  score = Linear(h) + <embed(y), h>

A block works on a quarter of its channels, and no convolution stands in its shortcut: the generator drops channels
that are too many, the discriminator adds those that are missing. Keys are those of ajbrock/BigGAN-PyTorch.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, relu

from ..layers import SelfAttention
from .biggan import (
    BigGANDiscriminator,
    BigGANGenerator,
    Middle,
    Size,
    Width,
    doubled,
    halvings,
    init_biggan,
    octaves_of,
    widths_down,
)

RATIO = 4                                    # channels of a block over those inside it


class DeepGeneratorBlock(nn.Module):
    """[BN, ReLU, conv] x 4: 1x1 to a quarter, [x2,] 3x3, 3x3, 1x1; shortcut: the first channels [, x2]."""

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module], *, up: bool):
        super().__init__()
        inside = _inside(inputs)
        self.outputs, self.up = outputs, up
        self.conv1, self.conv4 = nn.Conv2d(inputs, inside, 1), nn.Conv2d(inside, outputs, 1)
        self.conv2, self.conv3 = (nn.Conv2d(inside, inside, 3, padding=1) for _ in range(2))
        self.bn1 = norm(inputs)
        self.bn2, self.bn3, self.bn4 = (norm(inside) for _ in range(3))

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H, W), twice as large if `up`."""
        h = relu(self.bn2(self.conv1(relu(self.bn1(x, condition))), condition))
        x = x[:, :self.outputs]
        if self.up:
            h, x = doubled(h), doubled(x)
        h = self.conv3(relu(self.bn3(self.conv2(h), condition)))
        return self.conv4(relu(self.bn4(h, condition))) + x


class DeepDiscriminatorBlock(nn.Module):
    """[ReLU, conv] x 4: 1x1 to a quarter, 3x3, 3x3, [halve,] 1x1; shortcut: [halve,] more channels by a conv 1x1."""

    def __init__(self, inputs: int, outputs: int, *, down: bool):
        super().__init__()
        inside = _inside(outputs)
        self.down = down
        self.conv1, self.conv4 = nn.Conv2d(inputs, inside, 1), nn.Conv2d(inside, outputs, 1)
        self.conv2, self.conv3 = (nn.Conv2d(inside, inside, 3, padding=1) for _ in range(2))
        self.conv_sc = nn.Conv2d(inputs, outputs - inputs, 1) if outputs > inputs else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H, W), halved if `down`."""
        h = relu(self.conv3(relu(self.conv2(relu(self.conv1(relu(x)))))))
        if self.down:
            h, x = avg_pool2d(h, 2), avg_pool2d(x, 2)
        return self.conv4(h) + (x if self.conv_sc is None else torch.cat([x, self.conv_sc(x)], 1))


class BigGANDeepGenerator(BigGANGenerator):
    """z, and a class, -> image, by `depth` blocks per octave.

    All of z goes to every norm if `hierarchical`, and the embedding of the class to the first layer, too: [z, embed(y)]
    is one vector. Other arguments and errors as in BigGAN's generator; the number of blocks counts the deeper ones.
    """

    def __init__(self, z_dim: int = 128, image_size: Size = (128, 128), channels: int = 3, width: Width = 128, *,
                 depth: int = 2, **options):
        self.depth = depth                   # the blocks are made of it
        super().__init__(z_dim, image_size, channels, width, **options)

    def parts_of(self, z_dim: int, octaves: int, shared: int) -> tuple[int, int]:
        joined = z_dim + shared
        return (joined, joined) if self.hierarchical else (z_dim, shared)

    def make_blocks(self, widths: Sequence[int], norm: Callable[[int], nn.Module]) -> list[tuple[nn.Module, int]]:
        found: list[tuple[nn.Module, int]] = []
        for inputs, outputs in pairwise(widths):
            for k in range(self.depth):
                last = k == self.depth - 1
                maps = outputs if last else inputs
                found.append((DeepGeneratorBlock(inputs, maps, norm, up=last), maps))
        return found

    def told(self, z: Tensor, y: Tensor | None) -> tuple[Tensor, list[Tensor | None]]:
        if not self.hierarchical:
            return z, [y] * len(self.blocks)
        joined = z if y is None else torch.cat([y, z], 1)
        return joined, [joined] * len(self.blocks)


class BigGANDeepDiscriminator(BigGANDiscriminator):
    """x -> conv 3x3 -> `depth` blocks per octave -> ReLU, sum over pixels -> Linear(h) + <embed(y), h>.

    `width`: maps of the first convolution, and after each octave, whose number `attention` counts.
    """

    def __init__(self, image_size: Size = (128, 128), channels: int = 3, width: Width = 128, *, classes: int = 0,
                 depth: int = 2, attention: Collection[int] = (), middle: Middle = SelfAttention):
        nn.Module.__init__(self)
        octaves = octaves_of(image_size, width)
        widths, down = widths_down(octaves, width), halvings(octaves)
        self.input_conv = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for k, (inputs, outputs) in enumerate(pairwise(widths)):
            first = DeepDiscriminatorBlock(inputs, outputs, down=k < down)
            further = [DeepDiscriminatorBlock(outputs, outputs, down=False) for _ in range(depth - 1)]
            self.blocks.append(nn.ModuleList([first, *further, *([middle(outputs)] if k in attention else [])]))
        self.linear = nn.Linear(widths[-1], 1)
        self.embed = nn.Embedding(classes, widths[-1]) if classes else None
        init_biggan(self)

    def features(self, x: Tensor) -> Tensor:
        return super().features(self.input_conv(x))


def _inside(channels: int) -> int:
    if channels < RATIO:
        raise ValueError(f"a block of BigGAN-deep needs at least {RATIO} channels, not {channels}")
    return channels // RATIO

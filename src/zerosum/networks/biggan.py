"""The residual networks of BigGAN (Brock et al., 2019, arXiv:1809.11096), and of SAGAN as its code has it.

    z, y -> Linear -> 4x4 -> [up block] per octave, one with attention -> BN, ReLU, conv 3x3, tanh
    x -> [down block] per octave -> block -> ReLU, sum over pixels -> h;   score = Linear(h) + <embed(y), h>

Keys are those of the authors' PyTorch code (ajbrock/BigGAN-PyTorch). Spectral norm is not in these networks:
`layers.fresh_spectral_norm` is what they are trained with. Sizes that the code has no table for start from another map:
12x6 for 96x48.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ..layers import SelfAttention, init_orthogonal
from ..layers.standing_norm import EPS, norms_told_by
from ..ops import at_least_float32

Size = tuple[int, int]
Width = int | Sequence[int]                  # maps: a factor of the tables below, or of each stage in turn
Middle = Callable[[int], nn.Module]          # what is put between blocks, from its number of maps


def octaves_of(image_size: Size, width: Width) -> int:
    """Doublings from the smallest map: as many as there are widths after the first, or until 4 to 7 pixels are left."""
    octaves = 0 if isinstance(width, int) else len(width) - 1
    while isinstance(width, int) and all(side % (2 << octaves) == 0 and side >> octaves >= 8 for side in image_size):
        octaves += 1
    if octaves == 0 or any(side % (1 << octaves) for side in image_size):
        raise ValueError(f"BigGAN's networks need sides of at least 8 pixels that can be halved {max(octaves, 1)} "
                         f"times, not {image_size[0]}x{image_size[1]}")
    return octaves


def widths_up(octaves: int, width: Width) -> list[int]:
    """Maps of the generator at the smallest size, and after each octave (Tables 4 to 9 of the paper)."""
    if not isinstance(width, int):
        return list(width)
    small = [4] * (octaves + 1)              # the code's network for 32 pixels
    factors = small if octaves < 4 else [16, 16, *(8,) * (1 + (octaves > 5)), 4, 2, *(1,) * (octaves - 4)]
    return [width * factor for factor in factors[:octaves + 1]]


def widths_down(octaves: int, width: Width) -> list[int]:
    """Maps of the discriminator: after the first block, or before it in BigGAN-deep, and after each octave."""
    if not isinstance(width, int):
        return list(width)
    return [width * factor for factor in (1, 2, 4, 8, 16)] if octaves == 4 else widths_up(octaves, width)[::-1]


def halvings(octaves: int) -> int:
    """How often the discriminator halves: from 64 pixels on down to 4, below it stops at 8, as the code's does."""
    return octaves if octaves > 3 else max(1, octaves - 1)


def block_up_to(image_size: Size, side: int) -> int:
    """The octave of the generator, from 0, whose maps are the largest with sides of at most `side`: 0 at least."""
    octaves = octaves_of(image_size, 1)
    sides = [min(image_size) >> octaves - 1 - k for k in range(octaves)]
    return max(0, sum(each <= side for each in sides) - 1)


def block_down_to(image_size: Size, side: int) -> int:
    """The block of the discriminator, from 0, that is the first to return maps with sides of at most `side`."""
    down = halvings(octaves_of(image_size, 1))
    sides = [min(image_size) >> k + 1 for k in range(down)]
    return min(down - 1, sum(each > side for each in sides))


class GeneratorBlock(nn.Module):
    """BN, ReLU, x2, conv 3x3, BN, ReLU, conv 3x3; shortcut: x2, conv 1x1. Both norms are told the condition."""

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module]):
        super().__init__()
        self.conv1, self.conv2 = _conv3(inputs, outputs), _conv3(outputs, outputs)
        self.conv_sc = nn.Conv2d(inputs, outputs, 1)
        self.bn1, self.bn2 = norm(inputs), norm(outputs)

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, 2H, 2W)."""
        h = self.conv1(doubled(relu(self.bn1(x, condition))))
        h = self.conv2(relu(self.bn2(h, condition)))
        return h + doubled(self.conv_sc(x))              # a 1x1 convolution commutes with resizing; first is cheaper


class DiscriminatorBlock(nn.Module):
    """[ReLU,] conv 3x3, ReLU, conv 3x3 [, halve]; shortcut: conv 1x1 [, halve], or identity where nothing changes.

    The first block of a network takes pixels and has no ReLU in front.
    """

    def __init__(self, inputs: int, outputs: int, *, hidden: int | None = None, first: bool = False,
                 down: bool = False):
        super().__init__()
        self.first, self.down = first, down
        self.conv1, self.conv2 = _conv3(inputs, hidden or outputs), _conv3(hidden or outputs, outputs)
        self.conv_sc = nn.Conv2d(inputs, outputs, 1) if down or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H, W), halved if `down`."""
        h = self.conv2(relu(self.conv1(x if self.first else relu(x))))
        if self.down:
            h, x = avg_pool2d(h, 2), avg_pool2d(x, 2)    # a 1x1 convolution commutes with the mean
        return h + self.conv_sc(x)


class BigGANGenerator(nn.Module):
    """z, and a class, -> image; every batch norm of a block is told both.

    z is cut into octaves + 1 parts if `hierarchical`: one is the input, one more goes to each block, beside the
    embedding of the class (`shared` numbers, 0: each norm has an embedding of its own, which leaves no place for z).
    `classes` 0: there is no class. `attention`: numbers of the blocks after which it is, `middle` what is put there.
    `standing`: batch norms that can gather standing statistics. Weights start orthogonal, biases at zero. Raises
    ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 120, image_size: Size = (128, 128), channels: int = 3, width: Width = 96, *,
                 classes: int = 0, shared: int = 128, hierarchical: bool = True, attention: Collection[int] = (),
                 middle: Middle = SelfAttention, standing: bool = False, eps: float = EPS):
        super().__init__()
        octaves = octaves_of(image_size, width)
        widths = widths_up(octaves, width)
        self.hierarchical = hierarchical
        self.shared = nn.Embedding(classes, shared) if classes and shared else None
        inputs, told = self.parts_of(z_dim, octaves, shared if classes else 0)
        self.bottom = (widths[0], *(side >> octaves for side in image_size))
        self.linear = nn.Linear(inputs, prod(self.bottom))
        norm = norms_told_by(told, classes, standing, eps)
        self.blocks = nn.ModuleList(
            nn.ModuleList([block, *([middle(maps)] if k in attention else [])])
            for k, (block, maps) in enumerate(self.make_blocks(widths, norm)))
        self.output_layer = nn.Sequential(norms_told_by(0, 0, standing, EPS)(widths[-1]), nn.ReLU(),
                                          _conv3(widths[-1], channels))
        init_biggan(self)

    def parts_of(self, z_dim: int, octaves: int, shared: int) -> tuple[int, int]:
        """How many numbers the first layer takes, and how many the norms are told."""
        slots = octaves + 1 if self.hierarchical else 1
        if z_dim % slots:
            raise ValueError(f"a hierarchical z of {octaves} octaves has {slots} equal parts: {z_dim} numbers cannot "
                             "be divided by that")
        return z_dim // slots, shared + (z_dim // slots if self.hierarchical else 0)

    def make_blocks(self, widths: Sequence[int], norm: Callable[[int], nn.Module]) -> list[tuple[nn.Module, int]]:
        """All blocks, with the number of maps that each returns."""
        return [(GeneratorBlock(a, b, norm), b) for a, b in pairwise(widths)]

    def told(self, z: Tensor, y: Tensor | None) -> tuple[Tensor, list[Tensor | None]]:
        """The input of the first layer, and what each block is told, from z and what `embedded` returns."""
        if not self.hierarchical:
            return z, [y] * len(self.blocks)
        first, *parts = z.chunk(len(self.blocks) + 1, 1)
        return first, [part if y is None else torch.cat([y, part], 1) for part in parts]

    def embedded(self, labels: Tensor | None) -> Tensor | None:
        """What `forward` takes of labels (N,): their shared embedding (N, shared), or the labels."""
        return labels if self.shared is None else self.shared(labels)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and embedded labels to images (N, channels, height, width) in [-1, 1]."""
        first, told = self.told(z, y)
        h = self.linear(first).unflatten(1, self.bottom)
        for layers, condition in zip(self.blocks, told, strict=True):
            for layer in layers:
                h = layer(h, condition)
        return torch.tanh(self.output_layer(h))


class BigGANDiscriminator(nn.Module):
    """x -> down blocks -> blocks -> ReLU, sum over pixels -> h -> Linear(h) + <embed(y), h>: the score of x under y.

    `width`: maps after each block. `hidden`: likewise, between the convolutions of each, by default as many as after
    them. Arguments and errors as in the generator; classes 0: the score is Linear(h).
    """

    def __init__(self, image_size: Size = (128, 128), channels: int = 3, width: Width = 96, *, classes: int = 0,
                 hidden: Sequence[int] | None = None, attention: Collection[int] = (),
                 middle: Middle = SelfAttention):
        super().__init__()
        octaves = octaves_of(image_size, width)
        widths, down = widths_down(octaves, width), halvings(octaves)
        blocks = [DiscriminatorBlock(a, b, hidden=hidden[k] if hidden else None, first=k == 0, down=k < down)
                  for k, (a, b) in enumerate(pairwise([channels, *widths]))]
        self.blocks = nn.ModuleList(nn.ModuleList([block, *([middle(maps)] if k in attention else [])])
                                    for k, (block, maps) in enumerate(zip(blocks, widths, strict=True)))
        self.linear = nn.Linear(widths[-1], 1)
        self.embed = nn.Embedding(classes, widths[-1]) if classes else None
        init_biggan(self)

    def features(self, x: Tensor) -> Tensor:
        """What the score is made of, of images (N, channels, height, width): (N, F)."""
        for layers in self.blocks:
            for layer in layers:
                x = layer(x)
        return relu(x).sum((2, 3))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images (N, channels, height, width) under labels (N,): (N,), float32."""
        h = self.features(x)
        score = self.linear(h).squeeze(1)
        if self.embed is not None:
            score = score + (self.embed(labels) * h).sum(1)
        return at_least_float32(score)


def init_biggan(network: nn.Module) -> None:
    """Orthogonal weights, those of embeddings too, and biases of zero."""
    init_orthogonal(network)
    for layer in network.modules():
        if isinstance(layer, nn.Embedding):
            nn.init.orthogonal_(layer.weight)


def doubled(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), each pixel four times."""
    return interpolate(x, scale_factor=2, mode="nearest")


def _conv3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)

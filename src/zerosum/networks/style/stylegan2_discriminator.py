"""The discriminator of StyleGAN2 (Karras et al., 2019, 1912.04958, Fig. 7), exact to the official code's.

    x -> fromRGB -> [conv 3x3, conv 3x3 /2, around them conv 1x1 /2] per octave -> deviation of the batch -> conv 3x3
      -> linear -> linear -> score;   conditional: the product of that with an embedding of the condition
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, pairwise
from math import sqrt
from typing import Any

from torch import Tensor, nn

from ...layers import EqualizedConv2d, EqualizedLinear
from ...ops import at_least_float32, downsample2d, minibatch_std, setup_filter
from .mapping import MappingNetwork
from .stages import Size, Stage, stages
from .stylegan2 import HALF, Architecture


class DiscriminatorBlock(nn.Module):
    """The layers of one resolution, which they halve; with `channels` it sees the image, too."""

    def __init__(self, inner: int, outputs: int, channels: int, frozen: Iterator[bool], *, architecture: Architecture,
                 act: str = "lrelu", taps: Sequence[float] = (1, 3, 3, 1), clamp: float | None = None):
        super().__init__()
        self.register_buffer("resample_filter", setup_filter(taps))
        shared = {"act": act, "taps": taps, "clamp": clamp}
        self.fromrgb = (EqualizedConv2d(channels, inner, 1, frozen=next(frozen), **shared) if channels else None)
        self.conv0 = EqualizedConv2d(inner, inner, 3, frozen=next(frozen), **shared)
        self.conv1 = EqualizedConv2d(inner, outputs, 3, down=2, frozen=next(frozen), **shared)
        self.skip = (EqualizedConv2d(inner, outputs, 1, bias=False, down=2, taps=taps, frozen=next(frozen))
                     if architecture == "resnet" else None)
        self.passes_image = architecture == "skip"

    def forward(self, x: Tensor | None, image: Tensor) -> tuple[Tensor, Tensor]:
        """Halve x (N, inner, H, W), None in the first block; the image is halved for those who still look at it."""
        if self.fromrgb is not None:
            y = self.fromrgb(image)
            x = y if x is None else x + y
            image = downsample2d(image, self.resample_filter) if self.passes_image else image
        if self.skip is None:
            return self.conv1(self.conv0(x)), image
        return self.skip(x, HALF) + self.conv1(self.conv0(x), HALF), image


class DiscriminatorEpilogue(nn.Module):
    """The coarsest maps -> `outputs` numbers; the deviation over groups of the batch shows a lack of variety."""

    def __init__(self, stage: Stage, channels: int, outputs: int, *, act: str = "lrelu", clamp: float | None = None,
                 group: int | None = 4, group_maps: int = 1):
        super().__init__()
        self.group, self.group_maps = group, group_maps
        self.fromrgb = EqualizedConv2d(channels, stage.maps, 1, act=act) if channels else None
        self.conv = EqualizedConv2d(stage.maps + group_maps, stage.maps, 3, act=act, clamp=clamp)
        self.fc = EqualizedLinear(stage.maps * stage.height * stage.width, stage.maps, act=act)
        self.out = EqualizedLinear(stage.maps, outputs)

    def forward(self, x: Tensor, image: Tensor) -> Tensor:
        """Map (N, maps, H, W), and the image of this size, to (N, outputs)."""
        x = x if self.fromrgb is None else x + self.fromrgb(image)
        if self.group_maps:
            x = minibatch_std(x, self.group_of(len(x)), self.group_maps)
        return self.out(self.fc(self.conv(x).flatten(1)))

    def group_of(self, n: int) -> int:
        """The largest group, up to `group` images, into which a batch of n divides: no batch is refused."""
        return next(size for size in range(min(self.group or n, n), 0, -1) if n % size == 0)


class StyleGAN2Discriminator(nn.Module):
    """Image (and a condition) -> score; sizes and maps as in `StyleGAN2Generator`.

    `architecture`: residual blocks (resnet), a look at the image at each resolution (skip), or neither (orig). `c_dim`:
    the score is the product of `cmap_dim` numbers (0: as many as the coarsest maps) with what a mapping network,
    which has the options `mapping`, makes of the condition. `group` images, None for all, share `group_maps` maps of
    deviation. `freeze`: so many layers from the image on stay as they are (Freeze-D, 2002.10964).
    """

    def __init__(self, image_size: Size = 256, channels: int = 3, maps: Sequence[int] = (), *, c_dim: int = 0,
                 cmap_dim: int = 0, channel_base: int = 32768, channel_max: int = 512,
                 architecture: Architecture = "resnet", act: str = "lrelu", clamp: float | None = None,
                 taps: Sequence[float] = (1, 3, 3, 1), group: int | None = 4, group_maps: int = 1, freeze: int = 0,
                 mapping: Mapping[str, Any] | None = None):
        super().__init__()
        self.stages = stages(image_size, maps, channel_base=channel_base, channel_max=channel_max)[::-1]
        frozen = (index < freeze for index in count())
        for stage, coarser in pairwise(self.stages):
            looks = architecture == "skip" or stage is self.stages[0]
            self.add_module(stage.name, DiscriminatorBlock(
                stage.maps, coarser.maps, channels if looks else 0, frozen, architecture=architecture, act=act,
                clamp=clamp, taps=taps))
        last = self.stages[-1]
        numbers = (cmap_dim or last.maps) if c_dim else 1
        self.mapping = MappingNetwork(0, c_dim, numbers, **mapping or {}) if c_dim else None
        self.add_module(last.name, DiscriminatorEpilogue(
            last, channels if architecture == "skip" else 0, numbers, act=act, clamp=clamp, group=group,
            group_maps=group_maps))

    def forward(self, image: Tensor, c: Tensor | None = None) -> Tensor:
        """Score images (N, channels, H, W), with conditions (N, c_dim): (N,), float32."""
        x = None
        for stage in self.stages[:-1]:
            x, image = self.get_submodule(stage.name)(x, image)
        scores = at_least_float32(self.get_submodule(self.stages[-1].name)(x, image))
        if self.mapping is None:
            return scores.squeeze(1)
        known = self.mapping(None, c)
        return (scores * known).sum(1) / sqrt(known.shape[1])

"""The growing networks of ProGAN (Karras et al., 2017, 1710.10196, Sec. 2, Table 2).

    G: z / |z| -> linear, conv 3x3 -> [x2, conv 3x3, conv 3x3] per octave -> conv 1x1 (toRGB)
    D: conv 1x1 (fromRGB) -> [conv 3x3, conv 3x3, /2] per octave -> deviation of the batch, conv 3x3 -> linear -> linear

How far they have grown is one number `depth`, from 0 to the number of octaves. At a whole one there are so many;
between two the last is fading in: alpha = depth - floor(depth) of what leaves comes through it, and the rest past it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ..layers import EqualizedConv2d, EqualizedLinear
from ..ops import at_least_float32, bias_act, minibatch_std, normalize_2nd_moment
from .style.stages import Size, Stage, stages

BOX = (1, 1)                                 # the filter of nearest-neighbour upsampling, and of the mean over 2 x 2


@dataclass(frozen=True)
class Growth:
    """When each octave joins: training at one size for `steady` images, then a fade of `fade`, again and again."""

    octaves: int
    steady: int
    fade: int

    def depth(self, images: int) -> float:
        """How far the networks have grown after so many images, from 0 to `octaves`: a function of these alone."""
        whole, rest = divmod(images, self.steady + self.fade)
        return min(float(self.octaves), whole + max(0, rest - self.steady) / max(1, self.fade))


def doubled(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), each pixel four times."""
    return interpolate(x, scale_factor=2)


def shrunk(x: Tensor, depth: float, octaves: int) -> Tensor:
    """Images (N, C, H, W) as networks of this depth see them: halved octave by octave, and blurred as they fade in.

    While an octave fades in, they are the mixture of what they are with and without it (App. A): (N, C, h, w).
    """
    down = octaves - ceil(depth)
    x = avg_pool2d(x, 2 ** down) if down else x
    return x if depth == ceil(depth) else torch.lerp(doubled(avg_pool2d(x, 2)), x, depth - int(depth))


class Layer(nn.Module):
    """A convolution with equalized learning rate, resampled, and leaky ReLU; `normalize`: and the norm of each pixel.

    y / sqrt(mean_c y_c^2 + 1e-8),   y = lrelu(conv(x) + b): pixelwise feature vector normalization (Sec. 4.2).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, up: int = 1, down: int = 1,
                 normalize: bool = False):
        super().__init__()
        self.conv = EqualizedConv2d(inputs, outputs, kernel, bias=False, up=up, down=down, taps=BOX)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.normalize = normalize

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H up / down, W up / down)."""
        # The gain of He's initialization goes to the weights alone, as in the authors' code.
        y = bias_act(self.conv(x, sqrt(2)), self.bias, act="lrelu", gain=1.0)
        return normalize_2nd_moment(y) if self.normalize else y


class FirstLayer(nn.Module):
    """z (N, z_dim), of length sqrt(z_dim) -> the first map: a linear layer, leaky ReLU and the norm of each pixel."""

    def __init__(self, z_dim: int, stage: Stage):
        super().__init__()
        self.shape = (stage.maps, stage.height, stage.width)
        self.linear = EqualizedLinear(z_dim, stage.maps * stage.height * stage.width, bias=False)
        self.bias = nn.Parameter(torch.zeros(stage.maps))

    def forward(self, z: Tensor) -> Tensor:
        """Map (N, z_dim) to (N, maps, height, width)."""
        # A convolution of 4x4 over a padded 1x1 map, so the fan-in is that of 16 pixels: a quarter of the usual gain.
        h = self.linear(normalize_2nd_moment(z)).unflatten(1, self.shape) * (sqrt(2) / 4)
        return normalize_2nd_moment(bias_act(h, self.bias, act="lrelu", gain=1.0))


class ProGANGenerator(nn.Module):
    """z -> image; `channel_base` / r maps at r pixels, at most `channel_max`, or a list of `maps`, the coarsest first.

    Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 512, image_size: Size = 1024, channels: int = 3, maps: Sequence[int] = (), *,
                 channel_base: int = 16384, channel_max: int = 512):
        super().__init__()
        first, *rest = stages(image_size, maps, channel_base=channel_base, channel_max=channel_max)
        self.octaves, inputs = len(rest), first.maps
        self.blocks = nn.ModuleList([nn.Sequential(FirstLayer(z_dim, first),
                                                   Layer(inputs, inputs, normalize=True))])
        for stage in rest:
            self.blocks.append(nn.Sequential(Layer(inputs, stage.maps, up=2, normalize=True),
                                             Layer(stage.maps, stage.maps, normalize=True)))
            inputs = stage.maps
        self.torgb = nn.ModuleList(EqualizedConv2d(stage.maps, channels, 1) for stage in (first, *rest))

    def forward(self, z: Tensor, depth: float | None = None) -> Tensor:
        """Map z (N, z_dim) to images (N, channels, h, w) of the size of this depth (default: all octaves)."""
        depth = float(self.octaves) if depth is None else depth
        last, before, x = ceil(depth), z, z
        for block in self.blocks[:last + 1]:
            before, x = x, block(x)
        image = self.torgb[last](x)
        if depth == last:
            return image
        return torch.lerp(doubled(self.torgb[last - 1](before)), image, depth - int(depth))


class ProGANDiscriminator(nn.Module):
    """Image -> score; sizes and maps as in the generator.

    `group` images share a map of their deviation. `hidden`: units before the score (0: as many as coarsest maps).
    """

    def __init__(self, image_size: Size = 1024, channels: int = 3, maps: Sequence[int] = (), *, group: int = 4,
                 hidden: int = 0, channel_base: int = 16384, channel_max: int = 512):
        super().__init__()
        first, *rest = stages(image_size, maps, channel_base=channel_base, channel_max=channel_max)
        self.octaves, self.group, outputs = len(rest), group, first.maps
        self.blocks = nn.ModuleList()
        for stage in rest:
            self.blocks.append(nn.Sequential(Layer(stage.maps, stage.maps), Layer(stage.maps, outputs, down=2)))
            outputs = stage.maps
        self.fromrgb = nn.ModuleList(Layer(channels, stage.maps, 1) for stage in (first, *rest))
        self.conv = Layer(first.maps + 1, first.maps)
        hidden = hidden or first.maps
        self.hidden = EqualizedLinear(first.maps * first.height * first.width, hidden, bias=False)
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.out = EqualizedLinear(hidden, 1)

    def forward(self, x: Tensor, depth: float | None = None) -> Tensor:
        """Score images (N, channels, h, w) of the size of this depth (default: all octaves): (N,), float32."""
        depth = float(self.octaves) if depth is None else depth
        last = ceil(depth)
        h = self.fromrgb[last](x)
        for octave in range(last, 0, -1):
            h = self.blocks[octave - 1](h)
            if octave == last and depth < last:
                h = torch.lerp(self.fromrgb[last - 1](avg_pool2d(x, 2)), h, depth - int(depth))
        h = self.conv(minibatch_std(h, self.group_of(len(h))))
        h = bias_act(self.hidden(h.flatten(1)) * sqrt(2), self.hidden_bias, act="lrelu", gain=1.0)
        return at_least_float32(self.out(h).squeeze(1))

    def group_of(self, n: int) -> int:
        """The largest group, up to `group` images, into which a batch of n divides: no batch is refused."""
        return next(size for size in range(min(self.group, n), 0, -1) if n % size == 0)

"""The networks of lucidrains/stylegan2-pytorch: StyleGAN2's ideas, with weights as they are and other resampling.

    x <- lrelu(demodulated conv(up(x); s_l) + strength (u - 1/2) + b),  s_l = A_l w_r     two layers a resolution r
    image <- blur(up(image + toRGB(x; s)))                                   all layers of a resolution have one w_r
    D: x <- (conv 3x3 /2 (blur(lrelu(conv(lrelu(conv(x)))))) + conv 1x1 /2 (x)) / sqrt 2,  down to 2 x 2

No weight is scaled but those of the mapping network, no activation has a gain. Maps grow bilinearly; beyond their edges
lies what bilinear interpolation and a reflection see there, and not zero. All layers share one picture u ~ U(0, 1) of
noise and look at its upper left corner. Its images have pixels from 0 to 1, which are moved to [-1, 1] here.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pad

from ...ops import at_least_float32, filter2d, modulated_conv2d, setup_filter
from .mapping import MappingNetwork
from .stages import stages
from .stylegan import BINOMIAL
from .stylegan2 import HALF, Noise

SLOPE = 0.2


def doubled(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), bilinearly."""
    return interpolate(x, scale_factor=2, mode="bilinear")


class ReflectedBlur(nn.Module):
    """The binomial filter of three taps over maps that are reflected at their edges."""

    def __init__(self):
        super().__init__()
        self.register_buffer("resample_filter", setup_filter(BINOMIAL))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape; H and W are 2 or more."""
        return filter2d(pad(x, (1, 1, 1, 1), mode="reflect"), self.resample_filter, padding=-1)


class ModulatedLayer(nn.Module):
    """A 3x3 convolution, modulated and demodulated by A w, then noise, bias and leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, w_dim: int):
        super().__init__()
        self.affine = nn.Linear(w_dim, inputs)
        nn.init.ones_(self.affine.bias)
        self.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty(outputs, inputs, 3, 3)))
        self.noise_strength = nn.Parameter(torch.zeros(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """Map (N, inputs, H, W), w (N, w_dim) and noise that broadcasts to (N, 1, H, W) to (N, outputs, H, W)."""
        x = modulated_conv2d(x, self.weight, self.affine(w), padding=1) + self.bias[:, None, None]
        x = x if noise is None else x + noise * self.noise_strength[:, None, None]
        return leaky_relu(x, SLOPE)


class PlainToRGB(nn.Module):
    """A 1x1 convolution, modulated by A w, without bias, to the channels of the image."""

    def __init__(self, inputs: int, channels: int, w_dim: int):
        super().__init__()
        self.affine = nn.Linear(w_dim, inputs)
        nn.init.ones_(self.affine.bias)
        self.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty(channels, inputs, 1, 1)))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, inputs, H, W) and w (N, w_dim) to (N, channels, H, W)."""
        return modulated_conv2d(x, self.weight, self.affine(w), demodulate=False)


class Resolution(nn.Module):
    """Two layers, and what they add to the image."""

    def __init__(self, inputs: int, maps: int, channels: int, w_dim: int):
        super().__init__()
        self.conv0 = ModulatedLayer(inputs, maps, w_dim)
        self.conv1 = ModulatedLayer(maps, maps, w_dim)
        self.torgb = PlainToRGB(maps, channels, w_dim)

    def forward(self, x: Tensor, image: Tensor | None, w: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """x (N, inputs, H, W) and the image so far, of this size, by one style (N, w_dim) for all."""
        noise = None if noise is None else noise[..., :x.shape[2], :x.shape[3]]
        x = self.conv1(self.conv0(x, w, noise), w, noise)
        y = self.torgb(x, w)
        return x, y if image is None else image + y


class LucidrainsSynthesis(nn.Module):
    """Styles w (N, num_ws, w_dim), one a resolution, -> image; without `const` it begins with a map of their mean."""

    def __init__(self, w_dim: int, image_size: int, channels: int, maps: Sequence[int], const: bool):
        super().__init__()
        steps = stages(image_size, maps)
        first = steps[0]
        self.const = nn.Parameter(torch.randn(first.maps, first.height, first.width)) if const else None
        self.initial = None if const else nn.Linear(w_dim, first.maps * first.height * first.width, bias=False)
        self.first = first.maps, first.height, first.width
        self.conv = nn.Conv2d(first.maps, first.maps, 3, padding=1)
        self.blocks = nn.ModuleList(Resolution(before.maps, step.maps, channels, w_dim)
                                    for before, step in pairwise([first, *steps]))
        self.blur, self.num_ws = ReflectedBlur(), len(steps)
        self.register_buffer("noise_const", torch.rand(image_size, image_size) - 0.5)

    def forward(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """Map w (N, num_ws, w_dim) to (N, channels, H, W).

        `noise`: drawn anew ("random", the default in training), as stored ("const", the default otherwise), or its
        mean ("none").
        """
        drawn, w = self.drawn(len(w), noise or ("random" if self.training else "const")), at_least_float32(w)
        x, image = self.beginning(w), None
        for block, style in zip(self.blocks, w.unbind(1), strict=True):
            x, image = (x, None) if image is None else (doubled(x), self.blur(doubled(image)))
            x, image = block(x, image, style, drawn)
        return 2 * image - 1                                                                   # type: ignore[operator]

    def beginning(self, w: Tensor) -> Tensor:
        """The first maps, (N, maps, 4, 4)."""
        if self.initial is None:
            return self.conv(self.const.expand(len(w), -1, -1, -1))
        return self.conv(self.initial(w.mean(1)).unflatten(1, self.first))

    def drawn(self, n: int, noise: Noise) -> Tensor | None:
        """The noise of n images, (n, 1, H, W) or (H, W) for all of them, in [-1/2, 1/2]; None without."""
        if noise == "random":
            return torch.rand(n, 1, *self.noise_const.shape, device=self.noise_const.device) - 0.5
        return self.noise_const if noise == "const" else None


class PlainMapping(MappingNetwork):
    """w = f(z / |z|) by layers lrelu(lr (W x + b)), whose weights are scaled by the rate `lr` and nothing else."""

    def __init__(self, z_dim: int, w_dim: int, copies: int, **options: Any):
        super().__init__(z_dim, 0, w_dim, copies, **options)
        for index in range(self.depth):      # z comes with mean square 1, and the activation brings a gain
            layer = self.get_submodule(f"fc{index}")
            layer.lr = layer.weight_gain = layer.lr * HALF
            layer.weight_gain /= sqrt(z_dim) if index == 0 else 1.0


class LucidrainsGenerator(nn.Module):
    """z -> w -> image (N, channels, H, W), whose pixels are free.

    `maps` of each resolution from the coarsest, 4 x 4; `mapping`: options of `MappingNetwork`. Raises ValueError for
    sizes that cannot be built.
    """

    def __init__(self, z_dim: int, w_dim: int, image_size: int, channels: int, maps: Sequence[int], *,
                 const: bool = True, mapping: Mapping[str, Any] | None = None):
        super().__init__()
        self.synthesis = LucidrainsSynthesis(w_dim, image_size, channels, maps, const)
        self.mapping = PlainMapping(z_dim, w_dim, self.synthesis.num_ws, **mapping or {})

    def forward(self, z: Tensor, *, noise: Noise | None = None, **truncation: Any) -> Tensor:
        """Map z (N, z_dim) to images; `truncation`: options of `MappingNetwork.forward`."""
        return self.synthesis(self.mapping(z, **truncation), noise)


class ResidualStep(nn.Module):
    """Two convolutions, with `down` a blurred third that halves, and one around them."""

    def __init__(self, inputs: int, outputs: int, down: bool):
        super().__init__()
        self.skip = nn.Conv2d(inputs, outputs, 1, stride=2 if down else 1)
        self.conv0 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.blur = ReflectedBlur() if down else None
        self.down = nn.Conv2d(outputs, outputs, 3, stride=2, padding=1) if down else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H, W), or half of it on each side."""
        y = leaky_relu(self.conv1(leaky_relu(self.conv0(x), SLOPE)), SLOPE)
        y = y if self.down is None or self.blur is None else self.down(self.blur(y))
        return (y + self.skip(x)) * HALF


class LucidrainsDiscriminator(nn.Module):
    """Image -> score (N,); `maps` after each step, all but the last of which halve."""

    def __init__(self, image_size: int, channels: int, maps: Sequence[int]):
        super().__init__()
        if len(maps) < 2 or image_size != 2 << len(maps) - 1:
            raise ValueError(f"{len(maps)} steps do not look at images of {image_size} pixels")
        self.blocks = nn.ModuleList(ResidualStep(inputs, outputs, down=number < len(maps))
                                    for number, (inputs, outputs) in enumerate(pairwise([channels, *maps]), 1))
        self.conv = nn.Conv2d(maps[-1], maps[-1], 3, padding=1)
        self.out = nn.Linear(4 * maps[-1], 1)

    def forward(self, image: Tensor, c: None = None) -> Tensor:
        """Score images (N, channels, H, W); no condition is known."""
        x = (image + 1) / 2
        for block in self.blocks:
            x = block(x)
        return at_least_float32(self.out(self.conv(x).flatten(1))).squeeze(1)

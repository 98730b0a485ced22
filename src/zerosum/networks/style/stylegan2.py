"""The generator of StyleGAN2 (Karras et al., 2019, 1912.04958, Fig. 2 and 7), exact to the official code's.

    x <- act(demodulated conv(x; s_l) + strength noise + b),   s_l = A_l w_l        two layers a resolution, upsampled
    image <- up(image) + toRGB(x; s)                                                `skip`; or residual; or last only
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...layers import EqualizedConv2d, EqualizedLinear
from ...ops import at_least_float32, bias_act, modulated_conv2d, setup_filter, upsample2d
from ...ops.bias_act import ACTIVATIONS, HOMOGENEOUS
from .mapping import MappingNetwork
from .stages import Size, Stage, stages

Architecture = Literal["skip", "resnet", "orig"]
Noise = Literal["random", "const", "none"]
HALF = sqrt(0.5)                             # of each branch of a residual block, to keep the variance


class SynthesisLayer(nn.Module):
    """A 3x3 convolution, modulated and demodulated by A w, then noise, bias and activation."""

    def __init__(self, inputs: int, outputs: int, w_dim: int, stage: Stage, *, up: int = 1, act: str = "lrelu",
                 taps: Sequence[float] = (1, 3, 3, 1), clamp: float | None = None, noise: bool = True):
        super().__init__()
        self.up, self.act, self.clamp = up, act, clamp
        self.affine = EqualizedLinear(w_dim, inputs, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("resample_filter", setup_filter(taps))
        if noise:
            self.register_buffer("noise_const", torch.randn(stage.height, stage.width))
            self.noise_strength = nn.Parameter(torch.zeros(()))
        self.noisy = noise

    def forward(self, x: Tensor, w: Tensor, noise: Noise, gain: float = 1.0) -> Tensor:
        """Map (N, inputs, H, W) and w (N, w_dim) to (N, outputs, H up, W up), all times `gain`, the clamp too."""
        gain *= ACTIVATIONS[self.act].gain
        clamp = None if self.clamp is None else self.clamp * gain / ACTIVATIONS[self.act].gain
        # Where the gain may as well come first, the demodulation takes it along.
        first, then = (gain, 1.0) if self.act in HOMOGENEOUS else (1.0, gain)
        x = modulated_conv2d(x, self.weight, self.affine(w), self.drawn(len(x), noise), up=self.up, padding=1,
                             resample_filter=self.resample_filter, flip_weight=self.up == 1, gain=first)
        x = x + (self.bias * first).to(x)[:, None, None]
        return bias_act(x, act=self.act, gain=then, clamp=clamp, inplace=True)

    def drawn(self, n: int, noise: Noise) -> Tensor | None:
        """The noise of n images, (n, 1, H, W) or the same for all; None without."""
        if not self.noisy or noise == "none":
            return None
        if noise == "const":
            return self.noise_const * self.noise_strength
        return torch.randn(n, 1, *self.noise_const.shape, device=self.noise_const.device) * self.noise_strength


class ToRGB(nn.Module):
    """A 1x1 convolution, modulated by A w but not demodulated, to the channels of the image."""

    def __init__(self, inputs: int, channels: int, w_dim: int, *, clamp: float | None = None):
        super().__init__()
        self.clamp, self.weight_gain = clamp, 1 / sqrt(inputs)
        self.affine = EqualizedLinear(w_dim, inputs, bias_init=1.0)
        self.weight = nn.Parameter(torch.randn(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Map (N, inputs, H, W) and w (N, w_dim) to (N, channels, H, W)."""
        x = modulated_conv2d(x, self.weight, self.affine(w) * self.weight_gain, demodulate=False)
        return bias_act(x, self.bias, clamp=self.clamp)


class SynthesisBlock(nn.Module):
    """The layers of one resolution; without `inputs` it begins with a learned constant, without `channels` no image
    leaves it."""

    def __init__(self, inputs: int, stage: Stage, channels: int, w_dim: int, *, residual: bool = False,
                 taps: Sequence[float] = (1, 3, 3, 1), clamp: float | None = None, **options: Any):
        super().__init__()
        self.register_buffer("resample_filter", setup_filter(taps))
        options |= {"taps": taps, "clamp": clamp}
        if inputs:
            self.conv0 = SynthesisLayer(inputs, stage.maps, w_dim, stage, up=2, **options)
        else:
            self.const = nn.Parameter(torch.randn(stage.maps, stage.height, stage.width))
        self.conv1 = SynthesisLayer(stage.maps, stage.maps, w_dim, stage, **options)
        self.torgb = ToRGB(stage.maps, channels, w_dim, clamp=clamp) if channels else None
        self.skip = (EqualizedConv2d(inputs, stage.maps, 1, bias=False, up=2, taps=taps) if residual and inputs else
                     None)
        self.layers = 2 if inputs else 1     # that have a style of their own: toRGB has the next block's first

    def forward(self, x: Tensor | None, image: Tensor | None, w: Sequence[Tensor],
                noise: Noise) -> tuple[Tensor, Tensor | None]:
        """Double x (N, inputs, H/2, W/2) and the image so far by one style (N, w_dim) per layer, and one for toRGB."""
        if x is None:
            x = self.conv1(self.const.expand(w[0].shape[0], -1, -1, -1), w[0], noise)
        elif self.skip is None:
            x = self.conv1(self.conv0(x, w[0], noise), w[1], noise)
        else:
            x = self.skip(x, HALF) + self.conv1(self.conv0(x, w[0], noise), w[1], noise, HALF)
        image = None if image is None else upsample2d(image, self.resample_filter)
        if self.torgb is None:
            return x, image
        y = self.torgb(x, w[self.layers])
        return x, y if image is None else image + y


class SynthesisNetwork(nn.Module):
    """Styles w (N, num_ws, w_dim) -> image; `num_ws` is the number of layers, toRGB's last one counted."""

    def __init__(self, w_dim: int, image_size: Size, channels: int, maps: Sequence[int] = (), *,
                 channel_base: int = 32768, channel_max: int = 512, architecture: Architecture = "skip",
                 **options: Any):
        super().__init__()
        self.stages = stages(image_size, maps, channel_base=channel_base, channel_max=channel_max)
        inputs = 0
        for stage in self.stages:
            pictured = architecture == "skip" or stage is self.stages[-1]
            self.add_module(stage.name, SynthesisBlock(inputs, stage, channels if pictured else 0, w_dim,
                                                       residual=architecture == "resnet", **options))
            inputs = stage.maps
        self.num_ws = 2 * len(self.stages)

    def forward(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """Map w (N, num_ws, w_dim) to (N, channels, H, W).

        `noise`: drawn anew ("random", the default in training), as stored ("const", the default otherwise), or none.
        """
        noise = noise or ("random" if self.training else "const")
        x = image = None
        styles, first = at_least_float32(w).unbind(1), 0
        for stage in self.stages:
            block = self.get_submodule(stage.name)
            x, image = block(x, image, styles[first:first + block.layers + 1], noise)
            first += block.layers
        return image                                                                           # type: ignore[return-value]


class StyleGAN2Generator(nn.Module):
    """z (and a condition) -> w -> image (N, channels, H, W), whose pixels are free.

    `image_size`: a side, or (height, width): a map of 4 pixels or more on each side, doubled at least once. Maps of
    each resolution: a list `maps` from the coarsest, or min(channel_base / r, channel_max) with r = 4, 8, ...
    `architecture`: images of all resolutions are added (skip), blocks are residual (resnet), or neither (orig).
    `clamp`: the largest value behind an activation; `noise`: whether layers have any; `mapping`: options of
    `MappingNetwork`. Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 512, w_dim: int = 512, image_size: Size = 256, channels: int = 3,
                 maps: Sequence[int] = (), *, c_dim: int = 0, mapping: Mapping[str, Any] | None = None,
                 **synthesis: Any):
        super().__init__()
        self.synthesis = SynthesisNetwork(w_dim, image_size, channels, maps, **synthesis)
        self.mapping = MappingNetwork(z_dim, c_dim, w_dim, self.synthesis.num_ws, **mapping or {})

    def forward(self, z: Tensor, c: Tensor | None = None, *, noise: Noise | None = None, **truncation: Any) -> Tensor:
        """Map z (N, z_dim) and c (N, c_dim) to images; `truncation`: options of `MappingNetwork.forward`."""
        return self.synthesis(self.mapping(z, c, **truncation), noise)

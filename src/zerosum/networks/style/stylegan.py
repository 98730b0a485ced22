"""The generator of StyleGAN (Karras et al., 2018, 1812.04948, Fig. 1b): styles set mean and deviation of each map.

    x <- AdaIN(lrelu(conv(x) + strength noise + b), w),   AdaIN(x, w) = y_s (x - mu(x)) / sigma(x) + y_b          Eq. 1

with (y_s - 1, y_b) = A w. The first layer has a learned constant in place of a convolution; images leave by the last.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm

from ...layers import EqualizedConv2d, EqualizedLinear
from ...ops import bias_act
from .mapping import MappingNetwork
from .stages import Size, Stage, stages
from .stylegan2 import Noise

EPS = 1e-8
BINOMIAL = (1, 2, 1)                         # taps of the low-pass filter (Sec. 2, bilinear sampling)


def adain(x: Tensor, y: Tensor) -> Tensor:
    """Each map of x (N, C, H, W) with deviation |1 + y_s| and mean y_b; y (N, 2 C) is y_s - 1, then y_b (Eq. 1)."""
    scale, shift = y[:, :, None, None].chunk(2, 1)
    return torch.addcmul(shift, instance_norm(x, eps=EPS), scale + 1)


class StyleLayer(nn.Module):
    """A 3x3 convolution (without `inputs`: a learned constant), noise, bias, leaky ReLU, and AdaIN by A w."""

    def __init__(self, inputs: int, stage: Stage, w_dim: int, *, up: int = 1):
        super().__init__()
        self.conv = (EqualizedConv2d(inputs, stage.maps, 3, bias=False, up=up, taps=BINOMIAL) if inputs else None)
        self.const = None if inputs else nn.Parameter(torch.ones(stage.maps, stage.height, stage.width))
        self.register_buffer("noise_const", torch.randn(stage.height, stage.width))
        self.noise_strength = nn.Parameter(torch.zeros(stage.maps))
        self.bias = nn.Parameter(torch.zeros(stage.maps))
        self.affine = EqualizedLinear(w_dim, 2 * stage.maps)

    def forward(self, x: Tensor | None, w: Tensor, noise: Noise) -> Tensor:
        """Map (N, inputs, H / up, W / up) and w (N, w_dim) to (N, maps, H, W)."""
        # The gain is that of He's initialization, which the leaky ReLU brings along in StyleGAN2.
        x = self.const.expand(len(w), -1, -1, -1) if self.conv is None else self.conv(x, sqrt(2))
        if noise != "none":
            drawn = (self.noise_const if noise == "const" else
                     torch.randn(len(w), 1, *self.noise_const.shape, device=w.device))
            x = x + drawn * self.noise_strength[:, None, None]
        return adain(bias_act(x, self.bias, act="lrelu", gain=1.0), self.affine(w))


class StyleGANSynthesis(nn.Module):
    """Styles w (N, num_ws, w_dim) -> image; `num_ws` is the number of layers, two a resolution."""

    def __init__(self, w_dim: int, image_size: Size, channels: int, maps: Sequence[int] = (), **widths: int):
        super().__init__()
        inputs, self.layers = 0, nn.ModuleList()
        for stage in stages(image_size, maps, **widths):
            self.layers.append(StyleLayer(inputs, stage, w_dim, up=2 if inputs else 1))
            self.layers.append(StyleLayer(stage.maps, stage, w_dim))
            inputs = stage.maps
        self.torgb = EqualizedConv2d(inputs, channels, 1)
        self.num_ws = len(self.layers)

    def forward(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """Map w (N, num_ws, w_dim) to (N, channels, H, W); `noise` as in StyleGAN2's `SynthesisNetwork`."""
        noise, x = noise or ("random" if self.training else "const"), None
        for layer, style in zip(self.layers, w.unbind(1), strict=True):
            x = layer(x, style, noise)
        return self.torgb(x)


class StyleGANGenerator(nn.Module):
    """z -> w -> image (N, channels, H, W), whose pixels are free; sizes and maps as in `StyleGAN2Generator`."""

    def __init__(self, z_dim: int = 512, w_dim: int = 512, image_size: Size = 256, channels: int = 3,
                 maps: Sequence[int] = (), *, mapping: Mapping[str, Any] | None = None, **widths: int):
        super().__init__()
        self.synthesis = StyleGANSynthesis(w_dim, image_size, channels, maps, **widths)
        self.mapping = MappingNetwork(z_dim, 0, w_dim, self.synthesis.num_ws, **mapping or {})

    def forward(self, z: Tensor, *, noise: Noise | None = None, **truncation: Any) -> Tensor:
        """Map z (N, z_dim) to images; `truncation`: options of `MappingNetwork.forward`."""
        return self.synthesis(self.mapping(z, **truncation), noise)

"""The networks of StyleGAN as its ports to PyTorch compute them: rosinality/style-based-gan-pytorch, huangzh13.

    up:   x -> each pixel four times -> conv 3x3, biased or not -> blur, or none;   AdaIN: sigma(x) = sqrt(var + 1e-5)
    down: x -> conv 3x3, which may widen already -> blur -> conv 3x3 -> mean of each 2x2;   fromRGB without activation

NVIDIA's code, which these follow (`stylegan_official.py`), adds biases behind the blur and 1e-8 to the variance.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, instance_norm, interpolate

from ...layers import EqualizedConv2d
from ...ops import bias_act, filter2d
from .mapping import MappingNetwork
from .stages import Size, Stage, stages
from .stylegan import BINOMIAL, StyleLayer
from .stylegan2 import Noise
from .stylegan2_discriminator import StyleGAN2Discriminator
from .stylegan_official import BlurredDown

EPS = 1e-5                                   # what PyTorch's instance norm adds to the variance, unless asked
GAIN = 2**0.5                                # of He's initialization, which a leaky ReLU brings along in StyleGAN2


class PortedUp(EqualizedConv2d):
    """(N, inputs, H, W) -> (N, outputs, 2H, 2W); a bias comes before the blur."""

    def __init__(self, inputs: int, outputs: int, *, blurred: bool, biased: bool):
        super().__init__(inputs, outputs, 3, bias=biased, taps=BINOMIAL)
        self.blurred = blurred

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        weight, bias = (self.weight * (self.weight_gain * gain)).to(x), None if self.bias is None else self.bias.to(x)
        x = conv2d(interpolate(x, scale_factor=2), weight, bias, padding=1)
        return filter2d(x, self.resample_filter) if self.blurred else x


class PortedLayer(StyleLayer):
    """StyleGAN's layer with more added to the variance; with `up`, upsampling is theirs."""

    def __init__(self, inputs: int, stage: Stage, w_dim: int, up: dict[str, bool] | None):
        super().__init__(inputs, stage, w_dim)
        if up and inputs:
            self.conv = PortedUp(inputs, stage.maps, **up)

    def forward(self, x: Tensor | None, w: Tensor, noise: Tensor | None) -> Tensor:              # type: ignore[override]
        """Map (N, inputs, H / up, W / up), w (N, w_dim) and noise (N, 1, H, W) to (N, maps, H, W)."""
        x = self.const.expand(len(w), -1, -1, -1) if self.conv is None else self.conv(x, GAIN)
        x = x if noise is None else x + noise * self.noise_strength[:, None, None]
        scale, shift = self.affine(w)[:, :, None, None].chunk(2, 1)
        return torch.addcmul(shift, instance_norm(bias_act(x, self.bias, act="lrelu", gain=1.0), eps=EPS), scale + 1)

    def drawn(self, n: int, noise: Noise) -> Tensor | None:
        """The noise of n images, (n, 1, H, W) or (H, W) for all; None without."""
        if noise == "random":
            return torch.randn(n, 1, *self.noise_const.shape, device=self.noise_const.device)
        return self.noise_const if noise == "const" else None


class PortedSynthesis(nn.Module):
    """Styles w (N, num_ws, w_dim) -> image; with `shared`, both layers of a resolution have the same noise."""

    def __init__(self, w_dim: int, image_size: Size, channels: int, maps: Sequence[int], *, shared: bool,
                 **up: bool):
        super().__init__()
        inputs, self.layers, self.shared = 0, nn.ModuleList(), shared
        for stage in stages(image_size, maps):
            self.layers.append(PortedLayer(inputs, stage, w_dim, up))
            self.layers.append(PortedLayer(stage.maps, stage, w_dim, None))
            inputs = stage.maps
        self.torgb = EqualizedConv2d(inputs, channels, 1)
        self.num_ws = len(self.layers)

    def forward(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """Map w (N, num_ws, w_dim) to (N, channels, H, W); `noise` as in StyleGAN2's `SynthesisNetwork`."""
        noise, x, drawn = noise or ("random" if self.training else "const"), None, None
        for index, (layer, style) in enumerate(zip(self.layers, w.unbind(1), strict=True)):
            drawn = drawn if self.shared and index % 2 else layer.drawn(len(w), noise)
            x = layer(x, style, drawn)
        return self.torgb(x)


class PortedStyleGANGenerator(nn.Module):
    """z -> w -> image (N, channels, H, W), whose pixels are free; `maps` of each resolution from the coarsest.

    `blurred`: maps are blurred when they have grown; `biased`: a bias comes before that; `shared`: both layers of a
    resolution have the same noise.
    """

    def __init__(self, z_dim: int, w_dim: int, image_size: Size, channels: int, maps: Sequence[int], *,
                 blurred: bool = True, biased: bool = False, shared: bool = False,
                 mapping: Mapping[str, Any] | None = None):
        super().__init__()
        self.synthesis = PortedSynthesis(w_dim, image_size, channels, maps, shared=shared, blurred=blurred,
                                         biased=biased)
        self.mapping = MappingNetwork(z_dim, 0, w_dim, self.synthesis.num_ws, **mapping or {})

    def forward(self, z: Tensor, *, noise: Noise | None = None, **truncation: Any) -> Tensor:
        """Map z (N, z_dim) to images; `truncation`: options of `MappingNetwork.forward`."""
        return self.synthesis(self.mapping(z, **truncation), noise)


class PortedStyleGANDiscriminator(StyleGAN2Discriminator):
    """Image -> score; `active`: fromRGB has an activation; `early`: the first convolution of a block widens.

    The other arguments are those of `StyleGAN2Discriminator`.
    """

    def __init__(self, image_size: Size, channels: int, maps: Sequence[int], *, active: bool = False,
                 early: bool = False, **options: Any):
        super().__init__(image_size, channels, maps, architecture="orig", **options)
        finest = self.get_submodule(self.stages[0].name)
        finest.fromrgb = EqualizedConv2d(channels, self.stages[0].maps, 1, act="lrelu" if active else "linear")
        for stage, coarser in pairwise(self.stages):
            block = self.get_submodule(stage.name)
            inner = coarser.maps if early else stage.maps
            block.conv0 = EqualizedConv2d(stage.maps, inner, 3, act="lrelu")
            block.conv1 = BlurredDown(inner, coarser.maps)

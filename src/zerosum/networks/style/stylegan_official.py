"""The networks of StyleGAN as NVIDIA's first code has them (NVlabs/stylegan): they blur apart from their convolutions.

    up:     x -> each pixel four times -> conv 3x3 -> blur;     down:   x -> blur -> conv 3x3 -> mean of each 2x2

Inside of a map that is a filter of four taps, [1 3 3 1], as in StyleGAN2; at its edges it is not, as both steps see
zeros beyond them. `StyleGANGenerator`, which is trained here, has bilinear filters of three taps instead.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from ...layers import EqualizedConv2d
from ...ops import bias_act, filter2d
from ...ops.bias_act import ACTIVATIONS
from .stages import Size
from .stylegan import BINOMIAL, StyleGANGenerator
from .stylegan2_discriminator import StyleGAN2Discriminator


class BlurredUp(EqualizedConv2d):
    """(N, inputs, H, W) -> (N, outputs, 2H, 2W), without bias."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, bias=False, taps=BINOMIAL)

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        weight = (self.weight * (self.weight_gain * gain)).to(x)
        return filter2d(conv2d(interpolate(x, scale_factor=2), weight, padding=1), self.resample_filter)


class BlurredDown(EqualizedConv2d):
    """(N, inputs, H, W) -> (N, outputs, H/2, W/2), with bias and leaky ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, act="lrelu", taps=BINOMIAL)

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        weight = (self.weight * self.weight_gain).to(x)
        x = avg_pool2d(conv2d(filter2d(x, self.resample_filter), weight, padding=1), 2)
        return bias_act(x, self.bias.to(x), act=self.act, gain=gain * ACTIVATIONS[self.act].gain)


class OfficialStyleGANGenerator(StyleGANGenerator):
    """z -> w -> image (N, channels, H, W), whose pixels are free; arguments as in `StyleGANGenerator`."""

    def __init__(self, z_dim: int, w_dim: int, image_size: Size, channels: int, maps: Sequence[int], **options: Any):
        super().__init__(z_dim, w_dim, image_size, channels, maps, **options)
        for layer in self.synthesis.layers[2::2]:
            outputs, inputs = layer.conv.weight.shape[:2]
            layer.conv = BlurredUp(inputs, outputs)


class OfficialStyleGANDiscriminator(StyleGAN2Discriminator):
    """Image -> score, neither residual nor with skips; arguments as in `StyleGAN2Discriminator`."""

    def __init__(self, image_size: Size, channels: int, maps: Sequence[int], **options: Any):
        super().__init__(image_size, channels, maps, architecture="orig", **options)
        for stage in self.stages[:-1]:
            block = self.get_submodule(stage.name)
            outputs, inputs = block.conv1.weight.shape[:2]
            block.conv1 = BlurredDown(inputs, outputs)

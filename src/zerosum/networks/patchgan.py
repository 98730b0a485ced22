"""PatchGAN: a discriminator that scores overlapping patches (pix2pix, Isola et al., 2017, arXiv:1611.07004)."""

from torch import Tensor, nn

from ..layers import init_normal, norm2d
from ..ops import at_least_float32


class PatchDiscriminator(nn.Module):
    """x -> conv 4x4 s2, LeakyReLU -> [conv 4x4 s2, norm, LeakyReLU] x (layers - 1) -> the same, s1 -> conv 4x4 s1.

    Channels are width, 2 width, 4 width and then 8 width throughout (1611.07004, Appendix 6.1.2). With 3 layers every
    score sees 70x70 pixels; with 1, 2, 4, 5 layers 16, 34, 142, 286. Layers are numbered as in the official code.
    """

    def __init__(self, channels: int = 3, width: int = 64, layers: int = 3, norm: str = "batch"):
        super().__init__()
        self.model = nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2))
        inputs = width
        for k in range(1, layers + 1):
            outputs, stride = width * min(2 ** k, 8), 2 if k < layers else 1
            self.model.extend([nn.Conv2d(inputs, outputs, 4, stride, 1, bias=norm != "batch"), norm2d(norm, outputs),
                               nn.LeakyReLU(0.2)])
            inputs = outputs
        self.model.append(nn.Conv2d(inputs, 1, 4, 1, 1))
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Score the patches of images (N, channels, H, W): a map (N, 1, h, w), float32."""
        return at_least_float32(self.model(x))

"""DCGAN: the all-convolutional generator and discriminator of Radford, Metz and Chintala (2015), arXiv:1511.06434.

    64 px:  z -> 4x4x1024 -> 8x8x512 -> 16x16x256 -> 32x32x128 -> 64x64xC        Figure 1
            x -> 32x32x128 -> 16x16x256 -> 8x8x512 -> 4x4x1024 -> score

Other sizes have one stage more or fewer per octave, so that the smallest map is 4 to 7 pixels high or wide. A side that
is no multiple of a power of two is generated a little too large and cropped; 28x28 starts from 7x7 and fits exactly.
"""

from math import ceil
from typing import Literal

from torch import Tensor, nn

from ..layers import init_normal, norm2d
from ..ops import at_least_float32

Size = int | tuple[int, int]                 # side of a square, or (height, width)


class DCGANGenerator(nn.Module):
    """z -> 1x1 map -> transposed conv to the first map, BN, ReLU -> [x2, halve the channels, BN, ReLU] -> x2 -> tanh.

    `width`: channels of the first map (1024 in the paper at 64 px). `upsample`: "transposed" is the paper's transposed
    convolution, 4x4 of stride 2; "resize" is nearest-neighbour and a 3x3 convolution, which leaves no checkerboard
    (Odena et al., 2016). `norm`: as in the discriminator; "none" is that of 1701.07875, Fig. 6. Weights N(0, 0.02), BN
    gains N(1, 0.02). Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 100, image_size: Size = 64, channels: int = 3, width: int = 1024,
                 upsample: Literal["transposed", "resize"] = "transposed", *, norm: str = "batch"):
        super().__init__()
        self.size = _pair(image_size)
        stages = _stages(self.size, width)
        start = tuple(ceil(side / 2 ** stages) for side in self.size)
        bias = norm != "batch"               # batch normalization subtracts the mean, and a bias with it
        self.body = nn.Sequential(nn.Unflatten(1, (z_dim, 1, 1)),
                                  nn.ConvTranspose2d(z_dim, width, start, bias=bias), norm2d(norm, width), nn.ReLU())
        for _ in range(stages - 1):
            self.body.extend([*_double(width, width // 2, upsample, bias), norm2d(norm, width // 2), nn.ReLU()])
            width //= 2
        self.body.extend([*_double(width, channels, upsample, bias=True), nn.Tanh()])
        init_normal(self)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to images (N, channels, height, width) in [-1, 1]."""
        height, width = self.size
        return self.body(z)[..., :height, :width]


class DCGANDiscriminator(nn.Module):
    """x -> conv 4x4 stride 2, LeakyReLU -> [conv 4x4 stride 2, double the channels, BN, LeakyReLU] -> conv to 1x1.

    `width`: channels of the last map (1024 in the paper at 64 px), as in the generator. `norm`: "batch" is the paper's;
    a critic under a gradient penalty takes "layer", "instance" or "none". Weights and errors as in the generator.
    """

    def __init__(self, image_size: Size = 64, channels: int = 3, width: int = 1024, norm: str = "batch"):
        super().__init__()
        size = _pair(image_size)
        stages = _stages(size, width)
        maps = width >> (stages - 1)
        self.body = nn.Sequential(nn.Conv2d(channels, maps, 4, 2, 1), nn.LeakyReLU(0.2))
        for _ in range(stages - 1):
            self.body.extend([nn.Conv2d(maps, 2 * maps, 4, 2, 1, bias=norm != "batch"), norm2d(norm, 2 * maps),
                              nn.LeakyReLU(0.2)])
            maps *= 2
        self.body.append(nn.Conv2d(maps, 1, (size[0] >> stages, size[1] >> stages)))
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Score images (N, channels, height, width): (N,), float32."""
        return at_least_float32(self.body(x).flatten())


def _double(inputs: int, outputs: int, upsample: str, bias: bool) -> list[nn.Module]:
    """The layers that double the sides of a map."""
    if upsample == "transposed":
        return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)]
    if upsample == "resize":
        return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias)]
    raise ValueError(f"unknown upsample '{upsample}'; there is: transposed, resize")


def _pair(image_size: Size) -> tuple[int, int]:
    return (image_size, image_size) if isinstance(image_size, int) else image_size


def _stages(size: tuple[int, int], width: int) -> int:
    """Number of doublings from a smallest side of 4 to 7 pixels."""
    stages = (min(size) // 4).bit_length() - 1
    if stages < 1:
        raise ValueError(f"DCGAN needs images of at least 8x8 pixels, not {size[0]}x{size[1]}")
    if width % 2 ** (stages - 1):
        raise ValueError(f"the width of a DCGAN for {size[0]}x{size[1]} pixels must be a multiple of "
                         f"{2 ** (stages - 1)}, not {width}")
    return stages

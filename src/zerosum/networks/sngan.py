"""The convolutional networks of SNGAN (Miyato et al., 2018, arXiv:1802.05957, Table 3); spectral norm is not in them.

    32 px:  z -> Linear -> 4x4x512 -> 8x8x256 -> 16x16x128 -> 32x32x64 -> conv 3x3, tanh
            x -> [conv 3x3, conv 4x4 stride 2] x 3: 64, 128, 256 maps -> conv 3x3, 512 maps -> Linear

As in the paper at 48 px, other sizes start from another map: 12x6 for 96x48. Sizes below 32 px double less often.
"""

from math import prod

from torch import Tensor, nn

from ..layers import init_normal
from ..ops import at_least_float32

OCTAVES, SLOPE = 3, 0.1                      # doublings of the paper's networks, at most; of LeakyReLU


class SNGANGenerator(nn.Module):
    """z -> Linear -> [transposed conv 4x4 stride 2, halve the channels, BN, ReLU] per octave -> conv 3x3, tanh.

    `width`: channels of the first map (512 in the paper at 32 px). Weights N(0, 0.02), as in DCGAN; the paper says
    nothing. Raises ValueError for sizes that cannot be built.
    """

    def __init__(self, z_dim: int = 128, image_size: tuple[int, int] = (32, 32), channels: int = 3, width: int = 512):
        super().__init__()
        octaves = _octaves(image_size, width)
        self.bottom = (width, image_size[0] >> octaves, image_size[1] >> octaves)
        self.linear = nn.Linear(z_dim, prod(self.bottom))
        self.body = nn.Sequential()
        for _ in range(octaves):
            self.body.extend([nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(width // 2),
                              nn.ReLU()])
            width //= 2
        self.body.extend([nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()])
        init_normal(self)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to images (N, channels, height, width) in [-1, 1]."""
        return self.body(self.linear(z).unflatten(1, self.bottom))


class SNGANDiscriminator(nn.Module):
    """x -> [conv 3x3, LeakyReLU, conv 4x4 stride 2, LeakyReLU] per octave -> conv 3x3, LeakyReLU -> Linear -> score.

    `width`: channels of the last map (512 in the paper at 32 px), each octave has half of those of the next. Weights
    and errors as in the generator.
    """

    def __init__(self, image_size: tuple[int, int] = (32, 32), channels: int = 3, width: int = 512):
        super().__init__()
        octaves = _octaves(image_size, width)
        self.body = nn.Sequential()
        for octave in range(octaves, 0, -1):
            maps = width >> octave
            self.body.extend([nn.Conv2d(channels, maps, 3, padding=1), nn.LeakyReLU(SLOPE),
                              nn.Conv2d(maps, maps, 4, 2, 1), nn.LeakyReLU(SLOPE)])
            channels = maps
        self.body.extend([nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(SLOPE)])
        self.linear = nn.Linear(width * prod(side >> octaves for side in image_size), 1)
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Score images (N, channels, height, width): (N,), float32."""
        return at_least_float32(self.linear(self.body(x).flatten(1)).squeeze(1))


def _octaves(size: tuple[int, int], width: int) -> int:
    """Doublings of the sides, as many as leave whole maps of at least 4 pixels."""
    octaves = 0
    while octaves < OCTAVES and all(side % (2 << octaves) == 0 and side >> octaves >= 8 for side in size):
        octaves += 1
    if octaves == 0:
        raise ValueError(f"the networks of SNGAN need even sides of at least 8 pixels, not {size[0]}x{size[1]}")
    if width % 2 ** octaves:
        raise ValueError(f"the width of the networks of SNGAN for {size[0]}x{size[1]} pixels must be a multiple of "
                         f"{2 ** octaves}, not {width}")
    return octaves

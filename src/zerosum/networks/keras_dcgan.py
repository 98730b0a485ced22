"""The two networks of the keras-dcgan tutorial (jacobgil/keras-dcgan, 2016), literally.

Despite the name they are no DCGAN: they have pooling, fully connected hidden layers and tanh throughout, and no batch
normalization in the discriminator. Keras' defaults are kept: Glorot-uniform weights, zero biases, batch normalization
that keeps 0.99 of its running statistics and adds 1e-3 to the variance. At 28x28: 6 763 777 numbers in the generator
(6 751 233 of them trainable, the rest running statistics) and 3 485 441 in the discriminator.
"""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from ..layers import init_glorot
from ..ops import at_least_float32

Size = int | Sequence[int]                   # side of a square, or (height, width)


class KerasDCGANGenerator(nn.Module):
    """z -> Dense 1024, tanh -> Dense 128 h/4 w/4, BN, tanh -> [x2 nearest, conv 5x5 64, tanh] -> x2, conv 5x5, tanh.

    `width` is the number of maps of the first convolution (64 in the tutorial; the other layers scale with it). Raises
    ValueError unless both sides are multiples of 4 from 12 on.
    """

    def __init__(self, z_dim: int = 100, image_size: Size = 28, channels: int = 1, width: int = 64):
        super().__init__()
        start = _quarter(image_size)
        features = 2 * width * prod(start)
        self.body = nn.Sequential(
            nn.Linear(z_dim, 16 * width), nn.Tanh(),
            nn.Linear(16 * width, features), nn.BatchNorm1d(features, eps=1e-3, momentum=0.01), nn.Tanh(),
            nn.Unflatten(1, (2 * width, *start)),
            nn.Upsample(scale_factor=2), nn.Conv2d(2 * width, width, 5, padding=2), nn.Tanh(),
            nn.Upsample(scale_factor=2), nn.Conv2d(width, channels, 5, padding=2), nn.Tanh())
        init_glorot(self)

    def forward(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to images (N, channels, height, width) in [-1, 1]."""
        return self.body(z)


class KerasDCGANDiscriminator(nn.Module):
    """x -> conv 5x5 64 same, tanh, max pool 2 -> conv 5x5 128 valid, tanh, max pool 2 -> Dense 1024, tanh -> Dense 1.

    `width` as in the generator; the same sizes raise ValueError. The sigmoid is left to the loss.
    """

    def __init__(self, image_size: Size = 28, channels: int = 1, width: int = 64):
        super().__init__()
        left = prod((2 * side - 4) // 2 for side in _quarter(image_size))
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 5, padding=2), nn.Tanh(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 5), nn.Tanh(), nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * width * left, 16 * width), nn.Tanh(),
            nn.Linear(16 * width, 1))
        init_glorot(self)

    def forward(self, x: Tensor) -> Tensor:
        """Score images (N, channels, height, width): (N,), float32."""
        return at_least_float32(self.body(x).squeeze(1))


def _quarter(image_size: Size) -> tuple[int, int]:
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if min(height, width) < 12 or height % 4 or width % 4:
        raise ValueError(f"the keras-dcgan networks need sides that are multiples of 4 and at least 12, "
                         f"not {height}x{width}")
    return height // 4, width // 4

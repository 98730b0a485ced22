"""The networks of LAPGAN (Denton et al., 2015, 1506.05751, App. A) for one level of the pyramid, and the pyramid.

    G_k: (l, a plane of noise) -> conv 7x7, ReLU -> conv 7x7, ReLU -> conv 5x5 -> residual
    D_k: l + h -> conv 5x5, ReLU -> conv 5x5 /2, ReLU -> dropout -> linear -> score

The coarsest level has fully connected networks, `MLPGenerator` and `MLPDiscriminator`.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ..ops import at_least_float32

Size = tuple[int, int]                       # (height, width)


def coarser(x: Tensor) -> Tensor:
    """d: blur and decimate, (N, C, H, W) -> (N, C, H / 2, W / 2): the mean over 2 x 2 pixels."""
    return avg_pool2d(x, 2)


def finer(x: Tensor) -> Tensor:
    """u: expand and smooth, (N, C, H, W) -> (N, C, 2 H, 2 W), by bilinear interpolation."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def pyramid(x: Tensor, levels: int) -> list[tuple[Tensor | None, Tensor]]:
    """The Laplacian pyramid of images (N, C, H, W): (l, h) of each level, the coarsest first, which is (None, image).

    l_k = u(d(I_k)),   h_k = I_k - l_k,   so that I_k = u(I_{k + 1}) + h_k                                 Eq. (3), (4)
    """
    found: list[tuple[Tensor | None, Tensor]] = []
    for _ in range(levels - 1):
        smaller = coarser(x)
        blurred = finer(smaller)
        found.append((blurred, x - blurred))
        x = smaller
    return [*found, (None, x)][::-1]


def sizes_of(image_size: Size, coarsest: int) -> list[Size]:
    """Height and width of each level, the coarsest first: both sides are halved while they are whole.

    The shorter one stays at least `coarsest`. Raises ValueError where there is but one level.
    """
    sizes = [image_size]
    while all(side % 2 == 0 for side in sizes[0]) and min(sizes[0]) // 2 >= coarsest:
        sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
    if len(sizes) == 1:
        raise ValueError(f"a pyramid needs two levels: images of even sides of at least {2 * coarsest} pixels, not "
                         f"{image_size[0]}x{image_size[1]}; or choose a smaller coarsest level")
    return sizes


class ClassPlane(nn.Module):
    """A class, one-hot -> linear -> a plane beside the image (Sec. 3.1); no plane without classes."""

    def __init__(self, classes: int, size: Size):
        super().__init__()
        self.size, self.planes = size, int(classes > 0)
        self.linear = nn.Linear(classes, size[0] * size[1]) if classes else None

    def forward(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Put the plane of y (N, classes) behind the maps x (N, C, H, W)."""
        if self.linear is None or y is None:
            return x
        return torch.cat([x, self.linear(y).view(len(x), 1, *self.size)], 1)


class ResidualGenerator(nn.Module):
    """The blurred image of a level, a plane of noise [and one of the class] -> what it lacks, (N, C, H, W)."""

    def __init__(self, size: Size, channels: int, width: int = 128, classes: int = 0):
        super().__init__()
        self.told = ClassPlane(classes, size)
        self.body = nn.Sequential(
            nn.Conv2d(channels + 1 + self.told.planes, width, 7, padding=3), nn.ReLU(),
            nn.Conv2d(width, width, 7, padding=3), nn.ReLU(), nn.Conv2d(width, channels, 5, padding=2))

    def forward(self, blurred: Tensor, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Map images (N, C, H, W), noise (N, 1, H, W) and one-hot classes to residuals (N, C, H, W)."""
        return self.body(self.told(torch.cat([blurred, z], 1), y))


class ResidualDiscriminator(nn.Module):
    """A blurred image and its residual, added up [and a plane of the class] -> score."""

    def __init__(self, size: Size, channels: int, width: int = 128, classes: int = 0, dropout: float = 0.5):
        super().__init__()
        self.told = ClassPlane(classes, size)
        left = [(side - 8) // 2 for side in size]
        self.body = nn.Sequential(
            nn.Conv2d(channels + self.told.planes, width, 5), nn.ReLU(), nn.Conv2d(width, width, 5, 2), nn.ReLU(),
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(width * left[0] * left[1], 1))

    def forward(self, blurred: Tensor, residual: Tensor, y: Tensor | None = None) -> Tensor:
        """Score images (N, C, H, W) with their residuals, under one-hot classes: (N,), float32."""
        return at_least_float32(self.body(self.told(blurred + residual, y)).squeeze(1))

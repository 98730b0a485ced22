"""The architecture of the shipped feature networks: three residual stages, 64 features, and a class head per factor."""

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn
from torch.nn.functional import relu
from torch.nn.utils.fusion import fuse_conv_bn_eval

DIM, SIDE = 64, 32                           # features, and the side of the images that they are made for


class ConvBlock(nn.Module):
    """A 3 x 3 convolution and ReLU; batch normalisation between them while it is trained."""

    def __init__(self, before: int, after: int, stride: int = 1, training: bool = False):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride, padding=1)
        self.norm = nn.BatchNorm2d(after) if training else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.norm(self.conv(x)))

    def fold(self) -> None:
        """Make the normalisation part of the convolution, which then computes the same with a third less work."""
        self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class Stage(nn.Module):
    """Half the side: a strided block, and a residual one."""

    def __init__(self, before: int, after: int, training: bool):
        super().__init__()
        self.down = ConvBlock(before, after, 2, training)
        self.more = ConvBlock(after, after, 1, training)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return x + self.more(x)


class FeatureNetwork(nn.Module):
    """Images (N, channels, 32, 32) in [-1, 1] -> 64 features -> logits of every factor that it was trained to name.

    factors: name -> number of values, the class first. `training` adds batch normalisation, which `folded` removes.
    """

    def __init__(self, channels: int, width: int, factors: Mapping[str, int], training: bool = False):
        super().__init__()
        self.stem = ConvBlock(channels, width // 2, 1, training)
        self.stages = nn.ModuleList(Stage(before, after, training) for before, after in (
            (width // 2, width), (width, 2 * width), (2 * width, 4 * width)))
        self.project = nn.Linear(4 * width * (SIDE // 8) ** 2, DIM)
        self.heads = nn.ModuleDict({name: nn.Linear(DIM, count) for name, count in factors.items()})

    def layers(self, x: Tensor) -> list[Tensor]:
        """What the stem and the three stages make of images of any size (N, channels, H, W), finest first."""
        found = [self.stem(x)]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found

    def features(self, x: Tensor) -> Tensor:
        """(N, channels, 32, 32) -> (N, 64), none negative."""
        return relu(self.project(self.layers(x)[-1].flatten(1)))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Logits (N, K) of every factor."""
        features = self.features(x)
        return {name: head(features) for name, head in self.heads.items()}

    def folded(self) -> Self:
        """The trained network without batch normalisation and without gradients, in place."""
        self.eval().requires_grad_(False)
        for block in list(self.modules()):
            if isinstance(block, ConvBlock):
                block.fold()
        return self

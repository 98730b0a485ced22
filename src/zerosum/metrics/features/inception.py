"""The Inception-v3 of FID and the Inception score: TensorFlow's graph of 2015-12-05, not any later Inception-v3.

Szegedy et al., Rethinking the Inception architecture, 2015, arXiv:1512.00567. It has 1008 classes, averages over what
is inside the image only, takes a maximum in place of an average in its last block, and its keys here are those of the
published pt_inception-2015-12-05-6726825d.pth. With any other weights or wiring a number is no FID.
"""

import weakref
from collections.abc import Sequence
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, batch_norm, max_pool2d
from torch.nn.utils.fusion import fuse_conv_bn_weights

from ..protocol import OURS, Protocol
from .device import NetworkFeatures

SIDE, DIM, CLASSES = 299, 2048, 1008
EPSILON = 1e-3                               # of batch normalisation

average = partial(avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
maximum = partial(max_pool2d, kernel_size=3, stride=1, padding=1)
shrink = partial(max_pool2d, kernel_size=3, stride=2)

# A branch is a chain of steps: a pooling; a convolution (name, channels, kernel[, stride]), without padding where it
# has a stride; or, at its end, a list of convolutions whose results lie side by side.
Branch = Sequence


class Norm(nn.Module):
    """Batch normalisation by the statistics that were learnt."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=EPSILON)


class Conv(nn.Module):
    """A convolution without bias, normalisation, ReLU."""

    def __init__(self, before: int, after: int, kernel: int | tuple[int, int], stride: int = 1,
                 padding: int | tuple[int, int] = 0):
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = Norm(after)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu_()

    def fold(self) -> None:
        """Make the normalisation part of the convolution, which then computes the same with a seventh less work."""
        bn = self.bn
        self.conv.weight, self.conv.bias = fuse_conv_bn_weights(
            self.conv.weight, None, bn.running_mean, bn.running_var, EPSILON, bn.weight, bn.bias)
        self.bn = nn.Identity()


class Mixed(nn.Module):
    """Branches that see the same and whose channels lie side by side."""

    def __init__(self, before: int, *branches: Branch):
        super().__init__()
        self.branches, self.channels = branches, 0
        for branch in branches:
            self.channels += self._grow(branch, before)

    def _grow(self, branch: Branch, channels: int) -> int:
        for step in branch:
            if isinstance(step, list):
                channels = sum(self._add(channels, *conv) for conv in step)
            elif isinstance(step, tuple):
                channels = self._add(channels, *step)
        return channels

    def _add(self, before: int, name: str, after: int, kernel: int | tuple[int, int], stride: int = 1) -> int:
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.add_module(name, Conv(before, after, kernel, stride,
                                   (height // 2, width // 2) if stride == 1 else 0))
        return after

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._follow(branch, x) for branch in self.branches], 1)

    def _follow(self, branch: Branch, x: Tensor) -> Tensor:
        for step in branch:
            if isinstance(step, list):
                x = torch.cat([getattr(self, conv[0])(x) for conv in step], 1)
            else:
                x = getattr(self, step[0])(x) if isinstance(step, tuple) else step(x)
        return x


def at_35(before: int, pooled: int) -> Mixed:
    """A block at 35 x 35, "A" in torchvision's names."""
    return Mixed(before, [("branch1x1", 64, 1)], [("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)],
                 [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)],
                 [average, ("branch_pool", pooled, 1)])


def at_17(inner: int) -> Mixed:
    """A block at 17 x 17, whose 7 x 7 filters are factored: "C"."""
    wide, tall = (1, 7), (7, 1)
    return Mixed(768, [("branch1x1", 192, 1)],
                 [("branch7x7_1", inner, 1), ("branch7x7_2", inner, wide), ("branch7x7_3", 192, tall)],
                 [("branch7x7dbl_1", inner, 1), ("branch7x7dbl_2", inner, tall), ("branch7x7dbl_3", inner, wide),
                  ("branch7x7dbl_4", inner, tall), ("branch7x7dbl_5", 192, wide)],
                 [average, ("branch_pool", 192, 1)])


def at_8(before: int, pool: partial) -> Mixed:
    """A block at 8 x 8, whose branches fork: "E"."""
    wide, tall = (1, 3), (3, 1)
    return Mixed(before, [("branch1x1", 320, 1)],
                 [("branch3x3_1", 384, 1), [("branch3x3_2a", 384, wide), ("branch3x3_2b", 384, tall)]],
                 [("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3),
                  [("branch3x3dbl_3a", 384, wide), ("branch3x3dbl_3b", 384, tall)]],
                 [pool, ("branch_pool", 192, 1)])


class Inception(nn.Module):
    """Images (N, 3, 299, 299) as `InceptionFeatures` scales them -> features (N, 2048); `fc` holds the classes."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3)
        for name, before, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            self.add_module(f"Mixed_{name}", at_35(before, pooled))
        self.Mixed_6a = Mixed(288, [("branch3x3", 384, 3, 2)],
                              [("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3, 2)],
                              [shrink])
        for name, inner in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            self.add_module(f"Mixed_{name}", at_17(inner))
        self.Mixed_7a = Mixed(768, [("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2)],
                              [("branch7x7x3_1", 192, 1), ("branch7x7x3_2", 192, (1, 7)),
                               ("branch7x7x3_3", 192, (7, 1)), ("branch7x7x3_4", 192, 3, 2)], [shrink])
        self.Mixed_7b, self.Mixed_7c = at_8(1280, average), at_8(2048, maximum)
        self.fc = nn.Linear(DIM, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = shrink(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = shrink(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                x = block(x)
        return x.mean((2, 3))


class InceptionFeatures(NetworkFeatures):
    """The features of FID, and class probabilities for the Inception score."""

    dim, batch = DIM, 16                     # a fifth faster than 64 at a time, in half the memory

    def __init__(self, network: Inception, protocol: Protocol = OURS):
        super().__init__("inception", network, (3, SIDE, SIDE), protocol)
        for conv in list(network.requires_grad_(False).modules()):
            if isinstance(conv, Conv):
                conv.fold()
        network.to(memory_format=torch.channels_last)
        self._last: tuple[weakref.ref[Tensor], int, Tensor] | None = None

    @property
    def input(self) -> str:
        """How the network takes a pixel p of 0 to 255."""
        return "p / 127.5 - 1" if self.protocol.symmetric else "(p - 128) / 128"

    def __call__(self, x: Tensor) -> Tensor:
        """Features (N, 2048) of images (N, C, H, W) in [-1, 1]; remembered while `x` lives, as two views need them."""
        if self._last is None or self._last[0]() is not x or self._last[1] != x._version:
            self._last = weakref.ref(x), x._version, super().__call__(x)
        return self._last[2]

    def under(self, protocol: Protocol) -> Self:
        """The same network with images resized and scaled as this protocol says."""
        other = super().under(protocol)
        other._last = None
        return other

    def probabilities(self, x: Tensor) -> Tensor:
        """Probabilities (N, 1008) of ImageNet's classes, without the last layer's bias.

        The Inception score was published so (openai/improved-gan leaves the bias out), and no code here differs.
        """
        return (self(x) @ self.network.fc.weight.T.cpu()).softmax(1)

    def _prepared(self, x: Tensor) -> Tensor:
        x = super()._prepared(x)
        if not self.protocol.symmetric:
            x = (x * 127.5 - 0.5) / 128
        return x.contiguous(memory_format=torch.channels_last)

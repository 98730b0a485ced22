"""The judge of stacked digits: that of digits on each colour channel, so that a class is three digits."""

from functools import cache
from typing import Self

import torch
from torch import Tensor

from .extractor import fit_images
from .judge import TrainedJudge, judge, weakness


class StackedJudge:
    """Features (N, 3 x 64), and class 100 a + 10 b + c for the digits a, b, c on the three channels."""

    name = "judge-stacked-digits"

    def __init__(self, digits: TrainedJudge):
        self.digits, self.dim, self.weights_hash = digits, 3 * digits.dim, digits.weights_hash
        self.shape, self.task = (3, *digits.shape[1:]), "three digits"
        self.accuracy = digits.accuracy ** 3             # the three are drawn independently

    def to(self, device: torch.device | str) -> Self:
        """Move the network, and with it the work."""
        self.digits.to(device)
        return self

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of a score must know of the network."""
        return self.digits.warnings + weakness(self.accuracy)

    def __call__(self, x: Tensor) -> Tensor:
        """Features (N, 192) of images (N, 3, H, W) in [-1, 1]."""
        return self.digits(_apart(x)).view(len(x), -1)

    def layers(self, x: Tensor) -> list[Tensor]:
        """Activations (N, 3 C_k, H_k, W_k) of each channel of images of any size, finest first, with gradients."""
        return [found.view(len(x), -1, *found.shape[2:]) for found in self.digits.layers(_apart(x))]

    def classify(self, x: Tensor) -> Tensor:
        """The most likely class of each image: (N,) int64 below 1000."""
        return self.digits.classify(_apart(x)).view(-1, 3) @ torch.tensor([100, 10, 1])

    def probabilities(self, x: Tensor) -> Tensor:
        """Class probabilities (N, 1000): the products of those of three digits."""
        a, b, c = self.digits.probabilities(_apart(x)).view(-1, 3, 10).unbind(1)
        return (a[:, :, None, None] * b[:, None, :, None] * c[:, None, None, :]).flatten(1)


def _apart(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (3 N, 1, H, W): every channel a grey image."""
    return fit_images(x, (3, *x.shape[2:])).reshape(-1, 1, *x.shape[2:])


@cache
def stacked_judge() -> StackedJudge:
    """The judge of the built-in stacked-digits."""
    return StackedJudge(judge("digits"))

"""Moving averages of weights: what `sample`, the metrics and the pictures use."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..core import Player

RAMP_UP = 0.05                               # of the images since it began: the longest half-life early on


class Average:
    """The exponential moving average of one player's networks, with a half-life in images.

    theta_ema <- d theta_ema + (1 - d) theta,   d = 0.5 ^ (images / h),   h = min(half_life, RAMP_UP images so far),
    counted from the image `since` which it was begun. The ramp-up (StyleGAN2-ADA's) forgets the random start at once:
    without it, early samples show the initial weights, and those of layers that have just joined later ones.
    Running statistics are averaged like weights (a batch norm is only right with the statistics of its own weights);
    integer buffers are copied.
    """

    def __init__(self, model: nn.Module, player: Player, since: int = 0):
        self.half_life, self.since = player.ema, since
        mine = {id(t) for module in player.modules for t in [*module.parameters(), *module.buffers()]}
        self._live = {name: tensor for name, tensor in model.state_dict(keep_vars=True).items() if id(tensor) in mine}
        self.tensors = {name: tensor.detach().clone() for name, tensor in self._live.items()}

    @torch.no_grad()
    def move(self, images: int, so_far: int) -> None:
        """Follow the live weights after a step that saw `images` images, the last of `so_far`."""
        weight = 1 - 0.5 ** (images / min(self.half_life, RAMP_UP * (so_far - self.since)))
        for name, average in self.tensors.items():
            if average.is_floating_point():
                average.lerp_(self._live[name].detach(), weight)
            else:
                average.copy_(self._live[name])

    def swap(self) -> None:
        """Exchange the live weights with the averages; a second call undoes it."""
        for name, average in self.tensors.items():
            live = self._live[name]
            live.data, average.data = average.data, live.data

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor], since: int) -> None:
        """Take saved averages back, which were begun at this image; raises KeyError where one is missing."""
        self.since = since
        for name, average in self.tensors.items():
            average.copy_(tensors[name])

"""Historical averaging: how far a player has come from where it was on average (1606.03498, Sec. 3.3)."""

import torch
from torch import Tensor, nn


class HistoricalAverage(nn.Module):
    """Remembers the mean of a network's parameters over time, (1/t) sum_i theta[i], as one vector.

    The mean and its count are buffers: a resumed training goes on with them. The network itself is not kept, so that
    its parameters have one place alone.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.register_buffer("mean", torch.zeros_like(_vector(network)))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def record(self, network: nn.Module) -> None:
        """Take the present parameters into the mean: once per move of their player, before it."""
        self.count += 1
        self.mean += (_vector(network) - self.mean) / self.count

    def forward(self, network: nn.Module) -> Tensor:
        """The term ||theta - (1/t) sum_i theta[i]||^2 of a player's cost, a scalar."""
        return (_vector(network) - self.mean).square().sum()


def _vector(network: nn.Module) -> Tensor:
    """All parameters in one."""
    return torch.cat([parameter.flatten() for parameter in network.parameters()])

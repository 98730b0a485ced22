"""Self-attention between all places of a map, as SAGAN has it (Zhang et al., 2018, arXiv:1805.08318)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d


class SelfAttention(nn.Module):
    """x -> x + gamma o(sum_i beta_ji g(x)_i),   beta_j = softmax over i of theta(x)_j . phi(x)_i     (Eq. 1 to 3)

    theta and phi are 1x1 convolutions to an eighth of the channels, g to half of them, o back to all. As in the
    authors' code and BigGAN's, the places i that are attended to are the largest of each 2x2: a quarter as many. gamma
    starts at 0: the layer starts as the identity. Raises ValueError for fewer than 8 channels.
    """

    def __init__(self, channels: int):
        super().__init__()
        if channels < 8:
            raise ValueError(f"self-attention needs at least 8 channels, not {channels}")
        self.theta, self.phi = (nn.Conv2d(channels, channels // 8, 1, bias=False) for _ in range(2))
        self.g = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.o = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def attention(self, x: Tensor) -> Tensor:
        """Where each place of maps x (N, C, H, W) looks: (N, H W, H/2 W/2), rows that sum to one."""
        queries, keys = self.theta(x).flatten(2), max_pool2d(self.phi(x), 2).flatten(2)
        return (queries.transpose(1, 2) @ keys).softmax(-1)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map (N, C, H, W) to the same; `condition` is what a network's other layers are told."""
        values = max_pool2d(self.g(x), 2).flatten(2)
        seen = (values @ self.attention(x).transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.gamma * self.o(seen)


class ResidualTwin(nn.Module):
    """x -> x + gamma o(relu(h(x))): what attention is measured against, with as many weights, but without far sight.

    h and o are 1x1 convolutions, to five eighths of the channels and back: theta, phi, g and o have as many weights
    (1805.08318, Sec. 4.2 compares with a residual block of as many parameters). Raises ValueError for fewer than 8
    channels.
    """

    def __init__(self, channels: int):
        super().__init__()
        if channels < 8:
            raise ValueError(f"the twin of self-attention needs at least 8 channels, not {channels}")
        hidden = channels // 8 + channels // 2
        self.h, self.o = nn.Conv2d(channels, hidden, 1, bias=False), nn.Conv2d(hidden, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map (N, C, H, W) to the same."""
        return x + self.gamma * self.o(torch.relu(self.h(x)))

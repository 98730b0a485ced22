"""The random numbers of the ADA pipeline, in its order: what an operation does, then to which images."""

import torch
from torch import Tensor


class Draws:
    """Draws for a number of images; whoever wants to replay or to choose them gives the pipeline another object."""

    def __init__(self, samples: int, device: torch.device):
        self.samples, self.device = samples, device

    def uniform(self, *shape: int) -> Tensor:
        """Numbers in [0, 1), (N, *shape)."""
        return torch.rand(self.samples, *shape, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """Numbers of N(0, 1), (N, *shape)."""
        return torch.randn(self.samples, *shape, device=self.device)

    def happens(self, operation: str, probability: Tensor) -> Tensor:
        """Which images an operation is applied to, with this probability, a scalar: (N,) bool.

        The operation's name is for objects that decide by it; rotation has its turn twice: `rotate`, `rotate again`.
        """
        return self.uniform() < probability

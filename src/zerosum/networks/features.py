"""A discriminator that can be asked for its features: the last hidden layer, before the score."""

from torch import Tensor, nn

from ..layers import MinibatchDiscrimination
from ..ops import at_least_float32
from .dcgan import DCGANDiscriminator
from .mlp import MLPDiscriminator


class FeatureDiscriminator(nn.Module):
    """x -> trunk -> features (N, F) -> [minibatch discrimination] -> Linear -> score.

    The trunk is `network`, taken apart before its last layer, whose weights the new one takes over: without `kernels`
    it computes the same scores.
    """

    def __init__(self, network: MLPDiscriminator | DCGANDiscriminator, kernels: int = 0, kernel_dims: int = 5):
        super().__init__()
        *hidden, last = network.body
        width = last.weight[0].numel()
        self.trunk = nn.Sequential(*([nn.Flatten()] if isinstance(network, MLPDiscriminator) else []), *hidden,
                                   nn.Flatten())
        self.minibatch = MinibatchDiscrimination(width, kernels, kernel_dims) if kernels else nn.Identity()
        self.head = nn.Linear(width + kernels, 1)
        self.head.weight.data[:, :width], self.head.bias.data = last.weight.data.flatten(1), last.bias.data

    def features(self, x: Tensor) -> Tensor:
        """Features of x (N, *shape): (N, F)."""
        return self.trunk(x)

    def judge(self, features: Tensor) -> Tensor:
        """Score features (N, F): (N,), float32."""
        return at_least_float32(self.head(self.minibatch(features)).squeeze(1))

    def forward(self, x: Tensor) -> Tensor:
        """Score x (N, *shape): (N,), float32."""
        return self.judge(self.features(x))

"""Discriminators taken apart: asked for the features before the score, or ending in several numbers in its place.

    FeatureDiscriminator    features, and the score that is made of them
    Embedding               features, and as many numbers as wanted that are made of them
    TwoHeads                the score, and beside it the logits of a question, both of the same features
"""

from torch import Tensor, nn

from ..layers import MinibatchDiscrimination, init_normal
from ..ops import at_least_float32
from .dcgan import DCGANDiscriminator
from .mlp import MLPDiscriminator
from .resnet import ResNetDiscriminator
from .sngan import SNGANDiscriminator

Apart = MLPDiscriminator | DCGANDiscriminator


def before_the_score(network: Apart) -> tuple[nn.Sequential, nn.Linear | nn.Conv2d]:
    """All layers of a discriminator but its last, which give features (N, F), and the last, which has F weights."""
    *hidden, last = network.body
    flat = [nn.Flatten()] if isinstance(network, MLPDiscriminator) else []
    return nn.Sequential(*flat, *hidden, nn.Flatten()), last


class FeatureDiscriminator(nn.Module):
    """x -> trunk -> features (N, F) -> [minibatch discrimination] -> Linear -> score.

    The trunk is `network`, taken apart before its last layer, whose weights the new one takes over: without `kernels`
    it computes the same scores.
    """

    def __init__(self, network: Apart, kernels: int = 0, kernel_dims: int = 5):
        super().__init__()
        self.trunk, last = before_the_score(network)
        width = last.weight[0].numel()
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


class Embedding(nn.Module):
    """x -> features (N, F) -> Linear -> `outputs` numbers.

    The layers before the features are `network`'s own, with their weights: it is used up. The last starts as the rest
    does: in a DCGAN as that paper says, in an MLP as in PyTorch.
    """

    def __init__(self, network: Apart, outputs: int):
        super().__init__()
        self.features, last = before_the_score(network)
        self.last = nn.Linear(last.weight[0].numel(), outputs)
        if isinstance(network, DCGANDiscriminator):
            init_normal(self.last)

    def forward(self, x: Tensor) -> Tensor:
        """Map samples x (N, *shape) to (N, outputs), float32."""
        return at_least_float32(self.last(self.features(x)))


class TwoHeads(nn.Module):
    """x -> trunk -> features (N, F) -> Linear -> score; and features -> Linear -> logits of `answers` to a question.

    The trunk is `network` without its last layer, which becomes the first head; the second starts as a ResNet's does.
    """

    def __init__(self, network: ResNetDiscriminator | SNGANDiscriminator | DCGANDiscriminator, answers: int):
        super().__init__()
        if isinstance(network, DCGANDiscriminator):
            apart = FeatureDiscriminator(network)
            self.trunk, self.head = apart.trunk, apart.head
        else:
            self.trunk, self.head = network, network.linear
            network.linear = nn.Identity()
        self.question = nn.Linear(self.head.in_features, answers)
        nn.init.xavier_uniform_(self.question.weight)

    def features(self, x: Tensor) -> Tensor:
        """What both heads see of images (N, C, H, W): (N, F)."""
        return self.trunk(x).view(len(x), -1)

    def answers(self, x: Tensor) -> Tensor:
        """Logits of the answers, (N, answers), float32."""
        return at_least_float32(self.question(self.features(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Score images (N, C, H, W): (N,), float32."""
        return at_least_float32(self.head(self.features(x)).squeeze(1))

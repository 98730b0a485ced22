"""Discriminators taken apart: asked for the features before the score, or ending in several numbers in its place.

    FeatureDiscriminator    features, and the score that is made of them
    Embedding               as many numbers as wanted, and the features before them; the new layer starts as in PyTorch
    FeatureMap              as many features as wanted, of a critic; the new layer starts as a DCGAN's do
    ManyOutputs             a score that is a vector, in a discriminator that is otherwise as it was
"""

from typing import Any

from torch import Tensor, nn

from ..layers import MinibatchDiscrimination, init_normal, init_orthogonal
from ..ops import at_least_float32
from .dcgan import DCGANDiscriminator
from .mlp import MLPDiscriminator
from .pairs import Pair, pair_of


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


class Embedding(nn.Module):
    """x -> all layers of a discriminator but its last -> Linear -> `outputs` numbers.

    The hidden layers are the discriminator's own, with their weights; the last starts as PyTorch starts it.
    """

    def __init__(self, discriminator: MLPDiscriminator | DCGANDiscriminator, outputs: int):
        super().__init__()
        *hidden, last = discriminator.body
        flat = [nn.Flatten()] if isinstance(discriminator, MLPDiscriminator) else []
        self.features = nn.Sequential(*flat, *hidden, nn.Flatten())
        self.last = nn.Linear(last.weight[0].numel(), outputs)               # what one score is made of

    def forward(self, x: Tensor) -> Tensor:
        """Map samples (N, *shape) to (N, outputs), float32."""
        return at_least_float32(self.last(self.features(x)))


class FeatureMap(nn.Module):
    """x -> the layers of a critic but for its last one -> a layer of its kind with `features` outputs.

    `critic` is one of `make_pair`, dcgan or mlp, of which nothing is copied: it is used up.
    """

    def __init__(self, critic: nn.Module, features: int):
        super().__init__()
        *layers, last = critic.body
        if isinstance(last, nn.Conv2d):
            head = nn.Conv2d(last.in_channels, features, last.kernel_size)
            init_normal(head)                # like the rest of a DCGAN
        else:
            layers, head = [nn.Flatten(), *layers], nn.Linear(last.in_features, features)
        self.body = nn.Sequential(*layers, head, nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Map samples x (N, *shape) to features (N, features), float32."""
        return at_least_float32(self.body(x))


class ManyOutputs(nn.Module):
    """A DCGAN or MLP discriminator whose last layer gives `outputs` numbers; all else stays as it was."""

    def __init__(self, discriminator: nn.Module, outputs: int):
        super().__init__()
        self.body = discriminator.body
        last = self.body[-1]
        if isinstance(last, nn.Conv2d):
            self.body[-1] = nn.Conv2d(last.in_channels, outputs, last.kernel_size)
            init_normal(self.body[-1])
        else:
            self.body[-1] = nn.Linear(last.in_features, outputs)
            self.body.insert(0, nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, *shape) to (N, outputs), float32."""
        return at_least_float32(self.body(x).flatten(1))


def pair_with_outputs(cfg: Any, shape: tuple[int, ...], outputs: int) -> Pair:
    """The pair that `pair_of` would build, dcgan or mlp, whose discriminator returns (N, outputs)."""
    generator, discriminator = pair_of(cfg, shape)
    discriminator = ManyOutputs(discriminator, outputs)
    if len(shape) == 1:
        init_orthogonal(discriminator.body[-1], gain=1.4)
    return generator, discriminator

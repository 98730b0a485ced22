"""Fully connected networks: the GAN of 2014 and the nets of the two-dimensional games.

Weights keep PyTorch's initialisation; models that follow a paper apply one of `layers.init_*`.
"""

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from ..layers import Maxout, make_activation
from ..ops import at_least_float32


class MLPGenerator(nn.Module):
    """z -> [Linear, activation] x depth -> Linear -> output activation -> samples.

    With its defaults the generator of Goodfellow et al. (1406.2661; mnist.yaml): two layers of 1200 rectifiers. Its
    sigmoid on [0, 1] is tanh on [-1, 1]: tanh(a) = 2 sigmoid(2a) - 1.
    """

    def __init__(self, z_dim: int, shape: tuple[int, ...], *, width: int = 1200, depth: int = 2,
                 activation: str = "relu", output: str = "tanh"):
        super().__init__()
        self.shape = tuple(shape)
        sizes = [z_dim, *[width] * depth]
        self.body = nn.Sequential()
        for inputs, outputs in pairwise(sizes):
            self.body.extend([nn.Linear(inputs, outputs), make_activation(activation)])
        self.body.extend([nn.Linear(sizes[-1], prod(shape)), make_activation(output)])

    def forward(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to samples (N, *shape)."""
        return self.body(z).unflatten(1, self.shape)


class MLPDiscriminator(nn.Module):
    """x -> flatten -> dropout -> [Linear, activation (or Maxout), dropout] x depth -> Linear -> score.

    With its defaults the discriminator of Goodfellow et al. (1406.2661; mnist.yaml): two layers of 240 maxout units of
    5 pieces; inputs are kept with probability 0.8, hidden units with 0.5. `pieces` is for activation "maxout" alone.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int = 240, depth: int = 2, activation: str = "maxout",
                 pieces: int = 5, dropout: tuple[float, float] = (0.2, 0.5)):
        super().__init__()
        sizes = [prod(shape), *[width] * depth]
        self.body = nn.Sequential(*_dropout(dropout[0]))
        for inputs, outputs in pairwise(sizes):
            self.body.extend([Maxout(inputs, outputs, pieces)] if activation == "maxout" else
                             [nn.Linear(inputs, outputs), make_activation(activation)])
            self.body.extend(_dropout(dropout[1]))
        self.body.append(nn.Linear(sizes[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        """Score x (N, *shape): (N,), float32."""
        return at_least_float32(self.body(x.flatten(1)).squeeze(1))


def _dropout(probability: float) -> list[nn.Module]:
    return [nn.Dropout(probability)] if probability else []

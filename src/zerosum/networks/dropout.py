"""Pairs by name, and one more: perceptrons whose discriminator forgets at random, for little data."""

from .mlp import MLPDiscriminator, MLPGenerator
from .pairs import Pair
from .pairs import make_pair as make_any


def make_pair(name: str, z_dim: int, shape: tuple[int, ...], width: int, norm: str = "batch", *,
              generator_norm: str = "batch") -> Pair:
    """As `pairs.make_pair`, with "dropout-mlp": two hidden layers in each, LeakyReLU and dropout in the discriminator,
    which keeps it from learning a few digits by heart; no norm."""
    if name != "dropout-mlp" or len(shape) != 3:
        return make_any(name.removeprefix("dropout-"), z_dim, shape, width, norm, generator_norm=generator_norm)
    return (MLPGenerator(z_dim, shape, width=width, output="tanh"),
            MLPDiscriminator(shape, width=width, activation="leaky-relu", dropout=(0.0, 0.3)))

"""Pairs of networks by name, for systems whose paper is about the loss and not about the network."""

from collections.abc import Callable
from typing import Any

from torch import nn

from ..layers import init_orthogonal
from .dcgan import DCGANDiscriminator, DCGANGenerator
from .mlp import MLPDiscriminator, MLPGenerator
from .r3gan import R3GANDiscriminator, R3GANGenerator
from .resnet import ResNetDiscriminator, ResNetGenerator

Pair = tuple[nn.Module, nn.Module]


def mlp_pair(z_dim: int, shape: tuple[int, ...], width: int, norm: str, generator_norm: str) -> Pair:
    """Three hidden ReLU layers in each (the toy networks of 1704.00028); no norm."""
    output = "tanh" if len(shape) == 3 else "none"
    return (MLPGenerator(z_dim, shape, width=width, depth=3, output=output),
            MLPDiscriminator(shape, width=width, depth=3, activation="relu", dropout=(0.0, 0.0)))


def dcgan_pair(z_dim: int, shape: tuple[int, ...], width: int, norm: str, generator_norm: str) -> Pair:
    """DCGAN's networks with `width` channels at 4x4 (1511.06434); `norm` is the discriminator's."""
    channels, *size = shape
    return (DCGANGenerator(z_dim, tuple(size), channels, width, norm=generator_norm),
            DCGANDiscriminator(tuple(size), channels, width, norm))


def resnet_pair(z_dim: int, shape: tuple[int, ...], width: int, norm: str, generator_norm: str) -> Pair:
    """The residual networks of WGAN-GP for CIFAR-10 (1704.00028, App. F): batch norm in the generator only."""
    channels, *size = shape
    return ResNetGenerator(z_dim, size, channels, width), ResNetDiscriminator(size, channels, width)


def r3gan_pair(z_dim: int, shape: tuple[int, ...], width: int, norm: str, generator_norm: str) -> Pair:
    """The residual networks of R3GAN (2501.05441, Sec. 3), of `width` channels at 4x4; no norm."""
    channels, *size = shape
    return R3GANGenerator(z_dim, size, channels, width), R3GANDiscriminator(size, channels, width)


def toy_pair(z_dim: int, shape: tuple[int, ...], width: int) -> Pair:
    """Two hidden tanh layers in each, orthogonal weights of gain 1.4: the networks of the two-dimensional game.

    Those of Unrolled GAN's mixture of Gaussians (1611.02163, App. A), which the papers after it took over.
    """
    pair = (MLPGenerator(z_dim, shape, width=width, activation="tanh", output="none"),
            MLPDiscriminator(shape, width=width, activation="tanh", dropout=(0.0, 0.0)))
    for network in pair:
        init_orthogonal(network, gain=1.4)
    return pair


PAIRS: dict[str, Callable[[int, tuple[int, ...], int, str, str], Pair]] = {
    "mlp": mlp_pair, "dcgan": dcgan_pair, "resnet": resnet_pair, "r3gan": r3gan_pair,
}


def make_pair(name: str, z_dim: int, shape: tuple[int, ...], width: int, norm: str = "batch", *,
              generator_norm: str = "batch") -> Pair:
    """Build generator and discriminator (or critic) for samples of `shape`: (C, H, W), or (D,), which gets the MLP.

    `norm` and `generator_norm` are those of the dcgan; the others have their papers'. Raises ValueError where the
    networks cannot make that size.
    """
    return PAIRS[name if len(shape) == 3 else "mlp"](z_dim, shape, width, norm, generator_norm)


def pair_of(cfg: Any, shape: tuple[int, ...]) -> Pair:
    """The pair that a Config with network, z_dim, width, norm and generator_norm asks for; points get the toy."""
    if len(shape) == 1:
        return toy_pair(cfg.z_dim, shape, cfg.width)
    return make_pair(cfg.network, cfg.z_dim, shape, cfg.width, cfg.norm, generator_norm=cfg.generator_norm)

"""Builds the networks of imported files, by name and arguments as they stand in a run.json, and gives them weights."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from ..core import ZerosumError
from ..layers import fresh_spectral_norm, spectral_norm
from ..networks import (
    BigGANDeepDiscriminator,
    BigGANDeepGenerator,
    BigGANDiscriminator,
    BigGANGenerator,
    R3GANDiscriminator,
    R3GANGenerator,
    ResNetDiscriminator,
    ResNetGenerator,
)
from ..networks.conditional_resnet import (
    ConditionalResNetGenerator,
    ProjectionResNetDiscriminator,
    TurnsResNetDiscriminator,
)
from ..networks.progan import ProGANDiscriminator, ProGANGenerator
from ..networks.studiogan import StudioGANDiscriminator, StudioGANGenerator
from ..networks.style import StyleGAN2Discriminator, StyleGAN2Generator, StyleGAN3Generator
from ..networks.style.lucidrains import LucidrainsDiscriminator, LucidrainsGenerator
from ..networks.style.stylegan_official import OfficialStyleGANDiscriminator, OfficialStyleGANGenerator
from ..networks.style.stylegan_ported import PortedStyleGANDiscriminator, PortedStyleGANGenerator
from .family import Part
from .states import Network

NETWORKS = {kind.__name__: kind for kind in (
    BigGANDeepDiscriminator, BigGANDeepGenerator, BigGANDiscriminator, BigGANGenerator, ConditionalResNetGenerator,
    LucidrainsDiscriminator, LucidrainsGenerator, OfficialStyleGANDiscriminator, OfficialStyleGANGenerator,
    PortedStyleGANDiscriminator, PortedStyleGANGenerator, ProGANDiscriminator, ProGANGenerator,
    ProjectionResNetDiscriminator, R3GANDiscriminator, R3GANGenerator, ResNetDiscriminator, ResNetGenerator,
    StudioGANDiscriminator, StudioGANGenerator, StyleGAN2Discriminator, StyleGAN2Generator, StyleGAN3Generator,
    TurnsResNetDiscriminator)}


def _but_for_embeddings(network: nn.Module) -> nn.Module:
    """Spectral norm for all children that are no embedding, such as the shared one of classes."""
    for child in network.children():
        if not isinstance(child, nn.Embedding):
            spectral_norm(child)
    return network


NORMS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "": lambda network: network, "spectral": spectral_norm, "fresh": fresh_spectral_norm,
    "spectral but for embeddings": _but_for_embeddings,
    "fresh but for embeddings": lambda network: fresh_spectral_norm(network, embeddings=False)}
OF_RESOLUTION = ("resample_filter", "mapping.w_avg")          # buffers that a file may leave out
MEAN_OF = 10_000                             # noises whose styles have the mean that a file left out


def build(how: Mapping[str, Any]) -> nn.Module:
    """The network that `described` speaks of; raises ZerosumError for what is none."""
    try:
        return NORMS[how["norm"]](NETWORKS[how["network"]](**how["arguments"]))
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, ZeroDivisionError) as error:
        raise ZerosumError(f"cannot build the network {how.get('network')!a}: {ascii(str(error))[:120]}") from None


@torch.no_grad()
def load(network: nn.Module, part: Part, found: Network) -> None:
    """Give a network its weights; raises ZerosumError where one is missing or has another shape."""
    try:
        missing, unexpected = network.load_state_dict(dict(part.convert(found)), strict=False)
    except (RuntimeError, KeyError, ValueError, IndexError) as error:
        raise ZerosumError(f"the weights of {found.place or 'the file'} do not fit: "
                           f"{ascii(str(error).splitlines()[-1].strip())[:160]}") from None
    missing = [key for key in missing if not key.endswith(OF_RESOLUTION)]
    if missing or unexpected:
        raise ZerosumError(f"{found.place or 'the file'} {'lacks' if missing else 'has a further'} "
                           f"{(missing or unexpected)[0]!a}: it is not what its keys promise")
    mapping = getattr(network, "mapping", None)
    if part.attribute == "generator" and mapping is not None and "mapping.w_avg" not in part.convert(found):
        z = torch.randn(MEAN_OF, network.mapping.fc0.weight.shape[1], generator=torch.Generator().manual_seed(0))
        mapping.w_avg.copy_(mapping(z, None)[:, 0].mean(0))

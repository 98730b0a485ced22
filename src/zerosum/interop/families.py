"""The networks that zerosum knows in files of others: how each is told from its keys, built, and renamed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..core import UsageError, ZerosumError
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
from ..networks.style import StyleGAN2Discriminator, StyleGAN2Generator, StyleGAN3Generator
from ..networks.style.stylegan3 import AliasFree
from . import biggan, mimicry, r3gan, rosinality, stylegan2, stylegan3
from .states import Network

State = Mapping[str, Tensor]
NETWORKS = {kind.__name__: kind for kind in (
    BigGANDeepDiscriminator, BigGANDeepGenerator, BigGANDiscriminator, BigGANGenerator, R3GANDiscriminator,
    R3GANGenerator, ResNetDiscriminator, ResNetGenerator, StyleGAN2Discriminator, StyleGAN2Generator,
    StyleGAN3Generator)}
NORMS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "": lambda network: network, "spectral": spectral_norm, "fresh": fresh_spectral_norm,
    "fresh but for embeddings": lambda network: fresh_spectral_norm(network, embeddings=False)}
OF_RESOLUTION = ("resample_filter", "mapping.w_avg")          # buffers that a file may leave out
MEAN_OF = 10_000                             # noises whose styles have the mean that a file left out


@dataclass(frozen=True)
class Part:
    """One network of a family, and the attribute of the model that it becomes."""

    attribute: str
    network: str                             # a key of NETWORKS
    fits: Callable[[State], bool]
    settings: Callable[[State, dict[str, Any]], dict[str, Any]]      # of what the file says, and `image_size`
    convert: Callable[[Network], Mapping[str, Tensor]] = lambda network: network.state
    norm: Callable[[State], str] = lambda state: ""           # a key of NORMS


@dataclass(frozen=True)
class Family:
    """What one project calls its networks; `config` makes settings of a model of ours of the arguments of the parts."""

    name: str
    model: str
    licence: str
    parts: tuple[Part, ...]
    config: Callable[[dict[str, dict[str, Any]]], dict[str, Any]]
    classes: Callable[[dict[str, Any]], int] = lambda generator: 0   # of the generator's arguments


@dataclass(frozen=True)
class Recognised:
    """The networks of a file that make up a model."""

    family: Family
    parts: dict[str, tuple[Part, Network]]   # by attribute


def recognise(networks: Sequence[Network], model: str | None = None) -> Recognised:
    """The family with the most of its networks in a file, and a generator; raises ZerosumError where there is none.

    Of several generators the averaged one is taken. `model` says which model is wanted, where several have these.
    """
    if model is not None and model not in {family.model for family in FAMILIES}:
        raise UsageError(f"no networks of others are known for {model}; there is: {', '.join(known_models())}")
    best: Recognised | None = None
    for family in FAMILIES:
        parts = {part.attribute: (part, found) for part in family.parts if (found := _choice(networks, part))}
        if "generator" in parts and model in (None, family.model) and (
                best is None or len(parts) > len(best.parts)):
            best = Recognised(family, parts)
    if best is None:
        raise ZerosumError(_unknown(networks))
    return best


def known_models() -> list[str]:
    """Names of the models that files of others can become."""
    return sorted({family.model for family in FAMILIES})


def _choice(networks: Sequence[Network], part: Part) -> Network | None:
    fitting = [network for network in networks if part.fits(network.state)]
    return next((network for network in fitting if "ema" in network.place.lower()), fitting[0] if fitting else None)


def _unknown(networks: Sequence[Network]) -> str:
    if any("G.initial_block" in network.state or any(key.endswith("G.initial_block") for key in network.state)
           for network in networks):
        return ("these are weights of lucidrains/stylegan2-pytorch, whose layers are not those of StyleGAN2: zerosum "
                "has no such network")
    seen = [f"{network.place or 'weights'} ({len(network.state)} of them, {ascii(next(iter(network.state), ''))[:60]})"
            for network in networks[:3]]
    there = f"it holds {', '.join(seen)}" if seen else "it holds no weights"
    return f"no networks that zerosum knows: {there}; it knows those of {', '.join(f.name for f in FAMILIES)}"


def described(recognised: Recognised) -> dict[str, dict[str, Any]]:
    """How to build each network: its class, arguments and norm, as JSON; the generator tells the size of images."""
    found: dict[str, dict[str, Any]] = {}
    for attribute in sorted(recognised.parts, key=lambda name: name != "generator"):
        part, network = recognised.parts[attribute]
        size = found["generator"]["arguments"]["image_size"] if found else 0
        try:
            arguments = part.settings(network.state, network.arguments | {"image_size": size}) | network.built
        except (KeyError, IndexError, StopIteration, ValueError, TypeError, ZeroDivisionError, AttributeError,
                RuntimeError) as error:
            raise ZerosumError(f"{network.place or 'the file'} is not the {attribute} of {recognised.family.name} that "
                               f"its keys promise ({ascii(str(error))[:80]})") from None
        found[attribute] = {"network": part.network, "arguments": arguments, "norm": part.norm(network.state)}
    return found


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


# The table ------------------------------------------------------------------------------------------------------------

_NVIDIA = "NVIDIA Source Code License: research and evaluation only, not for commercial use"
_MIT = "MIT, of the code; its weights may have terms of their own"


def _maps(generator: dict[str, Any]) -> dict[str, int]:
    """The rule for maps that comes closest: what is built before the networks are put in their place."""
    return {"channel_max": max(generator["maps"]), "channel_base": 4 * max(generator["maps"])}


def _stylegan2(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    generator, judge = parts["generator"], parts.get("discriminator", {})
    return {"z_dim": generator["z_dim"], "w_dim": generator["w_dim"], "conditional": generator["c_dim"] > 0,
            "mapping_layers": generator["mapping"]["layers"], **_maps(generator),
            "d_architecture": judge.get("architecture", "resnet"), "group": judge.get("group") or 4}


def _stylegan3(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    generator = parts["generator"]
    turns = generator["conv_kernel"] == 1
    return {"variant": "r" if turns else "t", "z_dim": generator["z_dim"], "w_dim": generator["w_dim"],
            "conditional": generator["c_dim"] > 0, "mapping_layers": generator["mapping_layers"],
            "channel_max": max(1, max(generator["widths"]) >> turns), "num_layers": generator["num_layers"],
            "margin_size": generator.get("margin_size", AliasFree.margin_size),
            "group": parts.get("discriminator", {}).get("group") or 4}


def _resnet(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"z_dim": parts["generator"]["z_dim"], "network": "resnet", "width": parts["generator"]["width"][-1]}


def _biggan(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    generator = parts["generator"]
    found = {"z_dim": generator["z_dim"], "shared": generator["shared"], "hierarchical": generator["hierarchical"],
             "width": max(4, generator["width"][-1]), "d_width": max(4, generator["width"][-1]), "attention": 0}
    return found | ({"depth": generator["depth"]} if "depth" in generator else {})


def _mimicry(model: str, attribute: str, pool: str, normalised: bool) -> Family:
    """Its generators are all alike: the discriminator, or the user, says which model they are of."""
    def fits(state: State) -> bool:
        return "block1.c1.bias" in state and "l_y.weight" not in state and (
            "block1.c1.weight_orig" in state) is normalised and mimicry.first_block(state) == 1

    generator = Part("generator", "ResNetGenerator", lambda state: {"l1.weight", "block2.b1.weight"} <= state.keys()
                     and "attn_block.gamma" not in state, lambda state, _: mimicry.generator_settings(state),
                     lambda found: mimicry.convert(found.state))
    judge = Part(attribute, "ResNetDiscriminator", fits, lambda state, given: mimicry.discriminator_settings(
        state, given["image_size"]) | {"pool": pool}, lambda found: mimicry.convert(found.state),
        lambda state: "spectral" if normalised else "")
    return Family(f"mimicry ({model})", model, _MIT, (generator, judge), _resnet)


def _of_biggan(deep: bool, of_generator: bool, state: State) -> bool:
    mine = "blocks.0.0.conv1.weight" in state and biggan.is_deep(state) is deep
    return mine and biggan.is_generator(state) is of_generator and (of_generator or "embed.weight" in state)


def _biggan_parts(deep: bool, kinds: tuple[str, str]) -> tuple[Part, Part]:
    return (Part("generator", kinds[0], lambda state: _of_biggan(deep, True, state),
                 lambda state, _: biggan.settings(state), lambda found: found.state,
                 lambda state: "fresh but for embeddings" if biggan.is_normalized(state) else ""),
            Part("discriminator", kinds[1], lambda state: _of_biggan(deep, False, state),
                 lambda state, _: biggan.settings(state), lambda found: found.state,
                 lambda state: "fresh" if biggan.is_normalized(state) else ""))


_NVIDIAS_JUDGE = Part("discriminator", "StyleGAN2Discriminator", lambda state: {"b4.fc.weight", "b4.out.weight"}
                      <= state.keys(), stylegan2.settings)
FAMILIES: tuple[Family, ...] = (
    Family("StyleGAN2-ADA", "stylegan2", _NVIDIA, (
        Part("generator", "StyleGAN2Generator", lambda state: {"mapping.fc0.weight", "synthesis.b4.conv1.affine.weight"}
             <= state.keys(), stylegan2.settings), _NVIDIAS_JUDGE), _stylegan2, lambda generator: generator["c_dim"]),
    Family("StyleGAN3", "stylegan3", _NVIDIA, (
        Part("generator", "StyleGAN3Generator", lambda state: {"mapping.fc0.weight", "synthesis.input.freqs"}
             <= state.keys(), stylegan3.settings), _NVIDIAS_JUDGE), _stylegan3, lambda generator: generator["c_dim"]),
    Family("rosinality/stylegan2-pytorch", "stylegan2", _MIT, (
        Part("generator", "StyleGAN2Generator", rosinality.is_generator, rosinality.settings,
             lambda found: rosinality.convert(found.state, found.beside)),
        Part("discriminator", "StyleGAN2Discriminator", rosinality.is_discriminator, rosinality.settings,
             lambda found: rosinality.convert(found.state))), _stylegan2),
    Family("R3GAN", "r3gan", _NVIDIA, (
        Part("generator", "R3GANGenerator", lambda state: "Model.AggregationLayer.Layer.weight" in state
             or "Model.AggregationLayer.weight" in state, lambda state, _: r3gan.settings(state),
             lambda found: r3gan.convert(found.state)),
        Part("discriminator", "R3GANDiscriminator", lambda state: "Model.ExtractionLayer.Layer.weight" in state
             or "Model.ExtractionLayer.weight" in state, lambda state, _: r3gan.settings(state),
             lambda found: r3gan.convert(found.state))),
        lambda parts: {"z_dim": parts["generator"]["z_dim"],
                       "width": max(128, parts["generator"]["width"][0] // 128 * 128)},
        lambda generator: generator["classes"]),
    Family("BigGAN-PyTorch", "biggan", _MIT, _biggan_parts(False, ("BigGANGenerator", "BigGANDiscriminator")),
           _biggan, lambda generator: generator["classes"]),
    Family("BigGAN-PyTorch (deep)", "biggan-deep", _MIT,
           _biggan_parts(True, ("BigGANDeepGenerator", "BigGANDeepDiscriminator")), _biggan,
           lambda generator: generator["classes"]),
    _mimicry("sngan", "discriminator", "sum", True), _mimicry("wgan-gp", "critic", "mean", False),
)

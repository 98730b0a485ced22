"""kwotsin/mimicry: ResNets at 32 px and more, spectral normalization, and losses."""

import copy
import dataclasses
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from zerosum.interop.mimicry import (
    convert,
    convert_attending,
    discriminator_settings,
    first_block,
    generator_settings,
    place_of_attention,
    rename,
    rename_attending,
    rename_two_heads,
    without_attention,
)
from zerosum.layers import SelfAttention, spectral_norm
from zerosum.losses import OBJECTIVES, binary_cross_entropy
from zerosum.networks import ResNetDiscriminator, ResNetGenerator, TwoHeads
from zerosum.networks.conditional import ConditionalGenerator, ProjectionDiscriminator

from .case import Case, play, played

REPO = "kwotsin/mimicry"


def generator(case: Case) -> dict[str, Tensor]:
    network = ResNetGenerator(**generator_settings(case.state))
    network.load_state_dict(convert(case.state))
    return play(case, network, partial(rename, first_block=first_block(case.state)), "out0")


def discriminator(case: Case, pool: str) -> dict[str, Tensor]:
    network = ResNetDiscriminator(**discriminator_settings(case.state, case.inputs["x"].shape[-1]), pool=pool)
    if any(key.endswith("weight_u") for key in case.state):
        spectral_norm(network)
    network.load_state_dict(convert(case.state))
    return play(case, network, partial(rename, first_block=first_block(case.state)), "out0",
                lambda x: network(x).unsqueeze(1))


def self_supervised(case: Case) -> dict[str, Tensor]:
    """SSGAN's discriminator, which says the turn of its image, too."""
    network = TwoHeads(trunk_of(case), len(case.state["l_y.bias"]))
    return two_heads(case, network, "question",
                     lambda x: (network.head(features := network.features(x)), network.question(features)))


def projection(case: Case) -> dict[str, Tensor]:
    """The discriminator of cGAN-PD, which is given the class."""
    network, labels = ProjectionDiscriminator(trunk_of(case), len(case.state["l_y.weight"])), case.inputs["y"].long()
    return two_heads(case, network, "embedding", lambda x: (network(x, labels).unsqueeze(1),))


def trunk_of(case: Case) -> ResNetDiscriminator:
    trunk = {key: value for key, value in case.state.items() if key.startswith("block")}
    return ResNetDiscriminator(**discriminator_settings(trunk, case.inputs["x"].shape[-1]), pool="sum")


def two_heads(case: Case, network: nn.Module, second: str,
              outputs: Callable[[Tensor], tuple[Tensor, ...]]) -> dict[str, Tensor]:
    """A discriminator whose heads, `head` and the `second`, have mimicry's own spectral norm, its blocks PyTorch's."""
    spectral_norm(network)
    name_of = partial(rename_two_heads, second=second)
    heads = {name: getattr(network, second if name == "l_y" else "head")
             for name, kind in (key.rsplit(".", 1) for key in case.state) if kind == "sn_u"}
    state = {name_of(key): value for key, value in case.state.items() if "sn_" not in key}
    for name, layer in heads.items():
        state[f"{name_of(name + '.weight')}_u"] = case.state[f"{name}.sn_u"][0]
        state[f"{name_of(name + '.weight')}_v"] = layer.weight_v                          # follows from u
    network.load_state_dict(state)
    found: dict[str, Tensor] = {}

    def forward(x: Tensor) -> Tensor:
        # Theirs takes a step of the power method in evaluation too, which it forgets.
        before = {layer: layer.weight_u.clone() for layer in heads.values()}
        mode = "train" if network.training else "eval"
        for layer in heads.values():
            layer.train()
        score, *others = outputs(x)
        found.update({f"out.out{k}_{mode}": other.detach() for k, other in enumerate(others, start=1)})
        if mode == "eval":
            for layer, u in before.items():
                layer.weight_u.copy_(u)
        return score

    own = {key: value for key, value in case.expected.items() if "sn_" in key}
    plain = {key: value for key, value in case.expected.items() if key not in own}
    found |= play(dataclasses.replace(case, expected=plain), network, name_of, "out0", forward)
    for key in own:
        _, name, kind = key.split(".")
        layer = heads[name]
        sigma = layer.weight_u @ layer.matrix() @ layer.weight_v
        found[key] = layer.weight_u[None] if kind == "sn_u" else sigma.detach()[None]
    return found


def attending_generator(case: Case) -> dict[str, Tensor]:
    """SAGAN's: spectral norm and conditional batch norm everywhere, attention between two blocks."""
    settings, place = generator_settings(without_attention(case.state)), place_of_attention(case.state)
    classes = len(case.state["block2.b1.embed.weight"])
    network = ConditionalGenerator(ResNetGenerator(**settings), classes)
    network.network.blocks.insert(place, SelfAttention(settings["width"][place]))
    spectral_norm(network)
    network.network.load_state_dict(convert_attending(case.state))
    y = one_hot(case.inputs["y"].long(), classes).float()
    own = partial(rename_attending, first_block=2, place=place)

    def gradient(name: str) -> Tensor:
        if not name.endswith(".embed.weight"):
            return network.network.get_parameter(own(name)).grad
        norm = network.network.get_submodule(own(name).removesuffix(".embed.weight"))
        return torch.cat([norm.weight.grad, norm.bias.grad], 1)

    return played(case, network, "out0", lambda inputs: network(inputs["x"], y), gradient=gradient,
                  rename=lambda name: f"network.{own(name)}")


def attending_discriminator(case: Case) -> dict[str, Tensor]:
    """SAGAN's: cGAN-PD's with attention after two blocks, and PyTorch's spectral norm alone."""
    place, trunk = place_of_attention(case.state), trunk_of(case)
    trunk.blocks.insert(place, SelfAttention(case.state["attn_block.o.weight_orig"].shape[0]))
    network = spectral_norm(ProjectionDiscriminator(trunk, len(case.state["l_y.weight_orig"])))

    def name_of(key: str) -> str:
        if key.startswith(("attn_", "block")):
            return f"trunk.{rename_attending(key, 1, place)}"
        return rename_two_heads(key, "embedding").replace("weight_orig", "weight")

    network.load_state_dict({name_of(key): value for key, value in case.state.items()})
    labels = case.inputs["y"].long()
    return play(case, network, name_of, "out0", lambda x: network(x, labels).unsqueeze(1))


def own_spectral_norm(case: Case) -> dict[str, Tensor]:
    """Theirs takes a step of the power method in evaluation too, which it forgets: ours in training, on a copy."""
    kernel, linear, number = (case.state[f"{name}.weight"].shape for name in ("conv", "lin", "emb"))
    network = spectral_norm(nn.ModuleDict({
        "conv": nn.Conv2d(kernel[1], kernel[0], kernel[2:], padding=1), "lin": nn.Linear(linear[1], linear[0]),
        "emb": nn.Embedding(*number)}))
    own = {key: value for key, value in case.state.items() if "sn_" not in key}
    u = {key.replace("sn_u", "weight_u"): value[0] for key, value in case.state.items() if key.endswith("sn_u")}
    v = {key: value for key, value in network.state_dict().items() if key.endswith("weight_v")}   # follows from u
    network.load_state_dict(own | u | v)

    def play_on(net: nn.ModuleDict) -> Tensor:
        found = net["conv"](case.inputs["x"])
        return (net["lin"](found.sum((2, 3))) + net["emb"](case.inputs["y"].long())).detach()

    found = {"out.y_eval": play_on(copy.deepcopy(network)), "out.y_train": play_on(network)}
    for name, layer in network.items():
        sigma = layer.weight_u @ layer.matrix() @ layer.weight_v
        found |= {f"after.{name}.sn_u": layer.weight_u[None], f"after.{name}.sn_sigma": sigma.detach()[None]}
    return found


def losses(case: Case) -> dict[str, Tensor]:
    real, fake = case.inputs["real"], case.inputs["fake"]
    standard, wasserstein, hinge = (OBJECTIVES[name] for name in ("non-saturating", "wasserstein", "hinge"))
    return {"out.minimax_gen": standard.generator(fake), "out.ns_gen": standard.generator(fake),
            "out.minimax_dis": standard.discriminator(real, fake),
            # meta.json does not say which labels were recorded: it was 0.9 and 0.1.
            "out.minimax_dis_smooth": binary_cross_entropy(real, 0.9) + binary_cross_entropy(fake, 0.1),
            "out.wass_dis": wasserstein.discriminator(real, fake), "out.wass_gen": wasserstein.generator(fake),
            "out.hinge_dis": hinge.discriminator(real, fake), "out.hinge_gen": hinge.generator(fake)}


def _class(family: str, kind: str, size: int) -> tuple[str, str]:
    module = family.lower().replace("-", "_")
    return REPO, f"torch_mimicry.nets.{module}.{module}_{size}.{family.replace('-', '')}{kind}{size}"


SIZES = (32, 48, 64, 128)
ADAPTERS = {(REPO, "torch_mimicry.modules.losses"): losses,
            (REPO, "torch_mimicry.modules.spectral_norm (default=False variant)"): own_spectral_norm}
ADAPTERS |= {_class(family, "Generator", size): generator for family in ("DCGAN", "WGAN-GP", "SNGAN", "SSGAN")
             for size in SIZES}
ADAPTERS |= {_class("SSGAN", "Discriminator", size): self_supervised for size in SIZES}
ADAPTERS |= {_class("SAGAN", kind, size): adapter for size in (32, 128)
             for kind, adapter in (("Generator", attending_generator), ("Discriminator", attending_discriminator))}
ADAPTERS |= {_class("CGAN-PD", "Discriminator", size): projection for size in (32, 128)}
ADAPTERS |= {_class(family, "Discriminator", size): partial(discriminator, pool=pool)
             for family, pool in (("DCGAN", "sum"), ("WGAN-GP", "mean"), ("SNGAN", "sum")) for size in SIZES}

"""ajbrock/BigGAN-PyTorch: attention, the networks of SAGAN, BigGAN and BigGAN-deep, losses."""

import torch
from torch import Tensor

from zerosum.interop.biggan import is_deep, is_normalized, settings
from zerosum.layers import SelfAttention, fresh_spectral_norm
from zerosum.layers.standing_norm import StoredMoments
from zerosum.losses import OBJECTIVES, binary_cross_entropy
from zerosum.networks import BigGANDeepDiscriminator, BigGANDeepGenerator, BigGANDiscriminator, BigGANGenerator

from .case import Case, played

REPO = "ajbrock/BigGAN-PyTorch"


def attention(case: Case) -> dict[str, Tensor]:
    network = SelfAttention(case.state["theta.weight"].shape[1])
    if "theta.u0" in case.state:
        fresh_spectral_norm(network)
    network.load_state_dict(case.state)
    return played(case, network, "y", lambda x: network(x["x"]))


def generator(case: Case) -> dict[str, Tensor]:
    kind = BigGANDeepGenerator if is_deep(case.state) else BigGANGenerator
    network = kind(**settings(case.state), eps=case.meta["kwargs"].get("BN_eps", 1e-5))
    if is_normalized(case.state):
        fresh_spectral_norm(network, embeddings=False, steps=case.meta["kwargs"].get("num_G_SV_itrs", 1))
    network.load_state_dict(case.state)
    for layer in network.modules():
        if isinstance(layer, StoredMoments):
            layer.accumulating = any("standing" in mode for mode, on in case.meta["modes"].items() if on)
    labels = case.inputs["y"].long()
    found = played(case, network, "img", lambda x: network(x["z"], network.embedded(labels)))
    return found | {"out.y_shared": network.embedded(labels).detach()}


def discriminator(case: Case) -> dict[str, Tensor]:
    kind = BigGANDeepDiscriminator if is_deep(case.state) else BigGANDiscriminator
    network = kind(**settings(case.state))
    if is_normalized(case.state):
        fresh_spectral_norm(network, steps=case.meta["kwargs"].get("num_D_SV_itrs", 1))
    network.load_state_dict(case.state)
    labels = case.inputs["y"].long()
    found = played(case, network, "logits", lambda x: network(x["x"], labels).unsqueeze(1))
    if "out.loss_hinge_gen" in case.expected:
        fake, real = found["out.logits_train"].chunk(2)
        for name, value in losses_of(real, fake).items():
            found[f"out.loss_{name.replace('dis.0', 'dis_real_or_first').replace('dis.1', 'dis_second')}"] = value
    return found


def losses_of(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    standard, hinge = OBJECTIVES["non-saturating"], OBJECTIVES["hinge"]
    inside = torch.full((1,), 2.0)           # a score beyond its margin, which the hinge counts as nought
    return {"dcgan_dis.0": binary_cross_entropy(real, 1.0), "dcgan_dis.1": binary_cross_entropy(fake, 0.0),
            "dcgan_gen": standard.generator(fake), "hinge_gen": hinge.generator(fake),
            "hinge_dis.0": hinge.discriminator(real, -inside), "hinge_dis.1": hinge.discriminator(inside, fake)}


def losses(case: Case) -> dict[str, Tensor]:
    return {f"out.{name}": value for name, value in losses_of(case.inputs["real"], case.inputs["fake"]).items()}


ADAPTERS = {(REPO, "losses"): losses, (REPO, "layers.Attention"): attention}
ADAPTERS |= {(REPO, f"{module}.Generator"): generator for module in ("BigGAN", "BigGANdeep")}
ADAPTERS |= {(REPO, f"{module}.Discriminator"): discriminator for module in ("BigGAN", "BigGANdeep")}

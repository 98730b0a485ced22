"""taesungp/contrastive-unpaired-translation, which holds the networks and losses of pix2pix and CycleGAN."""

import re

import torch
from torch import Tensor

from zerosum.losses import OBJECTIVES, binary_cross_entropy, squared_error
from zerosum.networks import PatchDiscriminator
from zerosum.penalties import gradient_penalty, input_gradient

from .case import Case, play

REPO = "taesungp/contrastive-unpaired-translation"


def _wasserstein(scores: Tensor, label: float, is_real: bool) -> Tensor:
    """The critic's loss is one term in the real and one in the fake scores; the other one is nought at nought."""
    nothing = torch.zeros(1)
    critic = OBJECTIVES["wasserstein"].discriminator
    return critic(scores, nothing) if is_real else critic(nothing, scores)


def _non_saturating(scores: Tensor, label: float, is_real: bool) -> Tensor:
    """One value per sample."""
    return torch.stack([binary_cross_entropy(sample, float(is_real)) for sample in scores])


LOSSES = {"lsgan": lambda scores, label, is_real: squared_error(scores, label),
          "vanilla": lambda scores, label, is_real: binary_cross_entropy(scores, label),
          "wgangp": _wasserstein, "nonsaturating": _non_saturating}


def gan_loss(case: Case) -> dict[str, Tensor]:
    found = {}
    for key in case.expected:
        if not key.startswith("out."):
            continue
        kind, real, labels = re.fullmatch(r"out\.(\w+)\.real([01])\.labels(.+)", key).groups()
        is_real = real == "1"
        label = float(labels.split("_")[0 if is_real else 1])
        scores = case.inputs["pred"].clone().requires_grad_()
        loss = LOSSES[kind](scores, label, is_real)
        loss.sum().backward()
        found |= {key: loss.detach(), key.replace("out.", "grad."): scores.grad}
    return found


def _patchgan(case: Case) -> PatchDiscriminator:
    """The discriminator whose weights these are; instance normalization, unlike batch normalization, has none."""
    convolutions = [value for value in case.state.values() if value.dim() == 4]
    first = case.state["model.0.weight"]
    plain = "none" if case.meta["kwargs"].get("norm") == "none" else "instance"
    norm = "batch" if any("running_mean" in key for key in case.state) else plain
    network = PatchDiscriminator(first.shape[1], first.shape[0], len(convolutions) - 2, norm)
    network.load_state_dict(case.state)
    return network


def patchgan(case: Case) -> dict[str, Tensor] | None:
    if not case.meta["kwargs"].get("no_antialias"):
        return None
    return play(case, _patchgan(case), str, "y")


def penalty(case: Case) -> dict[str, Tensor]:
    critic = _patchgan(case)
    x, x_fake, drawn = case.inputs["real"], case.inputs["fake"], case.inputs["alpha"][:, 0]
    found = {}
    for kind, eps in (("real", torch.ones_like(drawn)), ("fake", torch.zeros_like(drawn)), ("mixed", drawn)):
        mix = eps[:, None, None, None]
        found[f"out.{kind}.penalty"] = 10.0 * gradient_penalty(critic, x, x_fake, eps=eps).detach()
        found[f"out.{kind}.gradients"] = input_gradient(critic, mix * x + (1 - mix) * x_fake).detach().flatten(1)
    return found


ADAPTERS = {(REPO, "models.networks.GANLoss"): gan_loss,
            (REPO, "models.networks.NLayerDiscriminator"): patchgan,
            (REPO, "models.networks.cal_gradient_penalty"): penalty}

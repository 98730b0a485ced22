"""NVlabs/stylegan2-ada-pytorch, and its copy in NVlabs/stylegan3: generator and discriminator of StyleGAN2."""

import re

import torch
from torch import Tensor, nn

from zerosum.interop.stylegan2 import settings
from zerosum.networks.style import StyleGAN2Discriminator, StyleGAN2Generator
from zerosum.penalties import r1

from .case import Case

ADA, SG3 = "NVlabs/stylegan2-ada-pytorch", "NVlabs/stylegan3"


def load(kind: type[nn.Module], case: Case) -> nn.Module:
    network = kind(**settings(case.state, case.meta["kwargs"]))
    network.load_state_dict(case.state)
    return network.eval()


def gradients(network: nn.Module, case: Case, label: str) -> dict[str, Tensor]:
    return {key: network.get_parameter(key.removeprefix(label)).grad for key in case.expected if key.startswith(label)}


def generator(case: Case) -> dict[str, Tensor]:
    network, c = load(StyleGAN2Generator, case), case.inputs.get("c")
    z = case.inputs["z"].requires_grad_()
    w = network.mapping(z, c)
    w.retain_grad()
    x = network.synthesis(w)
    (x * case.inputs["probe"]).sum().backward()
    found = {"out.ws": w, "out.img": x, "grad_input.z": z.grad, "grad_input.ws": w.grad,
             "out.img_noise_none": network.synthesis(w, "none")} | gradients(network, case, "grad_param.")
    for key in case.expected:
        if match := re.fullmatch(r"out\.(img|ws)_psi([\d.]+)(?:_cutoff(\d+))?", key):
            pulled = network.mapping(z, c, truncation=float(match[2]), cutoff=match[3] and int(match[3]))
            found[key] = pulled if match[1] == "ws" else network.synthesis(pulled)
    network.train()
    seen = network(z, c, noise="const", update_average=True)
    found |= {"out.img_trainmode_fused_modconv_off": seen, "out.img_train_update_emas": seen,
              "after.mapping.w_avg": network.mapping.w_avg}
    return {key: value.detach() for key, value in found.items()}


def of_stylegan3(case: Case) -> dict[str, Tensor]:
    case.meta["kwargs"].setdefault("mapping_kwargs", {}).setdefault("w_avg_beta", 0.998)     # its class's own default
    return generator(case)


def discriminator(case: Case) -> dict[str, Tensor]:
    network, c = load(StyleGAN2Discriminator, case), case.inputs.get("c")
    image = case.inputs["img"].requires_grad_()
    scores = network(image, c)
    (scores[:, None] * case.inputs["probe"]).sum().backward()
    found = {"out.logits": scores[:, None], "grad_input.img": image.grad} | {
        key: value.clone() for key, value in gradients(network, case, "grad_param.").items()}
    network.zero_grad()
    penalty = r1(lambda x: network(x, c), image, image)
    (10 * penalty).backward()                # gamma
    slope = torch.autograd.grad(network(image, c).sum(), image)[0]
    found |= {"out.r1_penalty_per_sample": slope.square().sum((1, 2, 3))} | gradients(network, case, "grad_r1_param.")
    return {key: value.detach() for key, value in found.items()}


ADAPTERS = {(ADA, "training.networks.Generator"): generator,
            (ADA, "training.networks.Discriminator"): discriminator,
            (SG3, "training.networks_stylegan2.Generator (the copy in the stylegan3 repository)"): of_stylegan3,
            (SG3, "training.networks_stylegan2.Generator"): of_stylegan3,
            (SG3, "training.networks_stylegan2.Discriminator"): discriminator}

"""NVlabs/stylegan3: the generators T and R."""

import re

import torch
from torch import Tensor

from zerosum.interop.stylegan3 import settings
from zerosum.networks.style import StyleGAN3Generator

from .case import Case


def generator(case: Case) -> dict[str, Tensor]:
    network = StyleGAN3Generator(**settings(case.state, case.meta["kwargs"]))
    network.load_state_dict(case.state)
    network.synthesis.double()
    z, c = case.inputs["z"].requires_grad_(), case.inputs.get("c")
    ws = network.mapping(z, c, update_average=False)
    # A rounding moves activations across the kink of a leaky ReLU, and gradients jump there by more than the tolerance:
    # images are computed from the recorded styles, which the mapping is held to, and in float64.
    exact = (ws + (case.expected["out.ws"] - ws).detach()).double()
    exact.retain_grad()
    img = network.synthesis(exact)
    (img * case.inputs["probe"]).sum().backward()

    def drawn(update_emas: bool = False, **truncation) -> Tensor:
        return network.synthesis(network.mapping(z, c, update_average=update_emas, **truncation).double(), update_emas)

    found = {"out.ws": ws, "out.img": img, "out.input_features": network.synthesis.input(exact[:, 0]),
             "grad_input.z": z.grad, "grad_input.ws": exact.grad}
    found |= {key: network.get_parameter(key.removeprefix("grad_param.")).grad
              for key in case.expected if key.startswith("grad_param.")}
    for key in case.expected:
        if match := re.fullmatch(r"out\.img_psi([\d.]+?)(?:_cutoff(\d+))?", key):
            psi, cutoff = float(match[1]), match[2] and int(match[2])
            found[key] = drawn(truncation=psi, cutoff=cutoff)
    if "out.user_transform" in case.expected:
        found["out.user_transform"] = case.expected["out.user_transform"]        # given
        network.synthesis.input.transform.copy_(found["out.user_transform"])
        found["out.img_user_transform"] = drawn()
        network.synthesis.input.transform.copy_(torch.eye(3))
    found["out.img_update_emas"] = drawn(update_emas=True)
    after = {key: key.removeprefix("after.") for key in case.expected if key.startswith("after.")}
    if all(torch.equal(case.expected[key], case.state[name]) for key, name in after.items()):
        # The reference was put back before its buffers were read: that they moved is seen in img_update_emas alone.
        network.load_state_dict(case.state)
    found |= {key: network.get_buffer(name) for key, name in after.items()}
    return {key: value.detach() for key, value in found.items()}


ADAPTERS = {("NVlabs/stylegan3", "training.networks_stylegan3.Generator"): generator}

"""Weights of StyleGAN2 as rosinality/stylegan2-pytorch has them: the official ones under other names and shapes."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from . import stylegan2

_TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
_STYLED = {"conv.weight": "weight", "conv.modulation.weight": "affine.weight", "conv.modulation.bias": "affine.bias",
           "noise.weight": "noise_strength", "activate.bias": "bias", "bias": "bias"}
_LAYER = {"conv1.0.weight": "conv0.weight", "conv1.1.bias": "conv0.bias", "conv2.1.weight": "conv1.weight",
          "conv2.2.bias": "conv1.bias", "skip.1.weight": "skip.weight", "0.weight": "fromrgb.weight",
          "1.bias": "fromrgb.bias"}
_LAST = {"final_conv.0.weight": "b4.conv.weight", "final_conv.1.bias": "b4.conv.bias",
         "final_linear.0.weight": "b4.fc.weight", "final_linear.0.bias": "b4.fc.bias",
         "final_linear.1.weight": "b4.out.weight", "final_linear.1.bias": "b4.out.bias"}


def is_generator(state: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of its generator."""
    return {"input.input", "to_rgb1.conv.weight", "style.1.weight"} <= state.keys()


def is_discriminator(state: Mapping[str, Tensor]) -> bool:
    """Whether these are the weights of its discriminator."""
    return {"final_linear.1.weight", "convs.1.conv1.0.weight"} <= state.keys()


def convert(state: Mapping[str, Tensor], beside: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The official names and shapes; `beside` may have the mean of w, as `latent_avg`. Filters are left out."""
    if is_discriminator(state):
        return _discriminator(state)
    found = {"mapping.w_avg": beside["latent_avg"].flatten()} if beside and "latent_avg" in beside else {}
    for key, value in state.items():
        ours = _of_generator(key)
        if ours:
            found[ours] = _shaped(ours, value)
    return found


def settings(state: Mapping[str, Tensor], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `networks.style.StyleGAN2Generator` or `StyleGAN2Discriminator`."""
    ours = convert(state)
    blocks = {match[0] for key in ours if (match := re.match(r"(synthesis\.)?b\d+", key))}
    filters = {f"{block}.resample_filter": _TAPS for block in blocks}
    if is_generator(state):
        filters["mapping.w_avg"] = ours["mapping.fc0.bias"]              # of its length, which is all that is asked
    return stylegan2.settings(ours | filters, {"mapping_kwargs": {"lr_multiplier": 0.01}})


def _of_generator(key: str) -> str:
    """The official name of a weight; "" for a filter, which is made anew."""
    place, _, rest = key.partition(".")
    if place == "style":
        number, _, kind = rest.partition(".")
        return f"mapping.fc{int(number) - 1}.{kind}"
    if place == "input":
        return "synthesis.b4.const"
    if place == "noises":
        return _layer(int(rest.removeprefix("noise_"))) + ".noise_const"
    number, _, inner = rest.partition(".") if place in ("convs", "to_rgbs") else ("", "", rest)
    if inner not in _STYLED:
        return ""
    block = {"conv1": "synthesis.b4.conv1", "to_rgb1": "synthesis.b4.torgb"}.get(place) or (
        _layer(int(number) + 1) if place == "convs" else f"synthesis.b{8 << int(number)}.torgb")
    return f"{block}.{_STYLED[inner]}"


def _layer(number: int) -> str:
    """The layers with noise in order: one at 4 pixels, two at every further resolution."""
    return f"synthesis.b{4 << ((number + 1) // 2)}.conv{(number + 1) % 2}" if number else "synthesis.b4.conv1"


def _shaped(name: str, value: Tensor) -> Tensor:
    if name.endswith("noise_const"):
        return value[0, 0]
    if name.endswith("noise_strength"):
        return value.reshape(())
    if name.endswith("torgb.bias"):
        return value.flatten()
    return value[0] if name.endswith("const") or value.dim() == 5 else value


def _discriminator(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    blocks = max(int(key.split(".")[1]) for key in state if key.startswith("convs."))
    found = {}
    for key, value in state.items():
        place, _, rest = key.partition(".")
        number, _, inner = rest.partition(".")
        if key in _LAST:
            found[_LAST[key]] = value
        elif place == "convs" and inner in _LAYER:           # convs.0 looks at the image, as the first block does
            found[f"b{4 << (blocks + 1 - max(1, int(number)))}.{_LAYER[inner]}"] = value
    return found

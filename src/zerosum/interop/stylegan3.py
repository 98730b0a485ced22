"""Weights of StyleGAN3 (NVlabs/stylegan3): their names are ours, and most of what they were made with shows in them."""

import re
from collections.abc import Mapping
from dataclasses import fields
from math import ceil, log2
from typing import Any

from torch import Tensor

from ..networks.style.stylegan3 import AliasFree

# What the official constructors call it, and we.
_GENERATOR = {"z_dim": "z_dim", "c_dim": "c_dim", "w_dim": "w_dim", "img_resolution": "image_size",
              "img_channels": "channels"}
_MAPPING = {"num_layers": "mapping_layers", "lr_multiplier": "mapping_lr", "w_avg_beta": "average_beta"}


def settings(state: Mapping[str, Tensor], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The arguments of `networks.style.StyleGAN3Generator` that these weights were made with.

    `given`: arguments of the official constructor, as far as they are known. What neither they nor the weights say is
    as in the official code: frequencies and stopbands, the clamp, the scale of the output, and decays.
    """
    given = dict(given or {})
    known = {ours: given[name] for name, ours in _GENERATOR.items() if name in given}
    known |= {ours: given["mapping_kwargs"][name] for name, ours in _MAPPING.items()
              if name in given.get("mapping_kwargs", {})}
    known |= {field.name: given[field.name] for field in fields(AliasFree) if field.name in given}
    return _of_mapping(state) | _of_synthesis(state, given) | known


def _of_mapping(state: Mapping[str, Tensor]) -> dict[str, Any]:
    depth = sum(re.fullmatch(r"mapping\.fc\d+\.weight", key) is not None for key in state)
    w_dim, c_dim = state["mapping.embed.weight"].shape if "mapping.embed.weight" in state else (0, 0)
    return {"z_dim": state["mapping.fc0.weight"].shape[1] - w_dim, "c_dim": c_dim,
            "w_dim": len(state["mapping.w_avg"]), "mapping_layers": depth}


def _of_synthesis(state: Mapping[str, Tensor], given: Mapping[str, Any]) -> dict[str, Any]:
    names = sorted({key.split(".")[1] for key in state if re.match(r"synthesis\.L\d+_", key)},
                   key=lambda name: int(name[1:].split("_")[0]))
    sizes, widths = zip(*(map(int, name.split("_")[1:]) for name in names), strict=True)
    layers = [{key: state[f"synthesis.{name}.{key}"] for key in ("weight", "up_filter", "down_filter")
               if f"synthesis.{name}.{key}" in state} for name in names]
    radial = [layer["down_filter"].ndim == 2 for layer in layers[:-1] if "down_filter" in layer]
    found = {"image_size": sizes[-1], "channels": widths[-1], "widths": widths[:-1], "num_layers": len(names) - 1,
             "conv_kernel": layers[0]["weight"].shape[-1], "use_radial_filters": any(radial)}
    if any(radial):
        found["num_critical"] = radial[::-1].index(True)         # the layers after the last radial filter
    # The first layer keeps its rate: both filters have filter_size * lrelu_upsampling taps, or there is none.
    upsampling = found["lrelu_upsampling"] = given.get(
        "lrelu_upsampling", AliasFree.lrelu_upsampling if "down_filter" in layers[0] else 1)
    filters = [len(layer["down_filter"]) // upsampling for layer in layers if "down_filter" in layer] or \
        [len(layer["up_filter"]) // 2 for layer in layers if "up_filter" in layer]
    if filters:
        found["filter_size"] = filters[0]
    if len(sizes) > 2:
        rate = 2 ** ceil(log2(min(2 * given.get("first_stopband", AliasFree.first_stopband), sizes[-1])))
        found["margin_size"] = (sizes[0] - rate) // 2
    return found

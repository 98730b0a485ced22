"""Weights of StyleGAN2 (NVlabs/stylegan2-ada-pytorch, stylegan3), whose names are ours: sizes are read from them."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def settings(state: Mapping[str, Tensor], kwargs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The arguments of `StyleGAN2Generator` or `StyleGAN2Discriminator` that these weights were made with.

    `kwargs`, those of the official class, are asked for what no shape tells: activation, clamp, rate of the mapping,
    group of the minibatch deviation, frozen layers.
    """
    kwargs = dict(kwargs or {})
    if any(key.startswith("synthesis.") for key in state):
        return _generator(state, kwargs)
    return _discriminator(state, kwargs)


def _generator(state: Mapping[str, Tensor], kwargs: dict[str, Any]) -> dict[str, Any]:
    blocks = _blocks(state, "synthesis.")
    const = state[f"{blocks[0]}.const"]
    z_dim, w_dim, c_dim = state["mapping.fc0.weight"].shape[1], len(state["mapping.w_avg"]), 0
    if "mapping.embed.weight" in state:
        embedding, c_dim = state["mapping.embed.weight"].shape
        z_dim -= embedding
    options = kwargs | kwargs.get("synthesis_kwargs", {})
    # A block that shows an image is the last, or all are; one with a way around its layers is residual.
    architecture = ("skip" if f"{blocks[0]}.torgb.weight" in state else
                    "resnet" if f"{blocks[-1]}.skip.weight" in state else "orig")
    return {"z_dim": z_dim, "w_dim": w_dim, "c_dim": c_dim, "channels": len(state[f"{blocks[-1]}.torgb.bias"]),
            "image_size": tuple(side << (len(blocks) - 1) for side in const.shape[1:]),
            "maps": [len(state[f"{block}.conv1.bias"]) for block in blocks], "architecture": architecture,
            "noise": f"{blocks[0]}.conv1.noise_strength" in state, "act": options.get("activation", "lrelu"),
            "clamp": options.get("conv_clamp"), "taps": _taps(state[f"{blocks[0]}.resample_filter"]),
            "mapping": _mapping(state, kwargs)}


def _discriminator(state: Mapping[str, Tensor], kwargs: dict[str, Any]) -> dict[str, Any]:
    *blocks, last = _blocks(state, "")[::-1]
    coarsest, seen = state[f"{last}.conv.weight"].shape[:2]
    block, epilogue = kwargs.get("block_kwargs", {}), kwargs.get("epilogue_kwargs", {})
    height = int(last[1:])
    sides = height, state[f"{last}.fc.weight"].shape[1] // (coarsest * height)
    conditional = "mapping.embed.weight" in state
    return {"channels": state[f"{blocks[0]}.fromrgb.weight"].shape[1],
            "image_size": tuple(side << len(blocks) for side in sides),
            "maps": [coarsest, *(len(state[f"{block}.conv0.weight"]) for block in reversed(blocks))],
            "c_dim": state["mapping.embed.weight"].shape[1] if conditional else 0,
            "cmap_dim": len(state[f"{last}.out.bias"]) if conditional else 0,
            "architecture": ("skip" if f"{last}.fromrgb.weight" in state else
                             "resnet" if f"{blocks[0]}.skip.weight" in state else "orig"),
            "act": block.get("activation", "lrelu"), "clamp": kwargs.get("conv_clamp"),
            "taps": _taps(state[f"{blocks[0]}.resample_filter"]), "group": epilogue.get("mbstd_group_size", 4),
            "group_maps": seen - coarsest, "freeze": block.get("freeze_layers", 0),
            "mapping": _mapping(state, kwargs) if conditional else None}


def _blocks(state: Mapping[str, Tensor], prefix: str) -> list[str]:
    """The names of the blocks, the coarsest first."""
    sides = {int(found[1]) for key in state if (found := re.match(rf"{prefix}b(\d+)\.", key))}
    return [f"{prefix}b{side}" for side in sorted(sides)]


def _mapping(state: Mapping[str, Tensor], kwargs: dict[str, Any]) -> dict[str, Any]:
    given = kwargs.get("mapping_kwargs", {})
    layers = len({key for key in state if re.fullmatch(r"mapping\.fc\d+\.weight", key)})
    found = {"layers": layers, "width": len(state["mapping.fc0.bias"]),
             "act": given.get("activation", "lrelu"), "lr": given.get("lr_multiplier", 0.01),
             "average_beta": given.get("w_avg_beta", 0.995)}
    if "mapping.embed.weight" in state:
        found["embedding"] = len(state["mapping.embed.weight"])
    return found


def _taps(f: Tensor) -> list[float]:
    return (f if f.ndim == 1 else f.sum(1)).tolist()

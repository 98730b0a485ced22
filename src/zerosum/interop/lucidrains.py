"""Weights of lucidrains/stylegan2-pytorch, one state dict of all players: S and G, their averages SE and GE, D.

What is not in the file is taken as it is by default there: layers of the mapping network are scaled by 0.1 (its option
lr_mlp), and D, trained by a hinge loss of the other sign, is larger for what is generated: ours has minus its score.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

State = Mapping[str, Tensor]
LR = 0.1                                     # what their mapping network's weights and biases are multiplied by
_BLOCK = {"to_style1": "conv0.affine", "to_style2": "conv1.affine", "conv1": "conv0", "conv2": "conv1",
          "to_rgb.to_style": "torgb.affine", "to_rgb.conv": "torgb"}
_STEP = {"conv_res": "skip", "net.0": "conv0", "net.2": "conv1", "downsample.1": "down"}
_END = {"final_conv": "conv", "to_logit": "out"}
_ATTENTION = ("G.attns.", "GE.attns.", "D.attn_blocks.")
_QUANTISED = "D.quantize_blocks."


def is_of_project(state: State) -> bool:
    """Whether these are weights of its generator, of whatever version."""
    return any(key.endswith(("G.initial_block", "G.to_initial_block.weight")) for key in state)


def is_generator(state: State) -> bool:
    """Whether these are weights of a generator that is read: theirs, or ours, from a file of zerosum's."""
    return _is_ours(state) or "G.initial_conv.weight" in state


def is_discriminator(state: State) -> bool:
    """Whether there are weights of a discriminator that is read: one that neither attends nor quantises."""
    if "blocks.0.skip.weight" in state and "out.weight" in state:
        return True
    return {"D.final_conv.weight", "D.blocks.0.downsample.1.weight"} <= state.keys() and not any(
        key.startswith(_QUANTISED) for key in state)


def odd(state: State) -> str:
    """What a network of the project has that none of ours computes; "" for nothing."""
    if any(key.startswith(_ATTENTION) for key in state):
        return "attention"
    if "G.initial_conv.weight" not in state or _count(state, r"G\.blocks\.\d+\.to_rgb\.upsample\.1\.f") != _count(
            state, r"G\.blocks\.\d+\.conv1\.weight") - 1:
        return "layers of an older version, without initial_conv or without blur"
    return ""


def convert(state: State) -> dict[str, Tensor]:
    """The weights of the generator, averaged where the file has averages, as `LucidrainsGenerator` has them."""
    found = _renamed(state)
    size = 4 << _blocks(found) - 1
    drawn = torch.rand(size, size, generator=torch.Generator().manual_seed(0)) - 0.5
    return {"synthesis.noise_const": drawn} | found


def _renamed(state: State) -> dict[str, Tensor]:
    """All but the noise, which is not in the file."""
    if _is_ours(state):
        return dict(state)
    found: dict[str, Tensor] = {}
    mapping, synthesis = _prefixes(state)
    for key, value in state.items():
        if key.startswith(f"{mapping}.net."):
            _, _, number, kind = key.split(".")
            found[f"mapping.fc{int(number) // 2}.{kind}"] = value
        elif key.startswith(f"{synthesis}."):
            found |= {f"synthesis.{name}": made for name, made in _synthesis(key.partition(".")[2], value, state)}
    return found


def _synthesis(key: str, value: Tensor, state: State) -> list[tuple[str, Tensor]]:
    """Names and weights of ours that come of one of theirs: none, one, or, of the strength of noise, two."""
    if key == "initial_block":
        return [("const", value[0])]
    if key == "to_initial_block.weight":
        return [("initial.weight", value.permute(1, 2, 3, 0).flatten(0, 2))]
    if key.startswith("initial_conv."):
        return [(key.removeprefix("initial_"), value)]
    if not (match := re.fullmatch(r"blocks\.(\d+)\.(.+)\.(weight|bias)", key)):
        return []
    number, layer, kind = match.groups()
    if layer in ("to_noise1", "to_noise2"):  # noise from 0 to 1 has its mean in the bias
        place = f"blocks.{number}.conv{int(layer[-1]) - 1}"
        if kind == "weight":
            return [(f"{place}.noise_strength", value[:, 0])]
        strength = state[f"{_prefixes(state)[1]}.{key.removesuffix('bias')}weight"]
        return [(f"{place}.bias", value + strength[:, 0] / 2)]
    modulates = layer.endswith(("to_style", "to_style1", "to_style2")) and kind == "bias"
    return [(f"blocks.{number}.{_BLOCK[layer]}.{kind}", value + 1 if modulates else value)]


def convert_judge(state: State) -> dict[str, Tensor]:
    """The weights of the discriminator, as `LucidrainsDiscriminator` has them."""
    if not any(key.startswith("D.") for key in state):
        return dict(state)
    found = {}
    for key, value in state.items():
        if match := re.fullmatch(r"D\.blocks\.(\d+)\.(conv_res|net\.0|net\.2|downsample\.1)\.(weight|bias)", key):
            found[f"blocks.{match[1]}.{_STEP[match[2]]}.{match[3]}"] = value
        elif match := re.fullmatch(r"D\.(final_conv|to_logit)\.(weight|bias)", key):
            found[f"{_END[match[1]]}.{match[2]}"] = -value if match[1] == "to_logit" else value
    return found


def dropped(state: State) -> list[str]:
    """Keys that neither network of ours takes: what it has not, first, then weights before averaging and copies."""
    if _is_ours(state):
        return []
    taken = tuple(f"{name}." for name in (*_prefixes(state), *(["D"] if is_discriminator(state) else [])))
    return sorted((key for key in state if not key.startswith(taken)), key=lambda key: not key.startswith(_QUANTISED))


def generator_settings(state: State) -> dict[str, Any]:
    """The arguments of `networks.style.lucidrains.LucidrainsGenerator` that these weights were made with."""
    ours = _renamed(state)
    blocks, layers = _blocks(ours), _count(ours, r"mapping\.fc\d+\.weight")
    width, z_dim = ours["mapping.fc0.weight"].shape
    return {"z_dim": z_dim, "w_dim": len(ours[f"mapping.fc{layers - 1}.bias"]), "image_size": 4 << blocks - 1,
            "channels": len(ours["synthesis.blocks.0.torgb.weight"]), "const": "synthesis.const" in ours,
            "maps": [len(ours[f"synthesis.blocks.{k}.conv1.weight"]) for k in range(blocks)],
            "mapping": {"layers": layers, "width": width, "lr": LR}}


def judge_settings(state: State, image_size: int) -> dict[str, Any]:
    """The arguments of `networks.style.lucidrains.LucidrainsDiscriminator`."""
    ours = convert_judge(state)
    maps = [len(ours[f"blocks.{k}.skip.weight"]) for k in range(_count(ours, r"blocks\.\d+\.skip\.weight"))]
    return {"image_size": image_size, "channels": ours["blocks.0.skip.weight"].shape[1], "maps": maps}


def _is_ours(state: State) -> bool:
    return "synthesis.blocks.0.torgb.affine.weight" in state


def _prefixes(state: State) -> tuple[str, str]:
    """Mapping and synthesis, averaged where there are averages."""
    return ("SE", "GE") if "GE.initial_conv.weight" in state else ("S", "G")


def _blocks(ours: State) -> int:
    return _count(ours, r"synthesis\.blocks\.\d+\.conv1\.weight")


def _count(state: State, pattern: str) -> int:
    return sum(re.fullmatch(pattern, key) is not None for key in state)

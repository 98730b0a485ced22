"""Weights of ProGAN: NVIDIA's variables of TensorFlow (tkarras/progressive_growing_of_gans).

Convolutions are (height, width, inputs, outputs), those that upsample (height, width, outputs, inputs), dense layers
(inputs, outputs). Layers of smaller images are there in both, and are kept: `ToRGB_lod0` is that of the largest.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

State = Mapping[str, Tensor]
# What ours computes, among the arguments of theirs.
_USUAL = {"use_wscale": True, "use_pixelnorm": True, "use_leakyrelu": True, "normalize_latents": True,
          "pixelnorm_epsilon": 1e-8, "label_size": 0}
_COARSEST = {"Conv/weight": "conv.conv.weight", "Conv/bias": "conv.bias", "Dense0/weight": "hidden.weight",
             "Dense0/bias": "hidden_bias", "Dense1/weight": "out.weight", "Dense1/bias": "out.bias"}


def is_generator(state: State) -> bool:
    """Whether these are the weights of a generator."""
    return {"4x4/Dense/weight", "4x4/Conv/weight", "ToRGB_lod0/weight"} <= state.keys()


def is_discriminator(state: State) -> bool:
    """Whether these are the weights of a discriminator; those of StyleGAN's have the same names."""
    return {"FromRGB_lod0/weight", "4x4/Dense1/weight", "4x4/Conv/weight"} <= state.keys()


def convert(state: State) -> dict[str, Tensor]:
    """Rename and turn round all weights of one network."""
    octaves, draws = len(_sides(state)) - 1, is_generator(state)
    named = _of_generator if draws else _of_discriminator
    return {ours: _shaped(key, value, draws) for key, value in state.items() if (ours := named(key, octaves))}


def dropped(state: State) -> list[str]:
    """Keys of a network that ours has no place for: how far it had grown, which must be to the end."""
    return [key for key in state if key == "lod"]


def _of_generator(key: str, octaves: int) -> str:
    """Our name of a variable; "" for what ours does not have."""
    layer, _, kind = key.rpartition("/")
    if match := re.fullmatch(r"ToRGB_lod(\d+)", layer):
        return f"torgb.{octaves - int(match[1])}.{kind}"
    if key == "4x4/Dense/weight":
        return "blocks.0.0.linear.weight"
    if match := re.fullmatch(r"(\d+)x\1/(Dense|Conv0_up|Conv0|Conv1|Conv)", layer):
        place = f"blocks.{_octave(match[1])}.{int(match[2] in ('Conv', 'Conv1'))}"
        return f"{place}.conv.weight" if kind == "weight" else f"{place}.bias"
    return ""


def _of_discriminator(key: str, octaves: int) -> str:
    layer, _, kind = key.rpartition("/")
    if match := re.fullmatch(r"FromRGB_lod(\d+)", layer):
        place = f"fromrgb.{octaves - int(match[1])}"
    elif key.startswith("4x4/"):
        return _COARSEST.get(key.removeprefix("4x4/"), "")
    elif match := re.fullmatch(r"(\d+)x\1/(Conv0|Conv1_down)", layer):
        place = f"blocks.{_octave(match[1]) - 1}.{int(match[2] == 'Conv1_down')}"
    else:
        return ""
    return f"{place}.conv.weight" if kind == "weight" else f"{place}.bias"


def _octave(side: str) -> int:
    """How often a map of 4 pixels is doubled to one of this side."""
    return int(side).bit_length() - 3


def _shaped(key: str, value: Tensor, draws: bool) -> Tensor:
    """A variable as ours has it; `draws`: of a generator."""
    if value.dim() == 2:
        return value.t()
    if value.dim() != 4:
        return value
    if "/Conv0_up/" in key:
        return value.permute(2, 3, 0, 1)
    turned = value.permute(3, 2, 0, 1)
    # Ours upsamples by a transposed convolution, which turns the kernel around; theirs, as two steps, does not.
    return turned.flip((2, 3)) if draws and "/Conv0/" in key else turned


def generator_settings(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `networks.progan.ProGANGenerator`; raises ValueError for what it does not compute."""
    _check(state, given)
    sides = _sides(state)
    return {"z_dim": state["4x4/Dense/weight"].shape[0], "image_size": sides[-1],
            "channels": state["ToRGB_lod0/bias"].shape[0],
            "maps": [state[f"{side}x{side}/{'Conv' if side == 4 else 'Conv1'}/bias"].shape[0] for side in sides]}


def discriminator_settings(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `networks.progan.ProGANDiscriminator`; ValueError as for a generator."""
    _check(state, given)
    sides = _sides(state)
    if state["4x4/Dense1/weight"].shape[1] != 1:
        raise ValueError("it names classes, which zerosum's progan does not")
    if any(f"{side}x{side}/Conv1/weight" in state for side in sides[1:]):
        raise ValueError("it halves its maps after the activation (fused_scale false), and zerosum's progan before it")
    _, _, inputs, coarsest = state["4x4/Conv/weight"].shape
    if inputs != coarsest + 1:
        raise ValueError("it does not see the deviation of the batch (mbstd_group_size 0)")
    return {"image_size": sides[-1], "channels": state["FromRGB_lod0/weight"].shape[2],
            "maps": [coarsest, *(state[f"{side}x{side}/Conv0/bias"].shape[0] for side in sides[1:])],
            "hidden": state["4x4/Dense0/bias"].shape[0], "group": given.get("mbstd_group_size", 4)}


def _check(state: State, given: Mapping[str, Any]) -> None:
    for name, usual in _USUAL.items():
        if given.get(name, usual) != usual:
            raise ValueError(f"its {name} is {given[name]!r}, and only {usual!r} is read")
    if (level := float(state.get("lod", 0.0))) != 0:
        raise ValueError(f"it was still growing: its level of detail is {level:g} and not 0")


def _sides(state: State) -> list[int]:
    found = sorted({int(match[1]) for key in state if (match := re.match(r"(\d+)x\1/", key))})
    if found != [4 << octave for octave in range(len(found))] or len(found) < 2:
        raise ValueError(f"its maps have sides {found[:12]}, and not 4, 8, 16, ...")
    return found

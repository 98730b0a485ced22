"""Weights of StyleGAN: NVIDIA's variables of TensorFlow (NVlabs/stylegan), and their common conversion to PyTorch.

TensorFlow has convolutions as (height, width, inputs, outputs) and dense layers as (inputs, outputs). Where the
activation has a gain in ours, the weights have it in theirs: biases before it are theirs by sqrt 2. From 128 pixels on
theirs upsample by a transposed convolution, which turns the kernel around. The conversion (lernapparat's
`for_g_all.pt`) has the layouts of PyTorch, names of its own, and neither noise nor the mean of w.
"""

import re
from collections.abc import Mapping
from math import log2, sqrt
from typing import Any

import torch
from torch import Tensor

State = Mapping[str, Tensor]
FUSED_FROM = 128                             # pixels, where `fused_scale` is "auto"
# What networks of ours compute, among the arguments of theirs.
_USUAL = {"use_styles": True, "const_input_layer": True, "use_noise": True, "use_wscale": True, "nonlinearity": "lrelu",
          "use_pixel_norm": False, "use_instance_norm": True, "normalize_latents": True, "blur_filter": [1, 2, 1],
          "mapping_nonlinearity": "lrelu"}
_CONVERTED = tuple((re.compile(pattern), new) for pattern, new in (
    (r"^g_mapping\.dense(\d+)\.", r"G_mapping/Dense\1/"), (r"^g_synthesis\.torgb\.", "G_synthesis/ToRGB_lod0/"),
    (r"^g_synthesis\.blocks\.4x4\.(const|bias)$", r"G_synthesis/4x4/Const/\1"),
    (r"^g_synthesis\.blocks\.(\w+)\.", r"G_synthesis/\1/"), (r"/conv\.", "/Conv/"), (r"/conv0_up\.", "/Conv0_up/"),
    (r"/conv1\.", "/Conv1/"), (r"/4x4/epi1\.", "/4x4/Const/"), (r"/4x4/epi2\.", "/4x4/Conv/"),
    (r"/epi1\.", "/Conv0_up/"), (r"/epi2\.", "/Conv1/"), (r"top_epi\.noise\.", "Noise/"),
    (r"style_mod\.lin\.", "StyleMod/"), (r"^truncation\.avg_latent$", "dlatent_avg")))
_LAYER = {"weight": "conv.weight", "bias": "bias", "const": "const", "Noise/weight": "noise_strength",
          "StyleMod/weight": "affine.weight", "StyleMod/bias": "affine.bias"}
_JUDGE = {"Conv0": "conv0", "Conv1_down": "conv1", "Conv": "conv", "Dense0": "fc", "Dense1": "out"}


def is_generator(state: State) -> bool:
    """Whether these are the weights of a generator, as TensorFlow has them or converted."""
    return "G_synthesis/4x4/Const/const" in state or "g_synthesis.blocks.4x4.const" in state


def is_discriminator(state: State) -> bool:
    """Whether these are the weights of a discriminator."""
    return {"FromRGB_lod0/weight", "4x4/Dense1/weight", "4x4/Conv/weight"} <= state.keys()


def convert(state: State, given: Mapping[str, Any] | None = None) -> dict[str, Tensor]:
    """Rename and turn round all weights of one network; `given`: arguments of theirs.

    Layers for smaller images, from when the network grew, are left out; noise that is missing is drawn.
    """
    if is_discriminator(state):
        return _discriminator(state)
    found: dict[str, Tensor] = {}
    for key, value in _officially(state).items():
        if ours := _of_generator(key):
            found[ours] = _shaped(key, value, (given or {}).get("fused_scale", "auto"))
    draw = torch.Generator().manual_seed(0)
    for key in [key for key in found if key.endswith("noise_strength")]:
        number = int(key.split(".")[2])
        side = 4 << number // 2
        drawn = torch.randn(side, side, generator=draw)
        found.setdefault(f"synthesis.layers.{number}.noise_const", drawn)
    return found


def dropped(state: State) -> list[str]:
    """Keys of a network that ours has no place for: layers that showed, or saw, smaller images."""
    if is_discriminator(state):
        return [key for key in state if not re.match(r"FromRGB_lod0/|\d+x\d+/", key)]
    return [key for key in state if not _of_generator(_official_name(key))]


def _officially(state: State) -> dict[str, Tensor]:
    """The variables of TensorFlow, by name; those of a conversion are turned back."""
    if "G_synthesis/4x4/Const/const" in state:
        return dict(state)
    found = {}
    for key, value in state.items():
        turned = value.permute(2, 3, 1, 0) if value.dim() == 4 else value.t() if value.dim() == 2 else value
        found[_official_name(key)] = turned if key.endswith("weight") else value
    return found


def _official_name(key: str) -> str:
    for pattern, new in _CONVERTED:
        key = pattern.sub(new, key)
    return key


def _of_generator(key: str) -> str:
    """Our name of a variable; "" for what ours does not have."""
    if key == "dlatent_avg":
        return "mapping.w_avg"
    if match := re.fullmatch(r"G_mapping/Dense(\d+)/(weight|bias)", key):
        return f"mapping.fc{match[1]}.{match[2]}"
    if match := re.fullmatch(r"G_synthesis/ToRGB_lod0/(weight|bias)", key):
        return f"synthesis.torgb.{match[1]}"
    if match := re.fullmatch(r"G_synthesis/noise(\d+)", key):
        return f"synthesis.layers.{match[1]}.noise_const"
    match = re.fullmatch(r"G_synthesis/(\d+)x\1/(Const|Conv|Conv0_up|Conv1)/(.+)", key)
    if not match or match[3] not in _LAYER:
        return ""
    number = 2 * int(log2(int(match[1])) - 2) + (match[2] in ("Conv", "Conv1"))
    return f"synthesis.layers.{number}.{_LAYER[match[3]]}"


def _shaped(key: str, value: Tensor, fused: bool | str) -> Tensor:
    """A variable of the generator, as ours has it."""
    if key.startswith("G_mapping") and key.endswith("bias"):
        return value / sqrt(2)
    if key.endswith("Const/const"):
        return value[0]
    if "/noise" in key:
        return value[0, 0]
    if match := re.search(r"(\d+)x\d+/Conv0_up/weight", key):
        turned = fused is True or (fused == "auto" and int(match[1]) >= FUSED_FROM)
        value = value.flip((0, 1)) if turned else value
    return _transposed(value)


def _transposed(value: Tensor) -> Tensor:
    return value.permute(3, 2, 0, 1) if value.dim() == 4 else value.t() if value.dim() == 2 else value


def _discriminator(state: State) -> dict[str, Tensor]:
    side, found = _side(state), {}
    for key, value in state.items():
        layer, _, kind = key.rpartition("/")
        if layer == "FromRGB_lod0":
            ours = f"b{side}.fromrgb"
        elif match := re.fullmatch(r"(\d+)x\1/(\w+)", layer):
            ours = f"b{match[1]}.{_JUDGE[match[2]]}"
        else:
            continue
        gained = kind == "bias" and not ours.endswith("out")
        found[f"{ours}.{kind}"] = value / sqrt(2) if gained else _transposed(value)
    return found


def generator_settings(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `networks.style.OfficialStyleGANGenerator`; raises ValueError for what it does not compute."""
    theirs = _officially(state)
    _check(theirs, given)
    if "G_mapping/LabelConcat/weight" in theirs:
        raise ValueError("it is told classes, which zerosum's stylegan is not")
    sides = _sides(theirs, "G_synthesis/")
    dense = [theirs[f"G_mapping/Dense{k}/weight"].shape for k in range(
        sum(re.fullmatch(r"G_mapping/Dense\d+/weight", key) is not None for key in theirs))]
    maps = [theirs[f"G_synthesis/{side}x{side}/{'Conv' if side == 4 else 'Conv1'}/bias"].shape[0] for side in sides]
    return {"z_dim": dense[0][0], "w_dim": dense[-1][1], "image_size": sides[-1], "maps": maps,
            "channels": theirs["G_synthesis/ToRGB_lod0/bias"].shape[0],
            "mapping": {"layers": len(dense), "width": dense[0][1], "lr": given.get("mapping_lrmul", 0.01),
                        "average_beta": given.get("dlatent_avg_beta") or 0.995}}


def discriminator_settings(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `networks.style.OfficialStyleGANDiscriminator`; ValueError as for a generator."""
    _check(state, given)
    if state["4x4/Dense1/weight"].shape[1] != 1:
        raise ValueError("it is told classes, which zerosum's stylegan is not")
    sides = _sides(state)
    _, _, inputs, coarsest = state["4x4/Conv/weight"].shape
    return {"image_size": sides[-1], "channels": state["FromRGB_lod0/weight"].shape[2],
            "maps": [coarsest, *(state[f"{side}x{side}/Conv0/bias"].shape[0] for side in sides[1:])],
            "group": given.get("mbstd_group_size", 4), "group_maps": inputs - coarsest}


def _check(state: State, given: Mapping[str, Any]) -> None:
    for name, usual in _USUAL.items():
        if given.get(name, usual) != usual:
            raise ValueError(f"its {name} is {given[name]!r}, and only {usual!r} is read")
    level = next((float(value) for key, value in state.items() if key.rpartition("/")[2] == "lod"), 0.0)
    if level != 0:
        raise ValueError(f"it was still growing: its level of detail is {level:g} and not 0")


def _sides(state: State, prefix: str = "") -> list[int]:
    return sorted({int(match[1]) for key in state if (match := re.match(rf"{prefix}(\d+)x\1/", key))})


def _side(state: State) -> int:
    return _sides(state)[-1]

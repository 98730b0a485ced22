"""Weights of StyleGAN as rosinality/style-based-gan-pytorch has them: `weight_orig`, scaled by sqrt(2 / inputs) in use.

Networks have all their layers from the start, of which a checkpoint from their growing has trained the coarsest: biases
of the others are zero still. From 128 pixels on maps grow by a transposed convolution, which turns the kernel around,
of a quarter of the weight.
"""

import re
from collections.abc import Mapping
from math import sqrt
from typing import Any

import torch
from torch import Tensor

State = Mapping[str, Tensor]
LR = 0.01                                    # of the mapping network's layers: its optimizer's in theirs, ours in ours
_STYLE, _BLOCK, _JUDGE = r"style\.(\d+)\.linear\.(weight_orig|bias)", r"generator\.progression\.(\d\d?)\.(.+)", \
    r"progression\.(\d\d?)\.(conv1\.0|conv2\.\d)(\.conv)?\.(weight_orig|weight|bias)"
_STEP = r"progression\.\d\d?\.conv1\.0\.conv\.weight_orig"


def is_of_project(state: State) -> bool:
    """Whether these are the weights of its generator, of whatever version."""
    return "generator.progression.0.conv1.input" in state


def is_generator(state: State) -> bool:
    """Whether these are the weights of a generator that is read."""
    return is_of_project(state) and not odd(state)


def is_discriminator(state: State) -> bool:
    """Whether these are the weights of a discriminator that is read."""
    return {"progression.0.conv1.0.conv.weight_orig", "linear.linear.weight_orig"} <= state.keys()


def odd(state: State) -> str:
    """What a network of the project has that none of ours computes; "" for nothing."""
    if is_of_project(state) and "generator.progression.1.conv1.1.conv.weight_orig" not in state:
        return "an older version, whose layers normalise before they are activated and whose maps grow bilinearly"
    return ""


def convert(state: State) -> dict[str, Tensor]:
    """The weights as `networks.style.stylegan_ported.PortedStyleGANGenerator` has them; noise is drawn."""
    found, draw = _renamed(state), torch.Generator().manual_seed(0)
    for number in range(2 * trained_blocks(state)):
        side = 4 << number // 2
        found[f"synthesis.layers.{number}.noise_const"] = torch.randn(side, side, generator=draw)
    return found


def _renamed(state: State) -> dict[str, Tensor]:
    """All but the noise; the bias of what has grown comes before the blur, and none comes behind it."""
    found, count = {}, trained_blocks(state)
    for key, value in state.items():
        found |= dict([_of_generator(key, value, count)])
    found.pop("", None)
    for block in range(count):
        place = f"synthesis.layers.{2 * block}."
        found[f"{place}bias"] = torch.zeros_like(found[f"{place}noise_strength"])
    return found


def _of_generator(key: str, value: Tensor, blocks: int) -> tuple[str, Tensor]:
    """Our name and shape of a weight; "" for what ours does not have, such as layers that were never trained."""
    if match := re.fullmatch(_STYLE, key):
        name = f"mapping.fc{int(match[1]) // 2}"
        return (f"{name}.weight", value / LR) if match[2] != "bias" else (f"{name}.bias", value / (LR * sqrt(2)))
    if match := re.fullmatch(rf"generator\.to_rgb\.{blocks - 1}\.conv\.(weight_orig|bias)", key):
        return ("synthesis.torgb.bias", value) if match[1] == "bias" else ("synthesis.torgb.weight", value * sqrt(2))
    match = re.fullmatch(_BLOCK, key)
    if not match or int(match[1]) >= blocks:
        return "", value
    block, layer = int(match[1]), match[2]
    first, second = (f"synthesis.layers.{2 * block + k}." for k in (0, 1))
    return {"conv1.input": lambda: (f"{first}const", value[0]),
            "conv1.1.conv.weight_orig": lambda: (f"{first}conv.weight", value),
            "conv1.1.conv.bias": lambda: (f"{first}conv.bias", value),
            "conv1.0.weight": lambda: (f"{first}conv.weight", value.transpose(0, 1).flip(2, 3) / 4),
            "conv1.0.bias": lambda: (f"{first}conv.bias", value),
            "conv2.conv.weight_orig": lambda: (f"{second}conv.weight", value),
            "conv2.conv.bias": lambda: (f"{second}bias", value),
            }.get(layer, lambda: _styled(layer, value, first, second))()


def _styled(layer: str, value: Tensor, first: str, second: str) -> tuple[str, Tensor]:
    """Our name of a strength of noise, or of what makes a style of w: its scale is 1 + y in ours."""
    match = re.fullmatch(r"(noise|adain)([12])\.(?:style\.linear\.)?(weight_orig|bias)", layer)
    if not match:
        return "", value                     # a filter
    place = first if match[2] == "1" else second
    if match[1] == "noise":
        return f"{place}noise_strength", value.flatten() * sqrt(2 / value.numel())
    if match[3] == "weight_orig":
        return f"{place}affine.weight", value * sqrt(2)
    return f"{place}affine.bias", value - (torch.arange(len(value)) < len(value) // 2).to(value)


def dropped(state: State) -> list[str]:
    """Keys of layers that show smaller images, that were never trained, and of filters."""
    count = trained_blocks(state)
    return [key for key, value in state.items() if not _of_generator(key, value, count)[0]]


def trained_blocks(state: State) -> int:
    """How many blocks of the generator were trained: the others have biases of zero; all, where none was."""
    blocks = _count(state, r"generator\.progression\.\d+\.conv2\.conv\.weight_orig")
    return max((k + 1 for k in range(blocks) if state[f"generator.progression.{k}.conv2.conv.bias"].any()),
               default=blocks)


def generator_settings(state: State) -> dict[str, Any]:
    """The arguments of `PortedStyleGANGenerator` that these weights were made with."""
    count, ours = trained_blocks(state), _renamed(state)
    layers = _count(state, r"style\.\d+\.linear\.weight_orig")
    width, z_dim = ours["mapping.fc0.weight"].shape
    return {"z_dim": z_dim, "w_dim": len(ours[f"mapping.fc{layers - 1}.bias"]), "image_size": 4 << count - 1,
            "channels": len(ours["synthesis.torgb.bias"]), "maps": [
                len(ours[f"synthesis.layers.{2 * k + 1}.bias"]) for k in range(count)], "biased": True, "shared": True,
            "mapping": {"layers": layers, "width": width, "lr": LR}}


def convert_judge(state: State) -> dict[str, Tensor]:
    """The weights as `networks.style.stylegan_ported.PortedStyleGANDiscriminator` has them."""
    span = _first(state), _count(state, _STEP) - 1
    found = dict(_of_judge(key, value, *span) for key, value in state.items())
    found.pop("", None)
    return found


def judge_dropped(state: State) -> list[str]:
    """Keys of a discriminator's layers that see images of other sizes, and of filters."""
    span = _first(state), _count(state, _STEP) - 1
    return [key for key, value in state.items() if not _of_judge(key, value, *span)[0]]


def _of_judge(key: str, value: Tensor, first: int, last: int) -> tuple[str, Tensor]:
    """Our name and shape of a weight of the blocks `first` to `last`; "" for what ours does not have."""
    gain = sqrt(2)                           # that an activation has in ours
    if match := re.fullmatch(rf"from_rgb\.{first}(\.0)?\.conv\.(weight_orig|bias)", key):
        name = f"b{4 << last - first}.fromrgb."
        return (f"{name}weight", value if match[1] else value * gain) if match[2] != "bias" else (
            f"{name}bias", value / gain if match[1] else value)
    if match := re.fullmatch(r"linear\.linear\.(weight_orig|bias)", key):
        return ("b4.out.bias", value) if match[1] == "bias" else ("b4.out.weight", value * gain)
    match = re.fullmatch(_JUDGE, key)
    if not match or int(match[1]) < first or match[2] not in ("conv1.0", f"conv2.{int(int(match[1]) != last)}"):
        return "", value                     # a filter comes first in what halves
    place, number = f"b{4 << last - int(match[1])}.", int(match[2] != "conv1.0")
    name = place + (("conv", "fc")[number] if int(match[1]) == last else f"conv{number}")
    if match[4] == "bias":
        return f"{name}.bias", value / gain
    return f"{name}.weight", value.flatten(1) if name == "b4.fc" else value


def judge_settings(state: State, image_size: int) -> dict[str, Any]:
    """The arguments of `PortedStyleGANDiscriminator`; raises ValueError where it sees images of another size."""
    ours, first, count = convert_judge(state), _first(state), _count(state, _STEP)
    if (side := 4 << count - 1 - first) != image_size:
        raise ValueError(f"it was trained on images of {side} pixels, the generator of {image_size}")
    outputs, inputs = ours["b4.conv.weight"].shape[:2]
    return {"image_size": image_size, "channels": ours[f"b{side}.fromrgb.weight"].shape[1], "early": True,
            "active": f"from_rgb.{first}.0.conv.bias" in state, "group": None, "group_maps": inputs - outputs,
            "maps": [outputs, *(ours[f"b{side >> k}.conv0.weight"].shape[1] for k in range(count - 2 - first, -1, -1))]}


def _first(state: State) -> int:
    """The number of the first block that was trained; 0 where none was."""
    return next((k for k in range(_count(state, _STEP)) if state[f"progression.{k}.conv1.0.conv.bias"].any()), 0)


def _count(state: State, pattern: str) -> int:
    return sum(re.fullmatch(pattern, key) is not None for key in state)

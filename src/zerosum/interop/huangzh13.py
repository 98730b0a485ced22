"""Weights of StyleGAN as huangzh13/StyleGAN.pytorch has them: the names of lernapparat's conversion, slightly changed.

Networks have all their layers from the start, of which a checkpoint from their growing has trained the coarsest: biases
of the others are zero still.
"""

import re
from collections.abc import Mapping
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from . import stylegan

State = Mapping[str, Tensor]
_JUDGE = {"conv0": "conv0", "conv1_down": "conv1", "conv": "conv", "dense0": "fc", "dense1": "out"}
_BLUR = torch.tensor([1.0, 2.0, 1.0]).outer(torch.tensor([1.0, 2.0, 1.0])) / 16


def is_generator(state: State) -> bool:
    """Whether these are the weights of its generator."""
    return {"g_synthesis.init_block.const", "g_mapping.map.dense0.weight"} <= state.keys()


def is_discriminator(state: State) -> bool:
    """Whether these are the weights of its discriminator."""
    return {"final_block.dense1.weight", "blocks.0.conv1_down.weight"} <= state.keys()


def convert(state: State) -> dict[str, Tensor]:
    """The weights as `networks.style.stylegan_ported.PortedStyleGANGenerator` has them; noise is drawn."""
    return stylegan.convert(_trained(state))


def dropped(state: State) -> list[str]:
    """Keys of layers that show smaller images, that were never trained, and of filters."""
    count, left = trained_blocks(state), {"", *stylegan.dropped(_trained(state))}
    return [key for key in state if _official(key, count) in left]


def generator_settings(state: State) -> dict[str, Any]:
    """The arguments of `PortedStyleGANGenerator`; raises ValueError for a filter that it does not have."""
    found = stylegan.generator_settings(_trained(state), {})
    filters = [value for key, value in state.items() if key.endswith("conv0_up.intermediate.kernel")]
    _check(filters)
    return found | {"blurred": bool(filters)}


def trained_blocks(state: State) -> int:
    """How many blocks of the generator were trained: the others have biases of zero; all, where none was."""
    blocks = _count(state, r"g_synthesis\.blocks\.\d+\.conv1\.weight")
    return max((k + 1 for k in range(blocks) if state[f"g_synthesis.blocks.{k}.conv1.bias"].any()), default=blocks)


def _trained(state: State) -> dict[str, Tensor]:
    count = trained_blocks(state)
    return {name: value for key, value in state.items() if (name := _official(key, count))}


def _official(key: str, blocks: int) -> str:
    """The name of a weight in lernapparat's conversion; "" for one of a layer that so few blocks are without."""
    if match := re.fullmatch(r"g_synthesis\.blocks\.(\d+)\.(.+)", key):
        number = int(match[1][:4])
        return f"g_synthesis.blocks.{8 << number}x{8 << number}.{match[2]}" if number < blocks else ""
    if match := re.fullmatch(r"g_synthesis\.to_rgb\.(\d+)\.(weight|bias)", key):
        return f"g_synthesis.torgb.{match[2]}" if int(match[1]) == blocks else ""
    return key.replace("g_synthesis.init_block.", "g_synthesis.blocks.4x4.").replace("g_mapping.map.", "g_mapping.")


def convert_judge(state: State) -> dict[str, Tensor]:
    """The weights as `networks.style.stylegan_ported.PortedStyleGANDiscriminator` has them."""
    found, first, side = {}, _first(state), _side(state)
    for key, value in state.items():
        if name := _of_judge(key, first, side):
            if name.endswith("fromrgb.weight"):
                value = value * sqrt(2)      # without an activation, whose gain it would be
            elif key.endswith("bias") and not name.endswith(("fromrgb.bias", "out.bias")):
                value = value / sqrt(2)
            found[name] = value
    return found


def judge_settings(state: State, image_size: int) -> dict[str, Any]:
    """The arguments of `PortedStyleGANDiscriminator`; ValueError where it has another filter, or sees other images."""
    if _side(state) != image_size:
        raise ValueError(f"it was trained on images of {_side(state)} pixels, the generator of {image_size}")
    _check([value for key, value in state.items() if key.endswith("blur.kernel")])
    blocks = range(_count(state, r"blocks\.\d+\.conv0\.weight") - 1, _first(state) - 1, -1)
    outputs, inputs = state["final_block.conv.weight"].shape[:2]
    return {"image_size": image_size, "channels": state[f"from_rgb.{_first(state)}.weight"].shape[1],
            "maps": [outputs, *(len(state[f"blocks.{k}.conv0.bias"]) for k in blocks)], "group_maps": inputs - outputs}


def judge_dropped(state: State) -> list[str]:
    """Keys of a discriminator's layers that see images of other sizes, and of filters."""
    first, side = _first(state), _side(state)
    return [key for key in state if not _of_judge(key, first, side)]


def _of_judge(key: str, first: int, side: int) -> str:
    """Our name of a weight of a discriminator whose blocks count from `first`; "" for what ours does not have."""
    if match := re.fullmatch(r"blocks\.(\d\d?)\.(conv0|conv1_down)\.(weight|bias)", key):
        number = int(match[1]) - first
        return f"b{side >> number}.{_JUDGE[match[2]]}.{match[3]}" if number >= 0 else ""
    if match := re.fullmatch(r"final_block\.(conv|dense0|dense1)\.(weight|bias)", key):
        return f"b4.{_JUDGE[match[1]]}.{match[2]}"
    match = re.fullmatch(rf"from_rgb\.{first}\.(weight|bias)", key)
    return f"b{side}.fromrgb.{match[1]}" if match else ""


def _first(state: State) -> int:
    """The number of the first block that was trained; 0 where none was."""
    count = _count(state, r"blocks\.\d+\.conv0\.weight")
    return next((k for k in range(count) if state[f"blocks.{k}.conv0.bias"].any()), 0)


def _side(state: State) -> int:
    """Pixels on a side of the images that it sees."""
    return 4 << _count(state, r"blocks\.\d+\.conv0\.weight") - _first(state)


def _check(filters: list[Tensor]) -> None:
    if not all(value.shape[-2:] == (3, 3) and torch.allclose(value.float(), _BLUR, atol=1e-3) for value in filters):
        raise ValueError("it blurs by another filter than 1, 2, 1")


def _count(state: State, pattern: str) -> int:
    return sum(re.fullmatch(pattern, key) is not None for key in state)

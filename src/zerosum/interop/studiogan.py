"""Weights of StudioGAN (POSTECH-CVLab/PyTorch-StudioGAN): the backbones `resnet` and `big_resnet`.

Attention has a place of its own in the list of blocks. Norms are told classes by two embeddings (`embed0`, `embed1`),
in later versions by linear layers (`gain`, `bias`), which `big_resnet` has from the start.
"""

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor

State = Mapping[str, Tensor]
_LAYER = {"conv2d0": "conv_sc", "conv2d1": "conv1", "conv2d2": "conv2", "embed0": "gain", "embed1": "bias",
          "conv1x1_theta": "theta", "conv1x1_phi": "phi", "conv1x1_g": "g", "conv1x1_attn": "o", "sigma": "gamma",
          "weight_orig": "weight", "running_mean": "stored_mean", "running_var": "stored_var"}
_HEAD = {"linear0": "linear", "linear1": "linear", "embedding": "embed", "bn4": "output_layer.0",
         "conv2d5": "output_layer.2"}
_MORE = ("linear2", "linear_mi", "embedding_mi", "info_")      # heads beside the score, and inputs beside z
_HALVED = {32: 2, 64: 4, 128: 5, 256: 6, 512: 7}              # how often a discriminator halves, by image size


def is_generator(state: State) -> bool:
    """Whether these are the weights of a generator of either backbone."""
    return "blocks.0.0.conv2d1.bias" in state and "conv2d5.bias" in state and "linear0.bias" in state


def is_discriminator(state: State) -> bool:
    """Whether these are the weights of a discriminator of either backbone."""
    return "blocks.0.0.conv2d1.bias" in state and "linear1.bias" in state and "conv2d5.bias" not in state


def told(state: State) -> str:
    """How a generator is told classes: "shared" (BigGAN), "classes", or "" where it is told none."""
    if "shared.weight" in state:
        return "shared"
    return "" if "blocks.0.0.bn1.running_mean" in state else "classes"


def has_attention(state: State) -> bool:
    """Whether attention follows a block."""
    return any(".conv1x1_theta." in key for key in state)


def odd(state: State) -> str:
    """What networks of StudioGAN have that none of ours computes; "" for nothing."""
    if "blocks.0.0.conv2d3.bias" in state and ("conv2d5.bias" in state or "linear1.bias" in state):
        return "the blocks of its BigGAN-deep, which are not the authors'"
    if "blocks.0.0.deconv0.bias" in state or {"linear1.bias", "conv1.bias", "blocks.0.0.conv0.bias"} <= state.keys():
        return "the layers of its DCGAN, which are not the authors'"
    if not (is_generator(state) or is_discriminator(state)):
        return ""
    if any(key.startswith(_MORE) for key in state) or (is_discriminator(state) and state["linear1.bias"].numel() != 1):
        return "a classifier, contrastive or information head beside the score"
    if is_discriminator(state) and any(".bn" in key for key in state):
        return "batch norm in the discriminator"
    return ""


def convert(state: State) -> dict[str, Tensor]:
    """Rename all weights of one network, as `networks.StudioGANGenerator` or `StudioGANDiscriminator` loads them."""
    places, found = _places(state), {}
    for key, value in state.items():
        if not key.endswith("num_batches_tracked"):
            name, flipped = _renamed(key, places)
            found[name] = value.t() if flipped and value.dim() == 2 else value.reshape(()) if name.endswith(
                ".gamma") else value
    return found


def _renamed(key: str, places: dict[int, str]) -> tuple[str, bool]:
    """Our name, and whether the weight is an embedding that is a linear layer in ours, which is its transpose."""
    parts = key.split(".")
    affine = parts[-2] in ("embed0", "embed1") if len(parts) > 1 else False
    if affine and parts[-1] in ("weight_u", "weight_v"):      # so are the singular vectors of one those of the other
        parts[-1] = "weight_v" if parts[-1] == "weight_u" else "weight_u"
    if parts[0] == "blocks":
        rest = [_LAYER.get(part, part) for part in parts[3:] if part != "bn"]
        if len(parts) == 5 and parts[3] in ("bn1", "bn2") and parts[4] == "weight":
            rest[-1] = "gain"                # a norm that is told nothing
        return ".".join([places[int(parts[1])], *rest]), affine
    head, *rest = parts
    kind = [_LAYER.get(part, part) for part in rest]
    return ".".join([_HEAD.get(head, head), *(["gain"] if head == "bn4" and rest == ["weight"] else kind)]), affine


def _attentions(state: State) -> list[int]:
    """Numbers, in their list of blocks, of those that are attention."""
    return sorted({int(key.split(".")[1]) for key in state if ".conv1x1_theta." in key})


def _places(state: State) -> dict[int, str]:
    """Our name of each of their blocks: attention belongs to the block before it."""
    attentions, places, block = _attentions(state), {}, -1
    for number in sorted({int(key.split(".")[1]) for key in state if key.startswith("blocks.")}):
        block += number not in attentions
        places[number] = f"blocks.{block}.{int(number in attentions)}"
    return places


def generator_settings(state: State) -> dict[str, Any]:
    """The arguments of `networks.StudioGANGenerator` that these weights were made with."""
    ours = convert(state)
    first, width, attention = _blocks(ours)
    features, inputs = ours["linear.weight"].shape
    found = {"z_dim": inputs, "image_size": (isqrt(features // first) << len(width),) * 2, "channels":
             ours["output_layer.2.weight"].shape[0], "width": [first, *width], "attention": attention,
             "hierarchical": False}
    if told(state) == "":
        return found
    numbers = ours["blocks.0.0.bn1.gain.weight"].shape[1]
    if told(state) == "classes":
        return found | {"classes": numbers}
    classes, shared = ours["shared.weight"].shape
    hierarchical = numbers > shared
    return found | {"classes": classes, "shared": shared, "hierarchical": hierarchical,
                    "z_dim": inputs * (len(width) + 1) if hierarchical else inputs}


def discriminator_settings(state: State, image_size: int | tuple[int, int]) -> dict[str, Any]:
    """The arguments of `networks.StudioGANDiscriminator`; raises KeyError for a size that StudioGAN does not have."""
    ours = convert(state)
    first, width, attention = _blocks(ours)
    side = image_size if isinstance(image_size, int) else image_size[0]
    if len(width) != _HALVED[side] + (2 if side == 32 else 1):
        raise ValueError(f"no discriminator of StudioGAN for {side} pixels has {len(width)} blocks")
    return {"image_size": (side, side), "channels": first, "width": width, "attention": attention,
            "classes": len(ours["embed.weight"]) if "embed.weight" in ours else 0}


def _blocks(ours: State) -> tuple[int, list[int], list[int]]:
    """Channels before the first block and after each, and numbers of those that attention follows."""
    count = 1 + max(int(found[1]) for key in ours if (found := re.match(r"blocks\.(\d+)\.0\.", key)))
    width = [ours[f"blocks.{k}.0.conv2.weight"].shape[0] for k in range(count)]
    attention = [k for k in range(count) if f"blocks.{k}.1.gamma" in ours]
    return ours["blocks.0.0.conv1.weight"].shape[1], width, attention

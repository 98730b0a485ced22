"""Weights of mimicry (kwotsin/mimicry): the ResNets of DCGAN, WGAN-GP, SNGAN, SSGAN, cGAN-PD, SAGAN, named alike.

Its generators count blocks from 2 (`l1`, `block2`, ...), its discriminators from 1; the head takes the next number.
InfoMax-GAN's discriminator is SNGAN's with two heads more, and blocks in two lists, between which the one head looks.
"""

from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor

from ..ops import power_step

_BLOCK = {"c1": "conv1", "c2": "conv2", "b1": "norm1", "b2": "norm2", "c_sc": "shortcut"}
_HEAD = {"l": "linear", "b": "norm", "c": "conv"}
_SPECTRAL = {"weight_orig": "weight"}        # spectral norm of torch.nn.utils; its weight_u and weight_v are ours
_ATTENTION = "attn_block."
_LOCAL, _GLOBAL = "local_feat_blocks.", "global_feat_blocks."
_BOTTOM = {32: 8, 48: 3, 64: 2, 128: 4}      # side of a discriminator's last map, by image size


def rename(key: str, first_block: int) -> str:
    """The name in `networks.ResNet*` of a weight, in a network whose blocks count from `first_block`."""
    layer, *rest = (_SPECTRAL.get(part, part) for part in key.split("."))
    if layer.startswith("block"):
        part, *rest = rest
        return ".".join(["blocks", str(int(layer.removeprefix("block")) - first_block), _BLOCK[part], *rest])
    return ".".join([_HEAD[layer[0]], *rest])


def rename_two_heads(key: str, second: str = "question") -> str:
    """The name in `networks.TwoHeads` of a weight of SSGAN's discriminator, whose second head is `l_y`.

    In `networks.conditional.ProjectionDiscriminator`, which is cGAN-PD's, the `second` is "embedding".
    """
    if key.startswith("l_y."):
        return key.replace("l_y.", f"{second}.")
    ours = rename(key, first_block=1)
    return f"trunk.{ours}" if ours.startswith("blocks.") else ours.replace("linear.", "head.")


def without_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of SAGAN's network less its attention: those of a ResNet."""
    return {key: value for key, value in state.items() if not key.startswith(_ATTENTION)}


def place_of_attention(state: Mapping[str, Tensor]) -> int:
    """How many blocks come before attention: two in a discriminator, and where all are alike; else its width tells."""
    widths = _widths(convert(without_attention(state)))
    alike = first_block(state) == 1 or len(set(widths)) == 1
    return 2 if alike else widths.index(state[f"{_ATTENTION}o.weight_orig"].shape[0]) + 1


def rename_attending(key: str, first_block: int, place: int) -> str:
    """The name of a weight of SAGAN in a ResNet whose `blocks` have attention put at `place`."""
    if key.startswith(_ATTENTION):
        return f"blocks.{place}.{key.removeprefix(_ATTENTION).replace('weight_orig', 'weight')}"
    ours = rename(key, first_block)
    if ours.startswith("blocks."):
        _, number, *rest = ours.split(".")
        ours = ".".join(["blocks", str(int(number) + (int(number) >= place)), *rest])
    return ours.replace(".bn.", ".norm.")


def convert_attending(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename all weights of SAGAN's network; the embeddings of its norms are cut into gains and biases."""
    first, place = first_block(state), place_of_attention(state)
    return _cut({rename_attending(key, first, place): value for key, value in state.items()})


def convert_conditional(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename all weights of a generator that is told classes, with attention or without, for one of ours."""
    if is_attending(state):
        found = convert_attending(state)
    else:
        found = _cut({key.replace(".bn.", ".norm."): value for key, value in convert(state).items()})
    return {f"network.{key}": value for key, value in found.items()}


def convert_judge(state: Mapping[str, Tensor], second: str) -> dict[str, Tensor]:
    """Rename all weights of a discriminator with `l_y`, which is `second` in ours."""
    place, found = place_of_attention(state) if is_attending(state) else 0, {}
    for key, value in state.items():
        layer, _, kind = key.rpartition(".")
        if kind == "sn_u":
            # Their own spectral norm takes a step of the power method in evaluation too, and forgets it.
            u, v = power_step(state[f"{layer}.weight"], value[0])
            name = rename_two_heads(f"{layer}.weight", second)
            found |= {f"{name}_u": u, f"{name}_v": v}
        elif place and key.startswith(("block", _ATTENTION)):
            found[f"trunk.{rename_attending(key, 1, place)}"] = value
        elif kind != "sn_sigma":
            found[rename_two_heads(key, second).replace("weight_orig", "weight")] = value
    return found


def is_attending(state: Mapping[str, Tensor]) -> bool:
    """Whether these are weights of SAGAN's network."""
    return f"{_ATTENTION}gamma" in state


def _cut(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights with gain and bias of each class apart, which are side by side in theirs."""
    for key in [key for key in found if key.endswith(".embed.weight")]:
        norm = key.removesuffix("embed.weight")
        found[f"{norm}weight"], found[f"{norm}bias"] = found.pop(key).chunk(2, 1)
    return found


def is_informed(state: Mapping[str, Tensor]) -> bool:
    """Whether these are weights of InfoMax-GAN's discriminator."""
    return f"{_LOCAL}0.c1.bias" in state and "linear.bias" in state


def heads_of_information(state: Mapping[str, Tensor]) -> list[str]:
    """Keys of the heads of InfoMax-GAN that look for what local and global features have in common."""
    return [key for key in state if key.startswith(("local_nrkhs_", "global_nrkhs_"))]


def uninformed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of InfoMax-GAN's discriminator without these heads, named as SNGAN's."""
    heads, found = {*heads_of_information(state)}, {}
    local = len({key.split(".")[1] for key in state if key.startswith(_LOCAL)})
    blocks = local + len({key.split(".")[1] for key in state if key.startswith(_GLOBAL)})
    for key, value in state.items():
        name, number, rest = [*key.split(".", 2), ""][:3]
        if f"{name}." in (_LOCAL, _GLOBAL):
            found[f"block{int(number) + (1 if f'{name}.' == _LOCAL else local + 1)}.{rest}"] = value
        elif key not in heads:
            found[key.replace("linear.", f"l{blocks + 1}.")] = value
    return found


def first_block(state: Mapping[str, Tensor]) -> int:
    """1 for the weights of a discriminator, 2 for those of a generator."""
    return 1 if "block1.c1.bias" in state else 2


def convert(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename all weights of one network, as `networks.ResNetGenerator` or `ResNetDiscriminator` loads them."""
    first = first_block(state)
    return {rename(key, first): value for key, value in state.items()}


def generator_settings(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The arguments of `networks.ResNetGenerator` that these weights were made with."""
    ours = convert(state)
    widths = [ours["blocks.0.conv1.weight"].shape[1], *_widths(ours)]
    features, z_dim = ours["linear.weight"].shape
    bottom = isqrt(features // widths[0])
    return {"z_dim": z_dim, "image_size": bottom << (len(widths) - 1), "channels": ours["conv.weight"].shape[0],
            "width": widths, "up": "bilinear", "bottom": bottom}


def discriminator_settings(state: Mapping[str, Tensor], image_size: int) -> dict[str, Any]:
    """The arguments of `networks.ResNetDiscriminator`, but for `pool`, that these weights were made with.

    They are the same at every image size, 32, 48, 64 or 128 (else KeyError). An in-place ReLU feeds the shortcuts too.
    """
    ours = convert(state)
    return {"image_size": image_size, "channels": ours["blocks.0.conv1.weight"].shape[1], "width": _widths(ours),
            "activate": "before", "bottom": _BOTTOM[image_size]}


def conditional_settings(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The arguments of `networks.ConditionalResNetGenerator` that these weights were made with."""
    return generator_settings(without_attention(state)) | _told(state, len(state["block2.b1.embed.weight"]))


def judge_settings(state: Mapping[str, Tensor], image_size: int) -> dict[str, Any]:
    """The arguments of `networks.ProjectionResNetDiscriminator`; `classes` are answers in SSGAN's."""
    trunk = {key: value for key, value in state.items() if key.startswith("block")}
    classes = len(state["l_y.weight" if "l_y.weight" in state else "l_y.weight_orig"])
    return discriminator_settings(trunk, image_size) | {"pool": "sum"} | _told(state, classes)


def _told(state: Mapping[str, Tensor], classes: int) -> dict[str, Any]:
    return {"classes": classes} | ({"attention": place_of_attention(state)} if is_attending(state) else {})


def _widths(ours: Mapping[str, Tensor]) -> list[int]:
    """Channels after each block."""
    count = 1 + max(int(key.split(".")[1]) for key in ours if key.startswith("blocks."))
    return [ours[f"blocks.{k}.conv2.weight"].shape[0] for k in range(count)]

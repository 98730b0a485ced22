"""Weights of BigGAN and BigGAN-deep (ajbrock/BigGAN-PyTorch), whose keys are ours: sizes are read from shapes."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor

from ..networks.biggan import widths_up

State = Mapping[str, Tensor]


def is_generator(state: State) -> bool:
    """Whether these are the weights of a generator, and not of a discriminator."""
    return "output_layer.0.gain" in state


def is_deep(state: State) -> bool:
    """Whether these are the weights of a BigGAN-deep."""
    return "blocks.0.0.conv4.weight" in state


def is_normalized(state: State) -> bool:
    """Whether the layers have spectral norm."""
    return "linear.u0" in state


def settings(state: State) -> dict[str, Any]:
    """The arguments of the network in `networks.biggan`, or `networks.biggan_deep`, that these weights were made with.

    A discriminator's images are those that the authors' tables are for: its blocks tell how often they are halved.
    """
    return _generator(state) if is_generator(state) else _discriminator(state)


def _generator(state: State) -> dict[str, Any]:
    blocks, last = _blocks(state), "conv4" if is_deep(state) else "conv2"
    inputs = [state[f"blocks.{k}.0.conv1.weight"].shape[1] for k in range(blocks)]
    octaves = _octaves([*inputs, state[f"blocks.{blocks - 1}.0.{last}.weight"].shape[0]]) if is_deep(state) else blocks
    depth = blocks // octaves
    width = [*inputs[::depth], state[f"blocks.{blocks - 1}.0.{last}.weight"].shape[0]]
    side = isqrt(state["linear.weight"].shape[0] // width[0]) << octaves
    found = {"image_size": (side, side), "channels": state["output_layer.2.weight"].shape[0], "width": width,
             "attention": _attention(state), "standing": "output_layer.0.bn.stored_mean" in state,
             **_conditions(state, octaves)}
    return found | ({"depth": depth} if is_deep(state) else {})


def _discriminator(state: State) -> dict[str, Any]:
    blocks, deep = _blocks(state), is_deep(state)
    last = "conv4" if deep else "conv2"
    width = [state[f"blocks.{k}.0.{last}.weight"].shape[0] for k in range(blocks)]
    first = state["input_conv.weight" if deep else "blocks.0.0.conv1.weight"]
    side = 4 << (blocks if deep else blocks - 1)
    depth = _count(state, lambda k: f"blocks.0.{k}.conv1.weight")
    found = {"image_size": (side, side), "channels": first.shape[1], "classes": state["embed.weight"].shape[0],
             "width": [first.shape[0], *width] if deep else width,
             "attention": [k for k in range(blocks) if any(f"blocks.{k}.{j}.gamma" in state for j in (1, depth))]}
    hidden = [state[f"blocks.{k}.0.conv1.weight"].shape[0] for k in range(blocks)]
    return found | ({"depth": depth} if deep else {"hidden": hidden})


def _conditions(state: State, octaves: int) -> dict[str, Any]:
    """Classes, embedding and the parts of z: from the first layer, and from what the norms are told."""
    inputs, told = state["linear.weight"].shape[1], state["blocks.0.0.bn1.gain.weight"].shape
    if "shared.weight" not in state:
        return {"classes": told[0], "shared": 0, "hierarchical": False, "z_dim": inputs}
    classes, shared = state["shared.weight"].shape
    found = {"classes": classes, "shared": shared, "hierarchical": told[1] > shared}
    if is_deep(state):
        return found | {"z_dim": inputs - shared if told[1] > shared else inputs}
    return found | {"z_dim": inputs * (octaves + 1) if told[1] > shared else inputs}


def _octaves(maps: list[int]) -> int:
    """How many octaves blocks have whose maps, before and after each, are these: those whose table has such widths."""
    blocks = len(maps) - 1
    # Where all are alike, any number fits: 3 first, as in the network for 32 pixels, the only one that has such.
    for octaves in (3, *range(4, blocks + 1), 2, 1):
        depth = blocks // octaves
        table = widths_up(octaves, maps[0] // (16 if octaves > 3 else 4))
        if blocks % octaves == 0 and maps[::depth] == table:
            return octaves
    raise ValueError(f"no BigGAN-deep has blocks of {', '.join(map(str, maps))} channels")


def _attention(state: State) -> list[int]:
    """Numbers of the blocks that attention follows."""
    return [k for k in range(_blocks(state)) if f"blocks.{k}.1.gamma" in state]


def _blocks(state: State) -> int:
    return _count(state, lambda k: f"blocks.{k}.0.conv1.weight")


def _count(state: State, key: Any) -> int:
    """How many of key(0), key(1), ... there are."""
    number = 0
    while key(number) in state:
        number += 1
    return number

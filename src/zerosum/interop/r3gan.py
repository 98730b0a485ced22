"""Weights of R3GAN (brownvc/R3GAN), of its networks as they are pickled: keys begin with `Model.`."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

# A biased activation of theirs is a convolution with a bias of ours, followed by a plain one.
_RULES = tuple((re.compile(pattern), new) for pattern, new in (
    (r"^Model\.", ""), (r"^MainLayers\.(\d+)\.Layers\.", r"stages.\1."), (r"^ExtractionLayer\.", "from_image."),
    (r"^AggregationLayer\.", "to_image."), (r"^EmbeddingLayer\.", "embed."), (r"LinearLayer(\d)\.", r"conv\1."),
    (r"NonLinearity(\d)\.Bias", r"conv\1.bias"), (r"LinearLayer\.Layer\.", "conv."), (r"LinearLayer\.", "linear."),
    (r"\.Basis", ".basis"), (r"\.Layer\.", ".")))


def rename(key: str) -> str:
    """The name in `networks.R3GAN*` of a weight."""
    for pattern, new in _RULES:
        key = pattern.sub(new, key)
    return key


def convert(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename all weights of one network, as `networks.R3GANGenerator` or `R3GANDiscriminator` loads them."""
    return {rename(key): value for key, value in state.items() if not key.endswith("Resampler.Kernel")}


def settings(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The arguments of `networks.R3GANGenerator` or `R3GANDiscriminator` that these weights were made with."""
    ours = convert(state)
    first = {int(key.split(".")[1]): value for key, value in ours.items() if key.endswith("conv1.weight")}
    widths = [first[stage].shape[1] for stage in sorted(first)]
    blocks = [sum(key.startswith(f"stages.{stage}.") and key.endswith("conv1.weight") for key in ours)
              for stage in sorted(first)]
    inside, group, *_ = next(value for key, value in ours.items() if key.endswith("conv2.weight")).shape
    embedding, classes = ours["embed.weight"].shape if "embed.weight" in ours else (0, 0)
    basis = next(value for key, value in ours.items() if "basis" in key)         # of the smallest maps
    height, width = (side << len(widths) - 1 for side in basis.shape[-2:])
    found = {"expansion": inside // widths[0], "group": group, "classes": classes, "embedding": embedding,
             "image_size": height if height == width else [height, width]}
    if "to_image.weight" not in ours:
        return found | {"width": widths[::-1], "blocks": blocks[::-1], "channels": ours["from_image.weight"].shape[1]}
    return found | {"width": widths, "blocks": blocks, "channels": ours["to_image.weight"].shape[0],
                    "z_dim": ours["stages.0.0.linear.weight"].shape[1] - embedding}

"""How a model begins where it is not as its class builds it: with networks of an imported file, or with layers frozen.

    {"networks": {"generator": {"network": "StyleGAN2Generator", "arguments": {...}, "norm": ""}, ...}, "freeze": 4}

It is part of run.json, so that whoever opens, resumes or exports a run builds the same.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ..core import Model, UsageError

JUDGES = ("discriminator", "critic")


def begun(model: Model, start: Mapping[str, Any]) -> Model:
    """The model with its networks exchanged and layers frozen, as `start` says."""
    if start.get("networks"):
        from ..interop.building import build

        for attribute, how in start["networks"].items():
            setattr(model, attribute, build(how))
    if start.get("freeze"):
        _freeze(model, start["freeze"])
    return model


def _freeze(model: Model, count: int) -> None:
    """Make the parameters of the first layers buffers of the same names, which no player moves."""
    judge = next((getattr(model, name) for name in JUDGES if isinstance(getattr(model, name, None), nn.Module)), None)
    if judge is None:
        raise UsageError(f"{model.name} has no discriminator whose layers could be frozen")
    layers = [layer for layer in judge.modules() if next(layer.parameters(recurse=False), None) is not None]
    if not 0 < count < len(layers):
        raise UsageError(f"freeze must lie between 1 and {len(layers) - 1}, as this discriminator has {len(layers)} "
                         f"layers, not {count}")
    for layer in layers[:count]:
        for name, parameter in list(layer.named_parameters(recurse=False)):
            delattr(layer, name)
            layer.register_buffer(name, parameter.detach())

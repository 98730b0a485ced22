"""Networks that stand still: part of a model and of its checkpoints, but of no player."""

import copy

from torch import nn


def frozen(module: nn.Module) -> nn.Module:
    """A copy of a module whose parameters are buffers under the same names: saved, moved to devices, never trained."""
    still = copy.deepcopy(module)
    for layer in still.modules():
        for name, parameter in list(layer.named_parameters(recurse=False)):
            delattr(layer, name)
            layer.register_buffer(name, parameter.detach())
    return still

"""Activations by name."""

from collections.abc import Callable

from torch import nn

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),          # the slope of DCGAN (1511.06434, Sec. 4)
    "elu": nn.ELU,
    "selu": nn.SELU,
    "prelu": nn.PReLU,                                # one slope for all channels, learned from 0.25
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(dim=1),             # over units, or channels
    "tanh": nn.Tanh,
    "none": nn.Identity,
}


def make_activation(name: str) -> nn.Module:
    """Make the activation of this name; raises ValueError, listing all names, if there is none."""
    if name not in _ACTIVATIONS:
        raise ValueError(f"unknown activation '{name}'; there is: {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[name]()

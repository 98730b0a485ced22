"""Initialisers: each sets every layer below a module, weights as its name says and biases to zero."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d)
_LINEAR = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def init_normal(module: nn.Module, std: float = 0.02) -> None:
    """Weights from N(0, std), gains of normalizations from N(1, std) (DCGAN, 1511.06434, Sec. 4, and its code)."""
    _init(module, lambda weight: nn.init.normal_(weight, 0.0, std))
    for layer in module.modules():
        if isinstance(layer, _NORMS) and layer.weight is not None:
            nn.init.normal_(layer.weight, 1.0, std)


def init_uniform(module: nn.Module, limit: float) -> None:
    """Weights from U(-limit, limit) (`irange` in the code of 1406.2661)."""
    _init(module, lambda weight: nn.init.uniform_(weight, -limit, limit))


def init_orthogonal(module: nn.Module, gain: float = 1.0) -> None:
    """Weights as orthogonal matrices times gain (Saxe et al., 1312.6120)."""
    _init(module, lambda weight: nn.init.orthogonal_(weight, gain))


def init_glorot(module: nn.Module) -> None:
    """Weights from U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010; the default of Keras)."""
    _init(module, nn.init.xavier_uniform_)


def init_he(module: nn.Module) -> None:
    """Weights from N(0, 2 / fan_in) (He et al., 1502.01852, Eq. 10)."""
    _init(module, partial(nn.init.kaiming_normal_, nonlinearity="relu"))


INITS: dict[str, Callable[[nn.Module], None]] = {
    "normal": init_normal, "xavier": init_glorot, "kaiming": init_he, "orthogonal": init_orthogonal,
    "default": lambda module: None,          # as PyTorch starts them
}


@torch.no_grad()
def _init(module: nn.Module, fill: Callable[[Tensor], Tensor]) -> None:
    for layer in module.modules():
        if isinstance(layer, _LINEAR):
            fill(layer.weight)
        if isinstance(layer, _LINEAR + _NORMS) and layer.bias is not None:
            layer.bias.zero_()

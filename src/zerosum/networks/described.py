"""Networks from a description: a list of layers by name, each with its options, as it stands in a file of the user.

    {"layer": "conv", "channels": 64, "size": 4, "stride": 2, "activation": "leaky-relu"}

Sizes of inputs are never given: each layer is built for the shape that the ones before it make.
"""

import inspect
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..layers import INITS, make_activation

Shape = tuple[int, ...]                      # of one sample
Layer = Mapping[str, Any]


class Merge(nn.Module):
    """Runs branches side by side on one input and joins what they make: next to each other, or added."""

    def __init__(self, branches: Sequence[nn.Module], how: str):
        super().__init__()
        self.branches, self.how = nn.ModuleList(branches), how

    def forward(self, x: Tensor) -> Tensor:
        made = [branch(x) for branch in self.branches]
        return torch.cat(made, dim=1) if self.how == "concat" else torch.stack(made).sum(0)


class Recurrent(nn.Module):
    """An LSTM or GRU over sequences (N, T, D): all of its outputs (N, T, units), or the last one (N, units)."""

    def __init__(self, kind: type[nn.RNNBase], width: int, units: int, sequence: bool):
        super().__init__()
        self.cell, self.sequence = kind(width, units, batch_first=True), sequence

    def forward(self, x: Tensor) -> Tensor:
        out = self.cell(x)[0]
        return out if self.sequence else out[:, -1]


def dense(shape: Shape, units: int, bias: bool = True) -> nn.Module:
    if len(shape) == 3:
        raise ValueError("maps must be flattened first: put {layer = \"flatten\"} before it")
    return nn.Linear(shape[-1], units, bias)


def conv(shape: Shape, channels: int, size: int = 3, stride: int = 1, *, padding: int | None = None,
         bias: bool = True) -> nn.Module:
    # No padding given: half the kernel, which keeps the size at stride 1 and halves an even one at stride 2.
    return nn.Conv2d(shape[0], channels, size, stride, (size - 1) // 2 if padding is None else padding, bias=bias)


def transposed_conv(shape: Shape, channels: int, size: int = 4, stride: int = 2, *, padding: int = 1,
                    bias: bool = True) -> nn.Module:
    return nn.ConvTranspose2d(shape[0], channels, size, stride, padding, bias=bias)


def layer_norm(shape: Shape) -> nn.Module:
    return nn.LayerNorm(shape)


def batch_norm(shape: Shape) -> nn.Module:
    return nn.BatchNorm2d(shape[0]) if len(shape) == 3 else nn.BatchNorm1d(shape[0])


def merge(shape: Shape, branches: Sequence[Sequence[Layer]], how: str = "concat") -> nn.Module:
    if how not in ("concat", "add"):
        raise ValueError(f"merge knows concat and add, not '{how}'")
    return Merge([build_layers(branch, shape)[0] for branch in branches], how)


def recurrent(kind: type[nn.RNNBase]) -> Callable[..., nn.Module]:
    def make(shape: Shape, units: int, sequence: bool = False) -> nn.Module:
        return Recurrent(kind, shape[-1], units, sequence)
    return make


LAYERS: dict[str, Callable[..., nn.Module]] = {
    "dense": dense,
    "conv": conv,
    "transposed-conv": transposed_conv,
    "upsample": lambda shape, scale=2: nn.Upsample(scale_factor=scale),
    "max-pool": lambda shape, size=2: nn.MaxPool2d(size),
    "average-pool": lambda shape, size=2: nn.AvgPool2d(size),
    "activation": lambda shape, name: make_activation(name),
    "batch-norm": batch_norm,
    "layer-norm": layer_norm,
    "dropout": lambda shape, rate=0.5: nn.Dropout(rate),
    "flatten": lambda shape: nn.Flatten(),
    "reshape": lambda shape, to: nn.Sequential(nn.Flatten(), nn.Unflatten(1, tuple(to))),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "embedding": lambda shape, count, width: nn.Embedding(count, width),
    "merge": merge,
}


def build_layers(description: Sequence[Layer], shape: Shape, init: str = "default") -> tuple[nn.Sequential, Shape]:
    """Build described layers for samples of `shape`; returns them with the shape that they make.

    Any layer may name its `activation`. Raises ValueError, with the number of the layer, for what cannot be built.
    """
    if init not in INITS:
        raise ValueError(f"unknown init '{init}'; there is: {', '.join(INITS)}")
    network = nn.Sequential()
    for number, options in enumerate(description, 1):
        name = options.get("layer", "")
        try:
            shape = _add(network, dict(options), shape)
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            said = str(error).splitlines()[0]
            raise ValueError(f"layer {number}, {name or 'without a name'}, after {_times(shape)}: {said}") from None
    INITS[init](network)
    return network, shape


def _add(network: nn.Sequential, options: dict[str, Any], shape: Shape) -> Shape:
    """Append one layer, with its activation; returns the shape that it makes."""
    name, activation = options.pop("layer", None), options.pop("activation", None)
    if name not in LAYERS:
        raise ValueError(f"unknown layer '{name}'; there is: {', '.join(LAYERS)}")
    known = list(inspect.signature(LAYERS[name]).parameters)[1:]
    if surplus := options.keys() - set(known):
        raise ValueError(f"{name} has no option '{min(surplus)}'; it has: {', '.join(known) or 'none'}")
    layer = LAYERS[name](shape, **options)
    with torch.no_grad():                    # what one sample becomes; evaluation needs no second one for statistics
        empty = torch.zeros((1, *shape), dtype=torch.int64 if name == "embedding" else torch.float32)
        made = layer.eval()(empty)
    network.append(layer.train())
    if activation is not None:
        network.append(make_activation(activation))
    return tuple(made.shape[1:])


class DescribedGenerator(nn.Sequential):
    """z (N, z_dim) -> samples, by a description; ValueError if it makes another shape than the data's."""

    def __init__(self, description: Mapping[str, Any], z_dim: int, shape: Shape):
        network, made = build_layers(description["layers"], (z_dim,), description.get("init", "default"))
        if made != tuple(shape):
            raise ValueError(f"the described generator makes {_times(made)}, and the data is {_times(shape)}")
        super().__init__(*network)


class DescribedDiscriminator(nn.Sequential):
    """Samples -> scores (N,), float32, by a description; ValueError if it makes more than one score."""

    def __init__(self, description: Mapping[str, Any], shape: Shape):
        network, made = build_layers(description["layers"], tuple(shape), description.get("init", "default"))
        if made != (1,):
            raise ValueError(f"the described discriminator must end in one score, and makes {_times(made)}")
        super().__init__(*network)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten().float()


def described_pair(description: str, z_dim: int, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator by what `read_description` returned; ValueError if they do not fit the data."""
    found = json.loads(description)
    return DescribedGenerator(found["generator"], z_dim, shape), DescribedDiscriminator(found["discriminator"], shape)


def read_description(path: Path) -> str:
    """A TOML file with the tables [generator] and [discriminator] as JSON; ValueError says what is wrong with it."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"cannot read the networks of {path}: {error}") from None
    for player in ("generator", "discriminator"):
        if not isinstance(found.get(player), dict) or not isinstance(found[player].get("layers"), list):
            raise ValueError(f"{path} describes no {player}: it needs a table [{player}] with a list named layers")
    return json.dumps(found)


def _times(shape: Shape) -> str:
    return "x".join(map(str, shape))

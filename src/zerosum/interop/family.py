"""What is known of the networks of one project: which weights are theirs, how ours is built, how keys are renamed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .states import Network

State = Mapping[str, Tensor]
Settings = dict[str, dict[str, Any]]         # arguments of the networks, by attribute of the model

NVIDIA = "NVIDIA Source Code License: research and evaluation only, not for commercial use"
CC_BY_NC = "Creative Commons BY-NC 4.0: with attribution, not for commercial use"
MIT = "MIT, of the code; its weights may have terms of their own"


@dataclass(frozen=True)
class Part:
    """One network of a family, and the attribute of the model that it becomes."""

    attribute: str
    network: str                             # a key of `building.NETWORKS`
    fits: Callable[[State], bool]
    settings: Callable[[State, dict[str, Any]], dict[str, Any]]      # of what the file says, and `image_size`
    convert: Callable[[Network], Mapping[str, Tensor]] = lambda network: network.state
    norm: Callable[[State], str] = lambda state: ""           # a key of `building.NORMS`
    dropped: Callable[[State], list[str]] = lambda state: []  # keys that `convert` leaves out, as ours has no place


@dataclass(frozen=True)
class Family:
    """What one project calls its networks; `config` makes settings of a model of ours of the arguments of the parts."""

    name: str
    model: str
    licence: str
    parts: tuple[Part, ...]
    config: Callable[[Settings], dict[str, Any]]
    classes: Callable[[dict[str, Any]], int] = lambda generator: 0   # of the generator's arguments

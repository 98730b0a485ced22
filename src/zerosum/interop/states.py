"""Finds the networks in what a file holds: state dicts, pickled modules, and pickled networks of TensorFlow."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..core import ZerosumError
from .allowed import PERSISTENCE
from .files import Contents
from .pickles import MOST_COPIED, Record
from .tensors import is_tensor

DEEPEST, MOST_VISITS = 64, 1_000_000


@dataclass
class Network:
    """The weights of one network: where they were in the file, and what the file says of its class."""

    place: str                               # such as G_ema; "" where they are all that the file holds
    state: dict[str, Tensor]
    kind: str = ""                           # name of the class
    arguments: dict[str, Any] = field(default_factory=dict)   # of its constructor
    source: str = ""                         # Python source that came with it: text, which is never run
    beside: dict[str, Tensor] = field(default_factory=dict)   # tensors that were beside its state dict
    built: dict[str, Any] = field(default_factory=dict)       # arguments of our network, in a file that zerosum wrote


def networks_in(contents: Contents) -> list[Network]:
    """All networks of a file, in the order of the file; raises ZerosumError where references never end."""
    exported = contents.notes.get("networks")
    return _Search(contents).found if exported is None else _exported(contents.root, exported)


def _exported(tensors: dict[str, Tensor], notes: str) -> list[Network]:
    """The networks in a file that `zerosum export` wrote: their names come before those of the weights."""
    states: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        place, _, name = key.partition(".")
        states.setdefault(place, {})[name] = value
    try:
        built = json.loads(notes)
        return [Network(place, state, built=dict(built.get(place, {}))) for place, state in states.items()]
    except (ValueError, TypeError, AttributeError):
        raise ZerosumError("this file's note on its networks is damaged") from None


class _Search:
    """One walk over the contents, which counts what it meets: a file can refer to one thing any number of times."""

    def __init__(self, contents: Contents):
        self.contents, self.visits, self.bytes = contents, 0, MOST_COPIED * contents.size + 2**20
        self.found: list[Network] = []
        self.walk(contents.root, "", 0)

    def visit(self, depth: int) -> None:
        self.visits += 1
        if depth > DEEPEST or self.visits > MOST_VISITS:
            raise ZerosumError("this file is nested too deeply, or refers to one thing again and again: it is refused")

    def tensor(self, value: Any) -> Tensor:
        made = self.contents.tensor(value)
        self.bytes -= made.nbytes
        if self.bytes < 0:
            raise ZerosumError("this file refers to its tensors more often than weights do: it is refused")
        return made

    def walk(self, value: Any, place: str, depth: int) -> None:
        self.visit(depth)
        if is_tensor(value):
            return
        inside, variables = module_state(value), tensorflow_state(value)
        if inside is not None:
            self.found.append(self.of_module(value, inside, place))
        elif variables is not None:
            self.found.append(self.of_tensorflow(variables, place))
        elif isinstance(value, Record):
            self.walk(value.items, place, depth + 1)
        elif isinstance(value, dict) and not {"state", "param_groups"} <= value.keys():      # of an optimizer
            self.walk_dict(value, place, depth)
        elif isinstance(value, (list, tuple)):
            for number, each in enumerate(value):
                self.walk(each, f"{place}.{number}".lstrip("."), depth + 1)

    def walk_dict(self, value: dict, place: str, depth: int) -> None:
        """Names of weights are words with dots, or several: `latent_avg` beside state dicts is none of them."""
        weights = {key: each for key, each in value.items() if isinstance(key, str) and is_tensor(each)}
        inner = [(key, each) for key, each in value.items() if not is_tensor(each)]
        if any("." in key for key in weights) or (weights and not inner):
            self.found.append(Network(place, {key: self.tensor(each) for key, each in weights.items()}))
            return
        first = len(self.found)
        for key, each in inner:
            self.walk(each, f"{place}.{key}".lstrip("."), depth + 1)
        if weights and len(self.found) > first:
            beside = {key: self.tensor(each) for key, each in weights.items()}
            for network in self.found[first:]:
                network.beside = beside | network.beside

    def of_module(self, value: Record, inside: dict, place: str) -> Network:
        state = dict(self.weights(inside, "", 0))
        meta = value.args[0] if value.args and isinstance(value.args[0], dict) else {}
        source, kind = meta.get("module_src", ""), meta.get("class_name", value.name.rpartition(".")[2])
        return Network(place, state, str(kind) if isinstance(kind, str) else "",
                       self.plain(inside.get("_init_kwargs", {}), 0), source if isinstance(source, str) else "")

    def of_tensorflow(self, inside: dict, place: str) -> Network:
        """NVIDIA's network of TensorFlow, which says its own name: Gs is the average of G."""
        name, kind, source = (inside.get(key) for key in ("name", "build_func_name", "build_module_src"))
        arguments = self.plain(inside.get("static_kwargs"), 0)
        if not (isinstance(name, str) and isinstance(arguments, dict)):
            raise ZerosumError(f"the network of TensorFlow at {place or 'the top'} has no name, or no arguments: this "
                               "file is damaged")
        return Network(name, dict(self.variables(inside, "", 0)), kind.rpartition(".")[2], arguments,
                       source if isinstance(source, str) else "")

    def variables(self, inside: dict, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        """Variables of a network, and of its components below their names."""
        self.visit(depth)
        for pair in inside["variables"]:
            if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and is_tensor(pair[1])):
                raise ZerosumError("a network of TensorFlow in this file has a variable that is none: it is damaged")
            yield f"{prefix}{pair[0]}", self.tensor(pair[1])
        for _, component in _items(inside.get("components")):
            below = tensorflow_state(component)
            if below is not None and isinstance(below.get("name"), str):
                yield from self.variables(below, f"{prefix}{below['name']}/", depth + 1)

    def weights(self, inside: dict, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers as `state_dict` names them."""
        self.visit(depth)
        hidden = inside.get("_non_persistent_buffers_set", ())
        for group in ("_parameters", "_buffers"):
            for key, value in _items(inside.get(group)):
                if is_tensor(value) and not (group == "_buffers" and key in hidden):
                    yield f"{prefix}{key}", self.tensor(value)
        for key, value in _items(inside.get("_modules")):
            below = module_state(value)
            if below is not None:
                yield from self.weights(below, f"{prefix}{key}.", depth + 1)

    def plain(self, value: Any, depth: int) -> Any:
        """Arguments as numbers, words, lists and dicts; what is none of these is left out."""
        self.visit(depth)
        if isinstance(value, Record):
            value = value.items
        if isinstance(value, dict):
            return {key: self.plain(each, depth + 1) for key, each in value.items() if isinstance(key, str)}
        if isinstance(value, (list, tuple)):
            return [self.plain(each, depth + 1) for each in value]
        return value if isinstance(value, (bool, int, float, str)) else None


def module_state(value: Any) -> dict | None:
    """The state of a pickled `torch.nn.Module`; None for anything else."""
    if not isinstance(value, Record):
        return None
    state = value.state
    if value.name.endswith(f".{PERSISTENCE}") and value.args and isinstance(value.args[0], dict):
        state = value.args[0].get("state")
    return state if isinstance(state, dict) and {"_parameters", "_modules"} <= state.keys() else None


def tensorflow_state(value: Any) -> dict | None:
    """The state of a pickled `dnnlib.tflib.Network`, of the days of TensorFlow; None for anything else."""
    state = value.state if isinstance(value, Record) and value.name.endswith(".Network") else None
    known = isinstance(state, dict) and isinstance(state.get("variables"), list) and isinstance(
        state.get("build_func_name"), str)
    return state if known else None


def _items(group: Any) -> list[tuple[str, Any]]:
    found = group.items() if isinstance(group, dict) else ()
    return [(key, value) for key, value in found if isinstance(key, str)]

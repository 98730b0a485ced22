"""Files as other projects write them: both formats of PyTorch, and pickled networks that carry their source."""

import io
import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

SOURCE = "import torch\nraise SystemExit('the source of a pickled network was run')\n"


class EasyDict(dict):
    """What NVIDIA's `dnnlib.EasyDict` pickles as."""


@contextmanager
def persistence() -> Iterator[Any]:
    """The modules that NVIDIA's networks name, for as long as a file is written; yields the function they call."""
    def _reconstruct_persistent_obj(meta: dict) -> Any:
        raise AssertionError("a pickled network was made")

    places = {"torch_utils.persistence": _reconstruct_persistent_obj, "dnnlib.util": EasyDict}
    packages = [name.split(".")[0] for name in places]
    for name, what in places.items():
        module = types.ModuleType(name)
        setattr(module, what.__name__, what)
        what.__module__, what.__qualname__ = name, what.__name__
        sys.modules[name] = module
        sys.modules[name.split(".")[0]] = types.ModuleType(name.split(".")[0])
    try:
        yield _reconstruct_persistent_obj
    finally:
        for name in [*places, *packages]:
            sys.modules.pop(name, None)


class _Persistent:
    """Pickles as version 6 of the persistence protocol writes a module."""

    def __init__(self, state: dict, kind: str, call: Any):
        self.state, self.kind, self.call = state, kind, call

    def __reduce__(self) -> tuple:
        meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": self.kind, "state": self.state}
        return self.call, (meta,), None


def persistent(state: dict[str, torch.Tensor], kind: str, call: Any, **arguments: Any) -> _Persistent:
    """A tree of modules with these weights, each pickled with its source; names with dots are modules in modules."""
    own = {key: value for key, value in state.items() if "." not in key}
    below = sorted({key.split(".")[0] for key in state} - own.keys())
    inner = {name: persistent({key.removeprefix(f"{name}."): value for key, value in state.items()
                               if key.startswith(f"{name}.")}, "Layer", call) for name in below}
    return _Persistent({
        "training": False, "_parameters": {key: nn.Parameter(value) for key, value in own.items()
                                           if value.is_floating_point()},
        "_buffers": {key: value for key, value in own.items() if not value.is_floating_point()},
        "_non_persistent_buffers_set": set(), "_backward_hooks": {}, "_modules": inner, "_init_args": (),
        "_init_kwargs": EasyDict(arguments)}, kind, call)


def network_pickle(networks: dict[str, tuple[dict[str, torch.Tensor], str, dict]], protocol: int = 4) -> bytes:
    """A network pickle of NVIDIA: names to weights, name of the class and arguments of its constructor."""
    with persistence() as call:
        content = {name: persistent(state, kind, call, **arguments)
                   for name, (state, kind, arguments) in networks.items()}
        return pickle.dumps(content | {"training_set_kwargs": EasyDict(path="data.zip"), "augment_pipe": None},
                            protocol=protocol)


def saved(value: Any, *, new: bool = True) -> bytes:
    """What `torch.save` writes, now or before 1.6."""
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


class Network:
    """What NVIDIA's `dnnlib.tflib.Network`, of the days of TensorFlow, pickles as."""

    def __init__(self, name: str, kind: str, variables: dict[str, torch.Tensor], *components: "Network",
                 **arguments: Any):
        arrays = [(key, value.numpy() if value.dim() else value.numpy()[()]) for key, value in variables.items()]
        self.state = {"version": 3, "name": name, "static_kwargs": arguments, "components": {
            part.state["name"].removeprefix("G_"): part for part in components}, "build_module_src": SOURCE,
            "build_func_name": kind, "variables": arrays}

    def __getstate__(self) -> dict:
        return self.state


def tensorflow_pickle(content: Any, module: str = "dnnlib.tflib.network", protocol: int = 4) -> bytes:
    """A pickle of networks, or of what has some in it, whose class is said to lie in this module."""
    parts = module.split(".")
    names = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    before = Network.__module__
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    sys.modules[module].Network, Network.__module__ = Network, module
    try:
        return pickle.dumps(content, protocol=protocol)
    finally:
        Network.__module__ = before
        for name in names:
            sys.modules.pop(name)

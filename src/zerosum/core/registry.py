"""The registry: systems by name, imported only when they are asked for."""

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from .errors import UsageError, unknown
from .meanings import meant

if TYPE_CHECKING:
    from .model import Model

M = TypeVar("M", bound="type[Model]")

_modules: dict[str, str] = {}                # command-line name -> module that will register it
_classes: dict[str, "type[Model]"] = {}


def discover(package: ModuleType) -> None:
    """Note every system below `package`, importing none: `models/FAMILY/wgan_gp.py` will register `wgan-gp`."""
    for family in sorted(path for root in package.__path__ for path in Path(root).iterdir() if path.is_dir()):
        for module in pkgutil.iter_modules([str(family)]):
            if not module.name.startswith("_"):
                _modules[module.name.replace("_", "-")] = f"{package.__name__}.{family.name}.{module.name}"


def register(cls: M) -> M:
    """Register a model class under the name of the file that defines it, with hyphens for underscores."""
    path = Path(inspect.getfile(cls))
    name = path.stem.replace("_", "-")
    taken = _classes.get(name)
    if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
        raise UsageError(f"{path} registers '{name}' a second time ({taken.__module__}.{taken.__qualname__} has it)")
    cls.name, cls.family = name, path.parent.name
    _classes[name] = cls
    return cls


def names() -> list[str]:
    """All known names, sorted."""
    return sorted(_modules.keys() | _classes.keys())


def find(name: str) -> "type[Model]":
    """Return the model class of this name, in any spelling, or of a user's own file (`path/to/my_gan.py`).

    Raises UsageError for an unknown name, with the nearest, and for one that means several systems, with their list.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    if name not in _classes:
        if name not in _modules:
            known = meant(name, names())
            if known is None:
                raise unknown("model", name, names())
            return find(known)
        importlib.import_module(_modules[name])
    return _classes[name]


def find_all() -> Iterable["type[Model]"]:
    """Every registered model class, by name."""
    return [find(name) for name in names()]


def _from_file(path: Path) -> "type[Model]":
    if not path.is_file():
        raise UsageError(f"no such model file: {path}")
    name = path.stem.replace("_", "-")
    spec = importlib.util.spec_from_file_location(f"_own_{path.stem}", path)     # a file random.py hides no other
    assert spec is not None and spec.loader is not None      # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module           # so that its source (help texts) can be read
    if name not in _modules:
        _classes.pop(name, None)
    spec.loader.exec_module(module)
    if name not in _classes or Path(inspect.getfile(_classes[name])).resolve() != path.resolve():
        raise UsageError(f"{path} registers no model: put @register above its class")
    return _classes[name]

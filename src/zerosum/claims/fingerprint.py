"""The fingerprint of a claim: a hash of what its numbers depend on, so that a stored seed is kept only while it holds.

It covers the version, the settings of all sides, and code: every definition of the claim's module, the model classes of
the sides, and whatever these reach by name, from definition to definition, within ROOMS and a user's own model file.
The unit is the function, class or constant, not the file, and it may move; what changes no number (`syntax`) does not
count. Engine, data, metrics, runs, the rest of core (optimizers too) and the frame of the claims are left out on
purpose: their own tests hold them to the same numbers.

A table of code by name, such as OBJECTIVES, counts by the entries that are spoken of, in a setting of a side or in any
text of the code reached: an entry added to it makes no other claim stale. Where it is gone through in a loop, or named
by the claim itself, all of it counts.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from ..core import find
from ..version import __version__
from .claim import Claim
from .syntax import WORD, DottedName, Source, hash_of, read

ROOMS = ("zerosum.models", "zerosum.networks", "zerosum.layers", "zerosum.losses", "zerosum.penalties",
         "zerosum.augment", "zerosum.ops", "zerosum.core.model.LatentModel",
         "zerosum.core.text_model.TextModel", "zerosum.core.style_model.StyleModel", "zerosum.claims")
FRAME = {f"zerosum.claims.{name}" for name in ("claim", "fingerprint", "panels", "syntax", "trial", "verify")}
PLAIN = (bool, int, float, str, bytes, tuple, list, set, dict, type(None))


def fingerprint(model: str, claim: Claim) -> str:
    """A hash of what a measurement depends on: version, settings of all sides, and the code of claim and models."""
    from .trial import settings_of

    settings = json.dumps([__version__, model, settings_of(claim.sides)], sort_keys=True)
    classes = [find(side.model) for side in claim.sides.values()]
    reach = Reach(claim.measure.__module__, {cls.__module__ for cls in classes}, WORD.findall(settings))
    for cls in classes:
        reach.named(cls)
    return hash_of([settings, *reach.lines()], size=8)


def source_of(module: str) -> str:
    """The text of a module, as it is on disk now."""
    return Path(importlib.import_module(module).__file__).read_text(encoding="utf-8")


class Reach:
    """Follows code by name from the definitions of a claim; `words` are those that its settings speak."""

    def __init__(self, claim: str, models: set[str], words: list[str]):
        self.claim, self.own, self.words = claim, {claim, *models}, set(words)
        self.sources: dict[str, Source] = {}
        self.seen: set[tuple[str, str]] = set()
        self.tables: dict[tuple[str, str], bool] = {}         # (module, name) -> whether all of it counts
        self.found: set[str] = set()
        for name in self.source(claim).definitions:
            self.visit(claim, name)

    def lines(self) -> list[str]:
        """One line per definition, per name that it uses, and per entry of a table; sorted."""
        size = -1
        while size < len(self.found):         # an entry may speak of others
            size = len(self.found)
            for table in list(self.tables):
                self.entries(*table)
        return sorted(self.found)

    def entries(self, module: str, name: str) -> None:
        """Take in what counts of a table."""
        for key, value in getattr(sys.modules[module], name).items():
            if self.tables[module, name] or self.words.issuperset(WORD.findall(key)):
                self.found.add(f"{name} {key} {json.dumps(self.value(value))}")

    def source(self, module: str) -> Source:
        if module not in self.sources:
            self.sources[module] = read(source_of(module))
        return self.sources[module]

    def within(self, module: str, name: str) -> bool:
        """Whether a definition counts."""
        inside = any(f"{module}.{name}.".startswith(f"{room}.") for room in ROOMS) and module not in FRAME
        return (inside or module in self.own) and name in self.source(module).definitions

    def visit(self, module: str, name: str, whole: bool = False) -> str:
        """Take a definition in, with all that it reaches; returns what it is, as a short text."""
        if not self.within(module, name):
            # Of the house only the name, since what lies outside ROOMS may move.
            return name if _of_the_house(module) else f"{module}.{name}"
        if _is_table(getattr(sys.modules[module], name, None)):
            self.tables[module, name] = self.tables.get((module, name), False) or whole
            return f"table {name}"
        code = self.source(module).definitions[name]
        if (module, name) not in self.seen:
            self.seen.add((module, name))
            self.words |= code.words
            self.found.add(code.content)
            for path in code.names:
                if (target := self.locate(module, path)) is not None:
                    used = self.visit(*target, whole=module == self.claim or path[0] in code.looped)
                    self.found.add(f"{code.content} {'.'.join(path)} {used}")
        return code.content

    def locate(self, module: str, path: DottedName) -> tuple[str, str] | None:
        """Where a name that the code of `module` uses is defined: (module, name); None for locals and builtins."""
        source = self.source(module)
        if path[0] in source.definitions:
            return module, path[0]
        if path[0] not in source.imports:
            return None
        target, name = source.imports[path[0]]
        target = resolve_name(target, sys.modules[module].__package__)
        if (target, name) == (module, path[0]):               # a package that imports a module of its own
            return None
        rest = (name, *path[1:]) if name else path[1:]
        return self.descend(target, rest) if _of_the_house(target) else (target, name)

    def descend(self, module: str, path: DottedName) -> tuple[str, str]:
        """Where a name of the house is defined, down through modules and on to what they import."""
        for i, name in enumerate(path):
            if not any(f"{room}.".startswith(f"{module}.") or module.startswith(f"{room}.") for room in ROOMS):
                return module, name
            loaded = importlib.import_module(module)
            if (found := self.locate(module, path[i:])) is not None:
                return found
            if not (hasattr(loaded, "__path__") and find_spec(f"{module}.{name}")):
                served = getattr(loaded, name, None)          # by the module's __getattr__
                return (served.__module__, _outermost(served)) if hasattr(served, "__qualname__") else (module, name)
            module = f"{module}.{name}"
        return module, ""

    def named(self, code: Any) -> str:
        """Take in a function or class that exists."""
        name = _outermost(code)
        line = f":{code.__code__.co_firstlineno}" if name == "<lambda>" else ""
        return self.visit(code.__module__ or "", name + line)

    def value(self, value: Any) -> Any:
        """An entry of a table as JSON, its functions and classes taken in."""
        if isinstance(value, partial):
            return [self.value(part) for part in (value.func, value.args, value.keywords)]
        if isinstance(value, Mapping):
            return [[repr(key), self.value(each)] for key, each in value.items()]
        if isinstance(value, tuple | list):
            return [self.value(each) for each in value]
        if isinstance(value, PLAIN):
            return repr(value)
        if hasattr(value, "__qualname__"):
            return [self.named(value), *(self.value(cell.cell_contents)
                                         for cell in getattr(value, "__closure__", None) or ())]
        kind = type(value)
        return [self.named(kind), self.value(vars(value) if self.within(kind.__module__, _outermost(kind)) else None)]


def _outermost(code: Any) -> str:
    return code.__qualname__.split(".")[0]


def _of_the_house(module: str) -> bool:
    return f"{module}.".startswith("zerosum.")


def _is_table(value: Any) -> bool:
    """Whether a constant is code by name; one of numbers and texts counts as it is written."""
    return (isinstance(value, dict) and bool(value) and all(isinstance(key, str) for key in value)
            and not any(isinstance(each, PLAIN) for each in value.values()))

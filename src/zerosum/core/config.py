"""Settings: frozen dataclasses whose fields become flags, forms and documentation."""

import ast
import dataclasses
import inspect
import math
import textwrap
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args, get_origin

from .errors import UsageError, unknown


@dataclasses.dataclass(frozen=True)
class Setting:
    """One field of a configuration: its name, type, default and the comment that stands behind it."""

    name: str
    type: Any
    default: Any
    help: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def choices(self) -> tuple | None:
        return get_args(self.type) if get_origin(self.type) is Literal else None

    @property
    def type_name(self) -> str:
        """The type as a reader would write it: `int`, `float,float`, `a|b`."""
        if self.choices:
            return "|".join(str(c) for c in self.choices)
        if get_origin(self.type) is tuple:
            parts = get_args(self.type)
            return f"{parts[0].__name__},..." if Ellipsis in parts else ",".join(p.__name__ for p in parts)
        if isinstance(self.type, types.UnionType):
            return "|".join("none" if a is types.NoneType else a.__name__ for a in get_args(self.type))
        return self.type.__name__

    def parse(self, value: Any) -> Any:
        """Convert `value`, text from a command line or of the right type already; raises UsageError."""
        try:
            return _convert(self.type, value)
        except (ValueError, TypeError):
            raise UsageError(f"{self.name}: '{value}' is not {_article(self.type_name)}") from None


def _article(type_name: str) -> str:
    if "|" in type_name:
        return "one of " + ", ".join(type_name.split("|"))
    if "," in type_name:
        return "a list of names" if type_name.startswith("str") else f"a list of numbers like {type_name}"
    return {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(type_name, type_name)


def _convert(kind: Any, value: Any) -> Any:
    if isinstance(kind, types.UnionType):
        if value is None or (isinstance(value, str) and value.lower() == "none"):
            return None
        return _convert(next(a for a in get_args(kind) if a is not types.NoneType), value)
    if get_origin(kind) is Literal:
        for choice in get_args(kind):
            if value == choice or str(value) == str(choice):
                return choice
        raise ValueError
    if get_origin(kind) is tuple:
        kinds = list(get_args(kind))
        if Ellipsis in kinds and value == "none":
            return ()
        parts = value.split(",") if isinstance(value, str) else list(value)
        kinds = [kinds[0]] * len(parts) if Ellipsis in kinds else kinds
        if len(parts) != len(kinds):
            raise ValueError
        return tuple(_convert(k, p) for k, p in zip(kinds, parts, strict=True))
    return _PLAIN[kind](value)


def _bool(value: Any) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() not in words:
        raise ValueError
    return words[str(value).lower()]


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, bool) or math.isnan(float(value)):
        raise ValueError
    return float(value)


_PLAIN: dict[type, Callable[[Any], Any]] = {bool: _bool, int: _int, float: _float, str: str}


@cache
def settings_of(config: type) -> tuple[Setting, ...]:
    """List the fields of a configuration dataclass, each with the comment written behind it in the source."""
    hints = typing.get_type_hints(config)
    comments = _comments(config)
    return tuple(Setting(f.name, hints[f.name], f.default, comments.get(f.name, ""))
                 for f in dataclasses.fields(config))


def _comments(config: type) -> dict[str, str]:
    """Read the trailing comments of the fields, of parents first, so that a subclass may say it better."""
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        if not dataclasses.is_dataclass(cls):
            continue
        try:
            source = textwrap.dedent(inspect.getsource(cls))
        except (OSError, TypeError):        # a class typed at a prompt has no source: its settings work without help
            continue
        lines = source.splitlines()
        fields = [n for n in ast.parse(source).body[0].body if isinstance(n, ast.AnnAssign)]  # type: ignore[attr-defined]
        for node in fields:
            _, is_comment, comment = lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset:].partition("#")
            if is_comment:
                found[ast.unparse(node.target)] = comment.strip()
    return found


def build(config: type, values: Mapping[str, Any]) -> Any:
    """Make a configuration from a mapping; an unknown key is an error that names the nearest one."""
    known = {s.name: s for s in settings_of(config)}
    for key in values:
        if key not in known:
            raise unknown("setting", key, known)
    return config(**{key: known[key].parse(value) for key, value in values.items()})


def distribute(configs: Sequence[type], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Hand each flat setting to the one configuration that has it; an unknown one is an error naming the nearest."""
    owners = {s.name: i for i, config in enumerate(configs) for s in settings_of(config)}
    parts: list[dict[str, Any]] = [{} for _ in configs]
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in owners:
            raise unknown("setting", name, owners)
        parts[owners[name]][name] = value
    return parts


def positive(config: Any, *names: str) -> None:
    """Raise UsageError unless each named field is greater than zero."""
    for name in names:
        if not getattr(config, name) > 0:
            raise UsageError(f"{name} must be greater than 0, not {getattr(config, name)}")


def between(config: Any, low: float, high: float, *names: str) -> None:
    """Raise UsageError unless each named field (or each of its elements) lies in [low, high]."""
    for name in names:
        value = getattr(config, name)
        for element in value if isinstance(value, tuple) else (value,):
            if not low <= element <= high:
                raise UsageError(f"{name} must lie between {low:g} and {high:g}, not {element:g}")

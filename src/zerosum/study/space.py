"""What a study searches: hyper-parameters that are chosen from a list or drawn from a range."""

import itertools
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import UsageError

if TYPE_CHECKING:
    from optuna import Trial

PLAIN = (bool, int, float, str)


@dataclass(frozen=True)
class Choice:
    """One of a few values, each as likely as the others."""

    name: str
    values: tuple[Any, ...]

    @property
    def first(self) -> Any:
        return self.values[0]

    def at(self, u: float) -> Any:
        """The value of a number u in [0, 1)."""
        return self.values[int(u * len(self.values))]

    def suggest(self, trial: "Trial") -> Any:
        """The value that Optuna gives this trial; a list of numbers goes through it as text."""
        given = trial.suggest_categorical(self.name, [encoded(value) for value in self.values])
        return next(value for value in self.values if encoded(value) == given)


@dataclass(frozen=True)
class Range:
    """A number between two, the ends included; `log`: as likely in every decade as in every other."""

    name: str
    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def first(self) -> float:
        return self.low

    def at(self, u: float) -> float:
        """The value of a number u in [0, 1)."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        value = math.exp(math.log(low) + u * math.log(high / low)) if self.log else low + u * (high - low)
        return min(max(round(value), self.low), self.high) if self.whole else value

    def suggest(self, trial: "Trial") -> float:
        """The value that Optuna gives this trial."""
        suggest = trial.suggest_int if self.whole else trial.suggest_float
        return suggest(self.name, self.low, self.high, log=self.log)


Dimension = Choice | Range


def encoded(value: Any) -> Any:
    """A value as Optuna stores it: plain, or as JSON."""
    return value if isinstance(value, PLAIN) else json.dumps(value)


def dimension(name: str, given: Any) -> Dimension:
    """What a study file says of a hyper-parameter: [a, b, c], or {low = a, high = b, log = true}."""
    if isinstance(given, list) and given:
        return Choice(name, tuple(given))
    if not isinstance(given, Mapping) or not {"low", "high"} <= given.keys() <= {"low", "high", "log"}:
        raise UsageError(f"space of {name}: write a list of values, or {{low = 1e-4, high = 1e-2, log = true}}")
    low, high, log = given["low"], given["high"], given.get("log", False)
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high)) or not low < high:
        raise UsageError(f"space of {name}: low must be a number below high, not {low} and {high}")
    if not isinstance(log, bool) or (log and low <= 0):
        raise UsageError(f"space of {name}: a logarithmic range begins above 0, not at {low}" if log is True else
                         f"space of {name}: log must be true or false, not {log}")
    return Range(name, low, high, log)


def draw(space: Sequence[Dimension], seed: int, number: int) -> dict[str, Any]:
    """Draw `number` of a random search: a function of the seed and the hyper-parameter's name, so that it is the same
    on every machine, whoever asks first, and systems that share a hyper-parameter try the same values of it."""
    return {each.name: each.at(np.random.default_rng([seed, zlib.crc32(each.name.encode()), number]).random())
            for each in space}


def grid(space: Sequence[Dimension]) -> list[dict[str, Any]]:
    """Every combination of the choices; a range is a UsageError."""
    for each in space:
        if isinstance(each, Range):
            raise UsageError(f"search = \"grid\" needs a list of values for {each.name}, and there is a range")
    return [dict(zip([each.name for each in space], values, strict=True))
            for values in itertools.product(*(each.values for each in space))]

"""What a claim is: a sentence of a paper, the trainings that test it, and the bars it must clear."""

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from ..core import UsageError, find, nearest

if TYPE_CHECKING:
    from ..data import Dataset
    from .trial import Trial

Quantities = Mapping[str, Any]               # by name: numbers, or lists of numbers that are stored but not judged


@dataclass(frozen=True)
class Side:
    """One training: a model, its preset, and the settings that differ from it; every seed trains each side anew."""

    model: str
    preset: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: "Callable[[], Dataset] | None" = None      # data that is not built in


@dataclass(frozen=True)
class Check:
    """One bar: the median over seeds of `quantity` must be at least (above, ...) `bar`."""

    name: str                                # what must hold, in words
    quantity: str
    compare: Literal["at least", "above", "at most", "below", "exactly"]
    bar: float | str                         # a number, or the quantity of the baseline
    why: str                                 # where the bar comes from: paper or catalogue

    def target(self, medians: Mapping[str, float | None]) -> float | None:
        """The bar as a number."""
        return medians[self.bar] if isinstance(self.bar, str) else self.bar

    def holds(self, medians: Mapping[str, float | None]) -> bool:
        """Whether the medians clear the bar; what could not be measured (None) does not."""
        value, bar = medians[self.quantity], self.target(medians)
        if value is None or bar is None:
            return False
        return {"at least": value >= bar, "above": value > bar, "at most": value <= bar, "below": value < bar,
                "exactly": value == bar}[self.compare]


@dataclass(frozen=True)
class Claim:
    """What a paper says, measured against the baseline it names. `measure(trial)` returns quantities of one seed.

    `timed` names the quantities that a clock measures: no two runs share those.
    """

    statement: str
    baseline: str
    sides: Mapping[str, Side]
    checks: tuple[Check, ...]
    measure: Callable[["Trial"], Quantities]
    timed: tuple[str, ...] = ()


def claimed() -> list[str]:
    """Names of the systems whose claim can be verified, sorted."""
    from .. import models as _models  # noqa: F401  (fills the registry)
    from ..core import names

    return [name for name in names() if (Path(__file__).parent / f"{name.replace('-', '_')}.py").is_file()]


def claim_of(model: str) -> Claim:
    """The claim of a system; raises UsageError, naming the nearest, for one that is unknown or has no claim."""
    there = claimed()
    if model in there:
        return importlib.import_module(f"{__package__}.{model.replace('-', '_')}").CLAIM
    find(model)
    raise UsageError(f"{model} has no claim to verify{nearest(model, there)}; these have: {', '.join(there)}")


def medians_of(seeds: list[Quantities]) -> dict[str, float | None]:
    """The median over seeds of every quantity that is a number; None where a seed could not measure it."""
    found: dict[str, float | None] = {}
    for name, first in seeds[0].items():
        if not isinstance(first, list):
            values = [seed[name] for seed in seeds]
            found[name] = None if None in values else float(median(values))
    return found


def storable(quantities: Quantities) -> dict[str, Any]:
    """Quantities as JSON: plain numbers and lists; what is not finite becomes None."""
    def number(value: Any) -> float | None:
        value = float(value)
        return value if math.isfinite(value) else None

    return {name: [number(v) for v in value] if isinstance(value, (list, tuple)) else number(value)
            for name, value in quantities.items()}

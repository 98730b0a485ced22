"""The table of built-in data: what there is without a network."""

from collections.abc import Callable
from dataclasses import dataclass

from .config import DataConfig
from .dataset import Dataset
from .densities import grid, ring, swissroll
from .digits import digits


@dataclass(frozen=True)
class Builtin:
    """One built-in data set, as `zerosum data list` shows it."""

    name: str
    what: str
    sizes: str                               # which image sizes it has, the default first
    classes: str
    count: int                               # samples to train on
    test: int                                # and to test
    make: Callable[[DataConfig], Dataset]


BUILTIN: dict[str, Builtin] = {entry.name: entry for entry in (
    Builtin("digits", "handwritten digits, real (scikit-learn)", "32, any", "10 digits", 1350, 447, digits),
    Builtin("ring", "8 Gaussians on a circle of radius 2", "2-D points", "8 modes", 40_000, 10_000, ring),
    Builtin("grid", "25 Gaussians on a 5x5 grid", "2-D points", "25 modes", 40_000, 10_000, grid),
    Builtin("swissroll", "a spiral", "2-D points", "none", 40_000, 10_000, swissroll),
)}

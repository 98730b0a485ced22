"""The table of built-in data: what there is without a network."""

from collections.abc import Callable
from dataclasses import dataclass

from ..config import DataConfig
from ..dataset import Dataset
from .densities import grid, ring, swissroll
from .digits import digits
from .glyphs import glyphs
from .matching import matching
from .photos import photos
from .shapes import shapes
from .stacked import stacked_digits


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
    Builtin("glyphs", "capital letters and digits in 21 faces of 7 fonts, with font, weight and slant", "32, 16 to 256",
            "36 characters", 6048, 1512, glyphs),
    Builtin("photos", "patches of two photographs (scikit-learn)", "32, 8 to 160", "2 photographs", 5700, 1700, photos),
    Builtin("shapes", "coloured shapes with six known factors and captions", "32, 16 to 256", "3 shapes", 4665, 1167,
            shapes),
    Builtin("matching", "two shapes at opposite corners, always of one colour, with their factors", "32, 16 to 256",
            "2 pairs of corners", 1728, 432, matching),
    Builtin("stacked-digits", "three digits as colour channels, to count modes", "32, any", "1000 triples", 50_000,
            26_000, stacked_digits),
    Builtin("ring", "8 Gaussians on a circle of radius 2", "2-D points", "8 modes", 40_000, 10_000, ring),
    Builtin("grid", "25 Gaussians on a 5x5 grid", "2-D points", "25 modes", 40_000, 10_000, grid),
    Builtin("swissroll", "a spiral", "2-D points", "none", 40_000, 10_000, swissroll),
)}

"""Built-in `glyphs`: capital letters and digits, drawn with the fonts that matplotlib ships."""

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ...core import UsageError
from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts
from ..fit import to_channels
from .shipped import font_file

if TYPE_CHECKING:
    from PIL import ImageFont

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
FACES = {                                    # file -> (font, weight, slant)
    "DejaVuSans": ("DejaVu Sans", "regular", "upright"),
    "DejaVuSans-Bold": ("DejaVu Sans", "bold", "upright"),
    "DejaVuSans-Oblique": ("DejaVu Sans", "regular", "slanted"),
    "DejaVuSans-BoldOblique": ("DejaVu Sans", "bold", "slanted"),
    "DejaVuSansMono": ("DejaVu Mono", "regular", "upright"),
    "DejaVuSansMono-Bold": ("DejaVu Mono", "bold", "upright"),
    "DejaVuSansMono-Oblique": ("DejaVu Mono", "regular", "slanted"),
    "DejaVuSansMono-BoldOblique": ("DejaVu Mono", "bold", "slanted"),
    "DejaVuSerif": ("DejaVu Serif", "regular", "upright"),
    "DejaVuSerif-Bold": ("DejaVu Serif", "bold", "upright"),
    "DejaVuSerif-Italic": ("DejaVu Serif", "regular", "slanted"),
    "DejaVuSerif-BoldItalic": ("DejaVu Serif", "bold", "slanted"),
    "STIXGeneral": ("STIX", "regular", "upright"),
    "STIXGeneralBol": ("STIX", "bold", "upright"),
    "STIXGeneralItalic": ("STIX", "regular", "slanted"),
    "STIXGeneralBolIta": ("STIX", "bold", "slanted"),
    "cmr10": ("Computer Modern", "regular", "upright"),
    "cmb10": ("Computer Modern", "bold", "upright"),
    "cmti10": ("Computer Modern", "regular", "slanted"),
    "cmss10": ("CM Sans", "regular", "upright"),
    "cmtt10": ("CM Typewriter", "regular", "upright"),
}
TRAITS = ("font", "weight", "slant")
VARIANTS = {"train": 8, "test": 2}           # pictures of each character in each face, by size and place
HEIGHTS = (0.42, 0.56)                       # of a capital letter, as a share of the picture's side
SHIFT = 0.08                                 # the farthest that a glyph lies off the middle, likewise


def glyphs(config: DataConfig) -> ArrayDataset:
    """Thirty-six characters in twenty-one faces, upright, of varied size and place; white on black."""
    size = config.image_size or 32
    if not 16 <= size <= 256:
        raise UsageError(f"glyphs has pictures of 16 to 256 pixels, not {size}")
    splits = list(VARIANTS) if config.split == "all" else [config.split]
    pictures, rows = [], []
    factors = {"char": tuple(CHARACTERS)} | {
        name: tuple(dict.fromkeys(face[i] for face in FACES.values())) for i, name in enumerate(TRAITS)}
    for split in splits:
        rng = np.random.RandomState(list(split.encode()))    # frozen by numpy's policy: the same in every version
        for (face, described), height in product(FACES.items(), np.linspace(*HEIGHTS, VARIANTS[split])):
            font = _font(face, height * size)
            shifts = rng.uniform(-SHIFT, SHIFT, (len(CHARACTERS), 2)) * size
            pictures += [_draw(char, font, size, shift) for char, shift in zip(CHARACTERS, shifts, strict=True)]
            traits = [factors[name].index(trait) for name, trait in zip(TRAITS, described, strict=True)]
            rows += [[char, *traits] for char in range(len(CHARACTERS))]
    x = np.stack([to_channels(picture[None], config.channels or 1) for picture in pictures])
    facts = Facts(attributes=np.array(rows, np.int64), factors=factors)
    return ArrayDataset.of(x, facts.classed_by(config.label or "char", "glyphs"), "glyphs", config)


def _font(face: str, height: float) -> "ImageFont.FreeTypeFont":
    """The face at the size at which a capital H is `height` pixels high."""
    from PIL import ImageFont

    file = str(font_file(face))
    top = -ImageFont.truetype(file, 200).getbbox("H", anchor="ls")[1]
    return ImageFont.truetype(file, height * 200 / top)


def _draw(char: str, font: "ImageFont.FreeTypeFont", size: int, shift: np.ndarray) -> np.ndarray:
    """One character (size, size) uint8, its line of writing shared by all, moved only as far as it stays inside."""
    from PIL import Image, ImageDraw

    left, _, right, _ = font.getbbox(char, anchor="ls")
    height = -font.getbbox("H", anchor="ls")[1]
    room = np.maximum(0, (size - np.array([right - left, height])) / 2)
    across, down = np.clip(shift, -room, room)
    image = Image.new("L", (size, size))
    place = (size / 2 + across - (left + right) / 2, size / 2 + down + height / 2)
    ImageDraw.Draw(image).text(place, char, 255, font, anchor="ls")
    return np.asarray(image)

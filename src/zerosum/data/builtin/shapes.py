"""Built-in `shapes`: one coloured shape on a plain ground, with every factor known and a caption."""

import itertools
from math import ceil

import numpy as np

from ...core import UsageError
from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts
from ..fit import to_channels

FACTORS = {"shape": ("circle", "square", "triangle"),
           "colour": ("red", "green", "blue", "yellow", "magenta", "cyan"),
           "size": ("small", "medium", "large"),
           "x": ("left", "centre", "right"),
           "y": ("top", "middle", "bottom"),
           "background": ("black", "grey", "white", "brown")}
COLOURS = np.array([[220, 40, 40], [40, 170, 60], [50, 80, 220], [240, 210, 40], [210, 60, 200], [50, 200, 210]])
BACKGROUNDS = np.array([[0, 0, 0], [128, 128, 128], [255, 255, 255], [110, 75, 45]])
RADII = np.array([0.11, 0.155, 0.20])        # of the picture's side
CENTRES = np.array([0.29, 0.5, 0.71])
JITTER = 0.03                                # a class of positions is a small square, so that the density is smooth
VARIANTS = 3                                 # pictures of each combination
REACH = 0.24                                 # how far a shape's outermost point is from its centre: 0.232
PIXELS = 2**17                               # drawn at a time: their numbers stay in a cache
TEST_SHARE = 0.2                             # of the combinations: the test part has combinations never trained on


def shapes(config: DataConfig) -> ArrayDataset:
    """All 1944 combinations of six factors, three pictures of each, divided by combination."""
    if config.flip:
        raise UsageError("shapes knows where each shape lies, which mirroring would make untrue: leave --flip out")
    size = config.image_size or 32
    if not 16 <= size <= 256:
        raise UsageError(f"shapes has pictures of 16 to 256 pixels, not {size}")
    combinations = np.array(list(itertools.product(*(range(len(values)) for values in FACTORS.values()))))
    rng = np.random.RandomState(0)           # frozen by numpy's policy: the same pictures in every version
    order = rng.permutation(len(combinations))
    offsets = rng.uniform(-JITTER, JITTER, (len(combinations), VARIANTS, 2))
    tests = round(TEST_SHARE * len(combinations))
    chosen = {"train": order[tests:], "test": order[:tests], "all": order}[config.split]
    attributes = np.repeat(combinations[chosen], VARIANTS, 0).astype(np.int64)
    centres = CENTRES[attributes[:, 3:5]] + offsets[chosen].reshape(-1, 2)
    x = np.empty((len(centres), 3, size, size), np.uint8)
    count = max(1, PIXELS // size**2)
    for i in range(0, len(centres), count):
        x[i:i + count] = draw(attributes[i:i + count], centres[i:i + count], size)
    if config.channels not in (0, 3):
        x = np.stack([to_channels(picture, config.channels) for picture in x])
    facts = Facts(attributes=attributes, factors=FACTORS, captions=[_caption(row) for row in attributes])
    return ArrayDataset.of(x, facts.classed_by(config.label or "shape", "shapes"), "shapes", config)


def draw(attributes: np.ndarray, centres: np.ndarray, size: int) -> np.ndarray:
    """Pictures (N, 3, size, size) uint8 from signed distances, so that edges are smooth."""
    window = 2 * ceil(REACH * size) + 3      # beyond it there is nothing but background
    starts = ((centres * size).astype(np.int64) - window // 2).clip(0, size - window)
    grid = (starts[:, :, None] + np.arange(window) + 0.5) / size
    dx = grid[:, 0, None, :] - centres[:, 0, None, None]     # to the right
    dy = grid[:, 1, :, None] - centres[:, 1, None, None]     # downwards
    radius = RADII[attributes[:, 2], None, None]
    inner = 0.67 * radius                    # of the triangle, of which the bounding box is centred
    below = dy - inner / 2
    distances = (np.hypot(dx, dy) - radius,
                 np.maximum(abs(dx), abs(dy)) - 0.89 * radius,               # of the circle's area
                 np.maximum(np.sqrt(3) / 2 * abs(dx) - below / 2, below) - inner)     # equilateral, point up
    distance = np.choose(attributes[:, 0, None, None], distances)
    cover = np.clip(0.5 - distance * size, 0, 1)[:, None]
    colour = COLOURS[attributes[:, 1], :, None, None]
    background = BACKGROUNDS[attributes[:, 5], :, None, None]
    pictures = np.empty((len(centres), 3, size, size), np.uint8)
    pictures[:] = background
    for picture, (x, y), shape in zip(pictures, starts, np.rint(background + cover * (colour - background))):
        picture[:, y:y + window, x:x + window] = shape
    return pictures


def _caption(row: np.ndarray) -> str:
    shape, colour, size, x, y, background = (values[i] for values, i in zip(FACTORS.values(), row, strict=True))
    place = {"middle centre": "in the middle"}.get(f"{y} {x}", f"at the {y} {x}".replace(" centre", ""))
    place = place.replace("the middle left", "the left").replace("the middle right", "the right")
    return f"a {size} {colour} {shape} {place} on a {background} background"

"""Built-in `matching`: two shapes at opposite corners, which always have one colour, for what must see far."""

import itertools

import numpy as np

from ...core import UsageError
from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts
from ..fit import to_channels
from .shapes import FACTORS, draw

OWN = {"first": FACTORS["shape"], "second": FACTORS["shape"], "colour": FACTORS["colour"],
       "corners": ("top left and bottom right", "top right and bottom left")}
INSET = 0.14                                 # of the centres from the sides of the picture
JITTER = 0.02
VARIANTS = 20                                # pictures of each combination
TEST_SHARE = 0.2                             # of the pictures of each combination


def matching(config: DataConfig) -> ArrayDataset:
    """All 108 combinations of two shapes, their colour and their corners, on black; the class is where they are."""
    if config.flip:
        raise UsageError("matching knows in which corners shapes lie, which mirroring would make untrue: leave --flip "
                         "out")
    size = config.image_size or 32
    if not 16 <= size <= 256:
        raise UsageError(f"matching has pictures of 16 to 256 pixels, not {size}")
    combinations = np.array(list(itertools.product(*(range(len(values)) for values in OWN.values()))), dtype=np.int64)
    tests = round(TEST_SHARE * VARIANTS)
    rows = {"train": slice(tests, None), "test": slice(tests), "all": slice(None)}[config.split]
    # RandomState's streams are frozen by numpy's policy: the same pictures in every version.
    jitter = np.random.RandomState(0).uniform(-JITTER, JITTER, (len(combinations), VARIANTS, 2, 2))[:, rows]
    attributes = np.repeat(combinations, jitter.shape[1], 0)
    x = _draw(attributes, jitter.reshape(-1, 2, 2), size)
    if config.channels not in (0, 3):
        x = np.stack([to_channels(picture, config.channels) for picture in x])
    facts = Facts(attributes=attributes, factors=OWN)
    return ArrayDataset.of(x, facts.classed_by(config.label or "corners", "matching"), "matching", config)


def _draw(attributes: np.ndarray, jitter: np.ndarray, size: int) -> np.ndarray:
    """Pictures (N, 3, size, size) uint8: each shape drawn alone on black, and both laid together."""
    left = np.where(attributes[:, 3] == 0, INSET, 1 - INSET)             # of the upper one
    nothing = np.zeros(len(attributes), np.int64)                        # small, on black; the place is in the centres
    drawn = []
    for column, x, y in ((0, left, INSET), (1, 1 - left, 1 - INSET)):
        centres = np.stack([x, nothing + y], 1)
        row = np.stack([attributes[:, column], attributes[:, 2], *(nothing,) * 4], 1)
        drawn.append(draw(row, centres + jitter[:, column], size))
    return np.maximum(*drawn)

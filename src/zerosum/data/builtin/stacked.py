"""Built-in `stacked-digits`: three random digits as the colour channels of one image, and so 1000 known modes.

Stacked MNIST of Unrolled GAN (1611.02163, Sec. 3.3.1; first in 1612.02136), made of the built-in digits. It counts how
many modes a generator drops: `classes` is how many of the 1000 it makes, `class-kl` how unevenly. Take as many samples
as the papers do, 26,000 (`zerosum evaluate RUN -n 26000`): of fewer, rare modes are missed by chance.
"""

import numpy as np

from ...core import UsageError
from ..config import DataConfig
from ..dataset import ArrayDataset, hash_of
from ..facts import Facts
from .digits import digits

COUNTS = {"train": 50_000, "test": 26_000}   # test: what modes are counted on since VEEGAN (1705.07761)
CLASSES = tuple(f"{number:03}" for number in range(1000))


class Stack:
    """An array (N, 3, H, W) uint8 that is put together as it is read: digits (D, 1, H, W), and which three (N, 3)."""

    dtype, ndim = np.dtype(np.uint8), 4

    def __init__(self, images: np.ndarray, which: np.ndarray):
        self.images, self.which = images[:, 0], which
        self.shape = (*which.shape, *self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, rows: "int | slice | np.ndarray") -> np.ndarray:
        return self.images[self.which[rows]]


class StackedDigits(ArrayDataset):
    """Stacked digits; only the digits themselves are in memory."""

    def __init__(self, images: np.ndarray, which: np.ndarray, facts: Facts, config: DataConfig):
        stack = Stack(images, which)
        blank = np.broadcast_to(np.uint8(0), stack.shape)                    # of the same shape, without memory
        spec = facts.spec(stack.shape[1:])
        super().__init__(blank, spec, name="stacked-digits", split=config.split, labels=facts.labels, flip=config.flip,
                         fingerprint=hash_of(images, which, None, spec))
        self.x = stack


def stacked_digits(config: DataConfig) -> StackedDigits:
    """Three digits drawn at random for each image, number i always the same; the class is 100 a + 10 b + c."""
    if config.channels not in (0, 3):
        raise UsageError(f"stacked-digits has a digit on each of 3 channels, not on {config.channels}: leave "
                         "--channels out")
    images, which, labels, start = [], [], [], 0
    for split in COUNTS if config.split == "all" else (config.split,):
        single = digits(DataConfig("digits", config.image_size, split=split))
        # RandomState's streams are frozen by numpy's policy: the same images in every version.
        drawn = np.random.RandomState(list(split.encode())).randint(len(single), size=(COUNTS[split], 3))
        images.append(single.x)
        which.append(drawn + start)
        labels.append(single.labels[drawn] @ np.array([100, 10, 1]))
        start += len(single)
    facts = Facts(np.concatenate(labels), CLASSES).classed_by(config.label, "stacked-digits")
    return StackedDigits(np.concatenate(images), np.concatenate(which).astype(np.int64), facts, config)

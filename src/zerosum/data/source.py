"""Samples as they are found: encoded files or one array, with what is known of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ..core import UsageError
from .facts import Facts

SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test", "t10k": "test", "val": "test",
          "valid": "test", "validation": "test"}           # names that data sets give their parts


@dataclass(frozen=True)
class Files:
    """Encoded pictures: their names, and how to open each."""

    names: list[str]
    open: Callable[[int], BinaryIO]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Source:
    """Everything found under one path; the samples of each part (train, test) stand together, in that order."""

    name: str
    kind: str                                # folder, zip, IDX, ...
    pixels: Files | np.ndarray               # arrays are (N, C, H, W), or (N, D) for points
    facts: Facts
    parts: dict[str, int]                    # samples in each part
    ignored: tuple[str, ...] = ()            # files found beside the pictures
    remarks: tuple[str, ...] = ()            # lines worth saying about the whole
    fingerprint: str = ""                    # hash of the content, where the file carries it

    def rows(self, split: str) -> range:
        """Numbers of the samples of a split; a part that does not exist raises UsageError."""
        if split == "all":
            return range(len(self.pixels))
        if split not in self.parts:
            raise UsageError(f"{self.name} has no {split} part, only {', '.join(self.parts)}: pass --split all")
        start = 0
        for part, count in self.parts.items():
            if part == split:
                return range(start, start + count)
            start += count
        raise AssertionError(split)

    def name_of(self, row: int) -> str:
        """How a user finds this sample: its file, or its number in the array."""
        return self.pixels.names[row] if isinstance(self.pixels, Files) else f"{self.name}[{row}]"

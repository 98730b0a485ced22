"""Readers of users' data, each for one kind of file or folder; the content tells which, not the name."""

from pathlib import Path

from ...core import UsageError
from ..source import Source
from . import arrays, cifar, idx, packed, pictures, table

READERS = (packed, cifar, idx, table, arrays, pictures)      # the most particular first; pictures take any folder


def open_source(path: Path, label: str = "") -> Source:
    """Find out what lies at `path` and list its samples; what is not data raises UsageError."""
    for reader in READERS:
        if reader.recognises(path):
            return reader.read(path, label)
    raise UsageError(f"{path} is no data: give a folder or zip of images, IDX, CIFAR, parquet, .npy or .npz files, "
                     "or a file made by zerosum data prepare")



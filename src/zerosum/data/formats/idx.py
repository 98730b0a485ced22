"""IDX files, the form of MNIST and its relatives, plain or gzipped: http://yann.lecun.com/exdb/mnist."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from ...core import UsageError, ZerosumError
from ..facts import Facts
from ..source import SPLITS, Source
from .head import head_of

TYPES = {0x08: np.dtype("u1"), 0x09: np.dtype("i1"), 0x0B: np.dtype(">i2"), 0x0C: np.dtype(">i4")}


def recognises(path: Path) -> bool:
    """An IDX file, or a folder that holds IDX files of images."""
    return bool(_image_files(path)) if path.is_dir() else _is_idx(path)


def read(path: Path, label: str) -> Source:
    """Images (N, 1, H, W) with their labels; the two files of each part are matched by name."""
    files = _image_files(path) if path.is_dir() else [path]
    parts: dict[str, Path] = {}
    for file in files:
        split = next((part for word, part in SPLITS.items() if word in file.name.lower()), "train")
        if split in parts:
            raise UsageError(f"{path} holds several IDX sets ({parts[split].name}, {file.name}): give one file")
        parts[split] = file
    order = [split for split in ("train", "test") if split in parts]
    images = [_pictures(parts[split]) for split in order]
    labels = [_labels(parts[split], len(x)) for split, x in zip(order, images, strict=True)]
    if len({x.shape[1:] for x in images}) > 1:
        raise UsageError(f"{path}: the parts have pictures of different sizes: give one file")
    facts = Facts()
    if all(values is not None for values in labels):
        joined = np.concatenate(labels)
        facts = Facts(joined, tuple(map(str, range(int(joined.max(initial=0)) + 1))))
    return Source(str(path), "IDX", np.concatenate(images) if len(images) > 1 else images[0], facts,
                  {split: len(x) for split, x in zip(order, images, strict=True)})


def _image_files(folder: Path) -> list[Path]:
    return sorted({_bare(file): file for file in sorted(folder.iterdir(), reverse=True)
                   if "images" in file.name and _is_idx(file)}.values())


def _bare(file: Path) -> str:
    return file.name.removesuffix(".gz")


def _is_idx(path: Path) -> bool:
    head = head_of(path, 4)
    if head[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as file:
                head = file.read(4)
        except (OSError, EOFError, zlib.error):
            return "idx" in path.name
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in TYPES and 1 <= head[3] <= 4


def _pictures(path: Path) -> np.ndarray:
    x = _array(path)
    if x.ndim not in (3, 4) or x.dtype != np.uint8:
        raise UsageError(f"{path} holds no pictures (shape {x.shape}): give the file of images, not of labels")
    return x[:, None] if x.ndim == 3 else np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _labels(images: Path, count: int) -> np.ndarray | None:
    """The labels beside a file of images: train-images-idx3-ubyte goes with train-labels-idx1-ubyte."""
    name = _bare(images).replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    beside = [file for file in (images.with_name(name), images.with_name(name + ".gz")) if file.is_file()]
    if not beside or beside[0] == images:
        return None
    labels = _array(beside[0]).astype(np.int64)
    if labels.shape != (count,):
        raise ZerosumError(f"{beside[0]} has {len(labels)} labels for {count} pictures: fetch both files again")
    return labels


def _array(path: Path) -> np.ndarray:
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ZerosumError(f"{path} is damaged or breaks off: fetch it again") from None
    dtype, dims = TYPES[content[2]], content[3]
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", dims, 4)) if len(content) >= 4 + 4 * dims else (-1,)
    expected = 4 + 4 * dims + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if len(content) != expected or shape == (-1,):
        raise ZerosumError(f"{path} breaks off: it has {len(content)} bytes of {expected}; fetch it again")
    return np.frombuffer(content, dtype, offset=4 + 4 * dims).reshape(shape)

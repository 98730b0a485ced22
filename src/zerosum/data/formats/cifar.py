"""CIFAR-10 and CIFAR-100, as Python pickles (read without running anything in them) or as binary files."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ...core import UsageError, ZerosumError
from ..facts import Facts
from ..source import Source
from .head import head_of

SIDE = 32
PIXELS = 3 * SIDE * SIDE


def recognises(path: Path) -> bool:
    """A folder of batches, the folder above it, or one batch."""
    return bool(_batches(path)) if path.is_dir() else _is_batch(path)


def read(path: Path, label: str) -> Source:
    """Images (N, 3, 32, 32) with classes, and with both the fine and the coarse ones for CIFAR-100."""
    files = _batches(path) if path.is_dir() else [path]
    files.sort(key=lambda file: (file.name.startswith("test"), file.name))
    content = [_binary(file) if file.suffix == ".bin" else _pickled(file) for file in files]
    images = np.concatenate([x for x, _ in content])
    labels = np.concatenate([columns for _, columns in content])             # (N, 1) or (N, 2): fine, coarse
    names = _names(files[0].parent, labels)
    factors = dict(zip(("fine", "coarse"), names, strict=False)) if labels.shape[1] == 2 else {}
    parts: dict[str, int] = {}
    for file, (x, _) in zip(files, content, strict=True):
        split = "test" if file.name.startswith("test") else "train"
        parts[split] = parts.get(split, 0) + len(x)
    facts = Facts(labels[:, 0].copy(), names[0], labels if factors else None, factors)
    return Source(str(path), "CIFAR", images.reshape(-1, 3, SIDE, SIDE), facts, parts)


def _batches(folder: Path) -> list[Path]:
    """The batch files of a folder, or of the one folder inside it that the archive makes."""
    for place in (folder, *(folder / name for name in ("cifar-10-batches-py", "cifar-10-batches-bin",
                                                       "cifar-100-python", "cifar-100-binary"))):
        found = [file for file in place.iterdir() if _is_batch(file)] if place.is_dir() else []
        if found:
            return found
    return []


def _is_batch(file: Path) -> bool:
    stem = file.name.removesuffix(".bin")
    if not (stem.startswith(("data_batch", "test_batch")) or stem in ("train", "test")):
        return False
    return file.name.endswith(".bin") or head_of(file, 1) == b"\x80"         # how a pickle begins


def _binary(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rows of 1 (CIFAR-10) or 2 (CIFAR-100: coarse, fine) label bytes and 3072 pixel bytes."""
    content = np.fromfile(file, np.uint8)
    columns = 1 if file.name.startswith(("data_batch", "test_batch")) else 2
    if not len(content) or len(content) % (columns + PIXELS):
        raise ZerosumError(f"{file} breaks off, or is no CIFAR batch ({len(content)} bytes): fetch it again")
    rows = content.reshape(-1, columns + PIXELS)
    return rows[:, columns:], rows[:, :columns][:, ::-1].astype(np.int64)


def _pickled(file: Path) -> tuple[np.ndarray, np.ndarray]:
    content = _safe_load(file)
    if not isinstance(content, dict) or not isinstance(content.get("data"), _Array):
        raise UsageError(f"{file} is no CIFAR batch: it has no \"data\"")
    x = content["data"].pixels(file)
    columns = [content[key] for key in ("labels", "fine_labels", "coarse_labels") if key in content]
    try:
        labels = np.array(columns, np.int64).T
    except (ValueError, TypeError, OverflowError):
        labels = np.empty((0, 0), np.int64)
    if labels.ndim != 2 or labels.shape[0] != len(x) or not labels.shape[1] or labels.min() < 0:
        raise ZerosumError(f"{file} is damaged: its labels do not match its {len(x)} pictures; fetch it again")
    return x, labels


def _names(folder: Path, labels: np.ndarray) -> list[tuple[str, ...]]:
    """Class names of each label column, from the files beside the batches, or numbers."""
    lists: list[list[str]] = []
    for file, keys in (("batches.meta", ["label_names"]), ("meta", ["fine_label_names", "coarse_label_names"])):
        if (folder / file).is_file():
            content = _safe_load(folder / file)
            lists = [content[key] for key in keys if isinstance(content, dict) and isinstance(content.get(key), list)]
    for files in (["batches.meta.txt"], ["fine_label_names.txt", "coarse_label_names.txt"]):
        if not lists and (folder / files[0]).is_file():
            lists = [(folder / file).read_text().split() for file in files if (folder / file).is_file()]
    tops = labels.max(axis=0)
    return [tuple(map(str, lists[i])) if i < len(lists) and len(lists[i]) > top else tuple(map(str, range(top + 1)))
            for i, top in enumerate(tops.tolist())]


class _Array:
    """Stands for numpy's array inside a pickle and only keeps what it is told: no numpy code runs on foreign bytes."""

    def __init__(self, *_: Any):
        self.state: tuple = ()

    def __setstate__(self, state: tuple) -> None:
        self.state = state

    def pixels(self, file: Path) -> np.ndarray:
        """The array, uint8 (N, 3072)."""
        try:
            _, shape, dtype, fortran, raw = self.state
            raw = raw.encode("latin-1") if isinstance(raw, str) else raw
            if dtype.code not in ("u1", "uint8") or fortran or len(shape) != 2 or shape[1] != PIXELS:
                raise ValueError
            return np.frombuffer(raw, np.uint8).reshape(shape)
        except (ValueError, TypeError, AttributeError):
            raise ZerosumError(f"{file} is no CIFAR batch: its data are not rows of {PIXELS} bytes") from None


class _Type:
    """Stands for numpy's dtype inside a pickle."""

    def __init__(self, code: Any = "", *_: Any):
        self.code = code.decode() if isinstance(code, bytes) else code

    def __setstate__(self, state: tuple) -> None:
        pass                                 # byte order and alignment, which one byte does not have


def _encode(text: str, encoding: str = "latin-1") -> bytes:
    return text.encode("latin-1")            # how Python 3 writes bytes in the old protocols


_ADMITTED = {("numpy.core.multiarray", "_reconstruct"): _Array, ("numpy._core.multiarray", "_reconstruct"): _Array,
             ("numpy", "ndarray"): _Array, ("numpy", "dtype"): _Type, ("_codecs", "encode"): _encode}


class _Unpickler(pickle.Unpickler):
    """Admits the five names that a CIFAR batch needs, and puts harmless stand-ins in their place."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks to run {module}.{name}, which CIFAR does not need")
        return _ADMITTED[module, name]


def _safe_load(file: Path) -> Any:
    """Read a pickle of plain values and arrays; anything else in it raises ZerosumError and is not run."""
    try:
        return _as_text(_Unpickler(io.BytesIO(file.read_bytes()), encoding="bytes").load())
    except Exception as error:               # a damaged pickle may raise anything
        reason = str(error) or type(error).__name__
        raise ZerosumError(f"{file} is refused ({reason}): fetch it again from its source") from None


def _as_text(value: Any) -> Any:
    """Python 2's strings arrive as bytes: decode keys and names, leave the rest."""
    if isinstance(value, dict):
        return {_as_text(key): _as_text(content) for key, content in value.items()}
    if isinstance(value, list):
        return [_as_text(element) for element in value]
    return value.decode("latin-1") if isinstance(value, bytes) else value

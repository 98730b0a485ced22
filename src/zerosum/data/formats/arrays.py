"""Arrays saved by numpy: .npy, and .npz with labels and parts under the names of Keras and MedMNIST."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...core import UsageError, ZerosumError
from ..facts import Facts
from ..source import Source
from .head import head_of

SAMPLES = ("x_{}", "{}_images", "images", "x", "data", "points", "arr_0")
LABELS = ("y_{}", "{}_labels", "labels", "y", "targets", "label")


def recognises(path: Path) -> bool:
    """A .npy or .npz file."""
    return head_of(path, 6) == b"\x93NUMPY" or (head_of(path, 2) == b"PK" and path.suffix.lower() == ".npz")


def read(path: Path, label: str) -> Source:
    """Pictures (N, C, H, W), from (N, H, W), (N, H, W, C) or (N, C, H, W), or points (N, D)."""
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as content:
                return _read_npz(path, {name: content[name] for name in content.files})
        x = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ZerosumError(f"{path} cannot be read ({str(error).splitlines()[0] if str(error) else 'it breaks off'}): "
                           "save it again as an array of numbers") from None
    return Source(str(path), "array", as_samples(x, str(path)), Facts(), {"train": len(x)})


def _read_npz(path: Path, content: dict[str, np.ndarray]) -> Source:
    train, test = (_pick(content, SAMPLES, split) for split in ("train", "test"))
    test = test if test != train else None
    if train is None:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in content.items())
        raise UsageError(f"{path} holds no array named images, x or data (it has {shapes or 'nothing'}): rename one")
    parts = {split: name for split, name in (("train", train), ("test", test)) if name is not None}
    samples = [as_samples(content[name], f"{path}:{name}") for name in parts.values()]
    labels = [_pick(content, LABELS, split) for split in parts]
    if len({x.shape[1:] for x in samples}) > 1 or len({x.dtype for x in samples}) > 1:
        raise UsageError(f"{path}: its parts have samples of different shape or type: save each in a file of its own")
    facts = Facts()
    if all(name is not None for name in labels):
        facts = _classes(path, [content[name].reshape(-1) for name in labels], [len(x) for x in samples])
    return Source(str(path), "array", np.concatenate(samples) if len(samples) > 1 else samples[0], facts,
                  {split: len(x) for split, x in zip(parts, samples, strict=True)})


def _pick(content: dict[str, np.ndarray], names: tuple[str, ...], split: str) -> str | None:
    found = next((name.format(split) for name in names if name.format(split) in content), None)
    large = [name for name, array in content.items() if array.ndim >= 2]
    return large[0] if found is None and names is SAMPLES and split == "train" and len(large) == 1 else found


def _classes(path: Path, labels: list[np.ndarray], counts: list[int]) -> Facts:
    for values, count in zip(labels, counts, strict=True):
        if len(values) != count:
            raise UsageError(f"{path} has {len(values)} labels for {count} samples: save as many of both")
    classes, numbers = np.unique(np.concatenate(labels), return_inverse=True)
    return Facts(numbers.astype(np.int64), tuple(str(value) for value in classes))


def as_samples(x: np.ndarray, name: str) -> np.ndarray:
    """Bring an array to (N, C, H, W) of uint8, uint16 or float32 in [-1, 1], or to float32 points (N, D)."""
    if x.dtype.kind not in "buif":
        raise UsageError(f"{name} holds {x.dtype}, not numbers: save whole numbers or floats")
    if x.ndim not in (2, 3, 4) or 0 in x.shape:
        raise UsageError(f"{name} has shape {x.shape}: "
                         "pictures are (N, H, W), (N, H, W, C) or (N, C, H, W), points (N, D)")
    if x.dtype.kind == "f" and not all(np.isfinite(x[i:i + 4096]).all() for i in range(0, len(x), 4096)):
        raise ZerosumError(f"{name} holds NaN or infinite values: remove those samples")
    if x.ndim == 2:
        return np.asarray(x, np.float32)
    x = x[:, None] if x.ndim == 3 else _channels_first(x)
    return _as_pixels(x, name)


def _channels_first(x: np.ndarray) -> np.ndarray:
    """The channels are the shorter of the second and the last axis; the last, where both are alike."""
    return x if x.shape[1] < x.shape[3] else x.transpose(0, 3, 1, 2)


def _as_pixels(x: np.ndarray, name: str) -> np.ndarray:
    if x.dtype in (np.uint8, np.uint16):
        return x
    if x.dtype == bool:
        return x.astype(np.uint8) * np.uint8(255)
    low, high = float(x.min()), float(x.max())
    if x.dtype.kind in "ui":
        if low < 0 or high > 65535:
            raise UsageError(f"{name} holds values from {low:g} to {high:g}: pictures are 0 to 255 or 0 to 65535")
        return x.astype(np.uint8 if high <= 255 else np.uint16)
    if low < -1 or high > 1:
        raise UsageError(f"{name} holds floats from {low:g} to {high:g}: scale them to [0, 1] or [-1, 1]")
    return np.asarray(x, np.float32) if low < 0 else np.asarray(x, np.float32) * 2 - 1

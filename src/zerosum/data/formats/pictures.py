"""Folders and zips of pictures; sub-folders are the classes, folders named train and test the parts."""

import io
import json
import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from ...core import UsageError, ZerosumError
from ..facts import Facts
from ..picture_file import SUFFIXES
from ..source import SPLITS, Files, Source
from .head import head_of

LARGEST = 2**30                              # bytes of one unpacked entry; beyond it lies a zip bomb
LABELS = "dataset.json"                      # StyleGAN's dataset tool: {"labels": [[file, class], ...]}


def recognises(path: Path) -> bool:
    """Any folder, and any zip."""
    return path.is_dir() or head_of(path, 4) in (b"PK\3\4", b"PK\5\6")


def read(path: Path, label: str) -> Source:
    """List the pictures in a folder or zip, in the order of their names."""
    return _read_folder(path) if path.is_dir() else _read_zip(path)


def _read_folder(root: Path) -> Source:
    found = sorted(_walk(root))
    where = {_shown(name): root / name for name in found}
    notes = (root / LABELS).read_bytes() if (root / LABELS).is_file() else b""
    return _source(root, "folder", where, lambda name: where[name].open("rb"), notes)


def _walk(root: Path) -> Iterable[str]:
    """Files below root, links followed; a folder that was seen is not entered again, so that loops end."""
    seen = set()
    for folder, below, files in os.walk(root, followlinks=True, onerror=_closed):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = sorted(name for name in below if not name.startswith("."))
        inside = os.path.relpath(folder, root).replace(os.sep, "/").removeprefix(".")
        for name in files:
            if not name.startswith(".") and _is_file(os.path.join(folder, name)):
                yield f"{inside}/{name}" if inside else name


def _is_file(path: str) -> bool:
    """Whether a name is a file, and no pipe or device; a link that leads nowhere is, so that it is named as bad."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _closed(error: OSError) -> None:
    raise ZerosumError(f"{error.filename} cannot be listed ({error.strerror}): give yourself the right to (chmod u+rx)")


def _read_zip(path: Path) -> Source:
    try:
        archive = zipfile.ZipFile(path)
        entries = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise ZerosumError(f"{path} is a damaged zip ({error}): fetch it again") from None
    where = {}
    for entry in sorted(entries, key=lambda e: e.filename):
        name = entry.filename.replace("\\", "/")             # zips made on Windows by some tools
        hidden = any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
        if not entry.is_dir() and not name.endswith("/") and not hidden:
            where[name] = entry
    if any(entry.flag_bits & 1 for entry in where.values()):
        raise UsageError(f"{path} is encrypted: unpack it and give the folder")
    lock = threading.Lock()

    def open_entry(name: str) -> BinaryIO:
        if where[name].file_size > LARGEST:
            raise OSError(f"it unpacks to {where[name].file_size / 2**30:.1f} GiB")
        try:
            with lock:
                return io.BytesIO(archive.read(where[name]))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            raise OSError(f"damaged inside the zip: {error}") from None

    notes = next((archive.read(entry) for name, entry in where.items() if PurePosixPath(name).name == LABELS), b"")
    return _source(path, "zip", where, open_entry, notes)


def _source(path: Path, kind: str, found: Iterable[str], open_name: Callable[[str], BinaryIO], notes: bytes) -> Source:
    names = [name for name in found if PurePosixPath(name).suffix.lower() in SUFFIXES]
    chosen = set(names)
    ignored = tuple(name for name in found if name not in chosen)
    if not names:
        others = f" among {len(ignored)} files" if ignored else ""
        raise UsageError(f"{path} holds no pictures{others}: they must end in {', '.join(sorted(SUFFIXES))}")
    depth = _shared_depth(names)
    tails = [PurePosixPath(name).parts[depth:] for name in names]
    splits = [SPLITS.get(parts[0].lower()) if len(parts) > 1 else None for parts in tails]
    if all(splits):
        order = sorted(range(len(names)), key=lambda i: (splits[i] != "train", i))
        names, tails, splits = [names[i] for i in order], [tails[i][1:] for i in order], [splits[i] for i in order]
        parts = {split: splits.count(split) for split in ("train", "test") if split in splits}
    else:
        parts = {"train": len(names)}
    facts, remarks = _facts(names, tails, notes)
    return Source(str(path), kind, Files(names, lambda row: open_name(names[row])), facts, parts, ignored, remarks)


def _shared_depth(names: list[str]) -> int:
    """How many folders all names begin with: they say nothing of the class."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    first, last = min(folders), max(folders)
    depth = 0
    while depth < min(len(first), len(last)) and first[depth] == last[depth]:
        depth += 1
    return depth


def _facts(names: list[str], tails: list[tuple[str, ...]], notes: bytes) -> tuple[Facts, tuple[str, ...]]:
    """Classes from dataset.json if there is one, else from the sub-folders if every picture lies in one."""
    if notes:
        return _noted(names, notes)
    inside = [len(parts) > 1 for parts in tails]
    classes = sorted({parts[0] for parts in tails if len(parts) > 1})
    if all(inside) and len(classes) > 1:
        return Facts(_numbered([parts[0] for parts in tails], classes), tuple(classes)), ()
    if any(inside) and not all(inside):
        return Facts(), (f"{inside.count(False)} pictures lie beside the sub-folders: "
                         "the sub-folders are not taken for classes",)
    return Facts(), ()


def _noted(names: list[str], notes: bytes) -> tuple[Facts, tuple[str, ...]]:
    try:
        labels = dict(json.loads(notes)["labels"] or ())
        values = [next((labels[tail] for tail in _tails(name) if tail in labels), None) for name in names]
    except (ValueError, KeyError, TypeError):
        return Facts(), (f"{LABELS} has no readable \"labels\": the pictures go without",)
    if not all(type(value) is int for value in values):
        return Facts(), (f"{LABELS} has no whole-number label for every picture: they go without",) if labels else ()
    classes = sorted(set(values))
    return Facts(_numbered(values, classes), tuple(map(str, classes))), ()


def _tails(name: str) -> Iterable[str]:
    parts = PurePosixPath(name).parts
    return ("/".join(parts[i:]) for i in range(len(parts)))


def _numbered(values: list, classes: list) -> np.ndarray:
    number = {value: i for i, value in enumerate(classes)}
    return np.array([number[value] for value in values], np.int64)


def _shown(name: str) -> str:
    """A name that can be printed, though the file system may hold bytes that are no text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

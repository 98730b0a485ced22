"""The packed form: all samples in one file that is mapped into memory, so that training waits for no decoder."""

import errno
import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..core import DataSpec, UsageError, ZerosumError
from . import plan as planning
from .config import DataConfig
from .dataset import hash_of
from .facts import Facts
from .source import Source

# A file is: this head, zeros up to ALIGN, the samples, the labels, the attributes, and last a JSON document.
MAGIC = b"ZEROSUM\1"
HEAD = struct.Struct("<8sQQQI")              # magic, size of the file, where the document is, its length, its CRC-32
ALIGN = 4096                                 # samples begin on a page of memory
SUFFIX = ".zsd"


@dataclass(frozen=True)
class PackedInfo:
    """What `prepare` wrote."""

    path: str
    count: int
    spec: DataSpec
    parts: dict[str, int]
    bytes: int
    fingerprint: str
    bad: tuple[planning.Problem, ...]        # files left out
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        left_out = f", {len(self.bad)} left out" if self.bad else ""
        shape = "x".join(map(str, self.spec.shape))
        return f"{self.path}: {self.count} samples of {shape}, {self.bytes / 1e6:.1f} MB{left_out}"


def write_packed(target: Path, source: Source, config: DataConfig,
                 progress: Callable[[int, int], None] | None = None) -> PackedInfo:
    """Stream all parts of a source into one packed file; it appears whole or not at all."""
    total = len(source.pixels)
    plan = planning.examine(source, range(total))
    planning.refuse_bad(plan, source, total, config)
    planning.decide(plan, source, config)
    kept: list[int] = []
    with _written(target) as file:
        file.seek(ALIGN)
        for row, x in planning.samples(plan, source, range(total), config):
            file.write(np.ascontiguousarray(x).data)
            kept.append(row)
            if progress is not None:
                progress(row + 1, total)
        planning.refuse_bad(plan, source, total, config)
        facts = source.facts.classed_by(config.label, source.name).take(np.array(kept, np.int64))
        document = _document(source, facts, plan, kept)
        file.flush()
        document["fingerprint"] = hash_of(np.memmap(file.name, plan.dtype, "r", ALIGN, (len(kept), *plan.shape)),
                                          facts.labels, facts.attributes, facts.spec(plan.shape))
        for array in (facts.labels, facts.attributes):
            file.write(b"" if array is None else np.ascontiguousarray(array, np.int64).data)
        size = _finish(file, document)
    return PackedInfo(str(target), len(kept), facts.spec(plan.shape), document["parts"], size, document["fingerprint"],
                      tuple(plan.bad.values()), tuple(planning.notes(plan, source)))


def _document(source: Source, facts: Facts, plan: planning.Plan, kept: list[int]) -> dict[str, Any]:
    rows = np.array(kept, np.int64)
    parts = {part: int(np.isin(rows, np.array(source.rows(part))).sum()) for part in source.parts}
    return {"name": source.name, "count": len(kept), "shape": [int(n) for n in plan.shape], "dtype": plan.dtype.name,
            "parts": parts, "classes": facts.classes, "factors": facts.factors, "labels": facts.labels is not None,
            "captions": facts.captions, "left_out": len(plan.bad)}


def _finish(file: BinaryIO, document: dict[str, Any]) -> int:
    """Append the document, then fill in the head that makes the file readable; returns its size."""
    text = json.dumps(document, ensure_ascii=False).encode()
    start = file.tell()
    file.write(text)
    size = file.tell()
    file.seek(0)
    file.write(HEAD.pack(MAGIC, size, start, len(text), zlib.crc32(text)))
    return size


@contextmanager
def _written(target: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only once it is complete and on the disk."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(target: Path, error: OSError) -> ZerosumError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ZerosumError(f"the disk is full, {target} is not written: free some space or give another -o")
    if error.errno == errno.ENOENT:
        return UsageError(f"no such folder: {target.parent}; make it or give another -o")
    return ZerosumError(f"{target} cannot be written ({error.strerror}): give another -o")


def recognises(path: Path) -> bool:
    """A file that begins as packed files do."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC or path.suffix == SUFFIX


def read_packed(path: Path) -> tuple[Source, str]:
    """Map a packed file: its source and its fingerprint; a truncated or foreign one raises ZerosumError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD.size)
        if len(head) < HEAD.size or not head.startswith(MAGIC):
            raise ZerosumError(f"{path} is no packed data: make it anew with zerosum data prepare")
        _, expected, start, length, checksum = HEAD.unpack(head)
        if size != expected:
            raise ZerosumError(f"{path} breaks off ({size} bytes of {expected}): copy it again, "
                               "or make it anew with zerosum data prepare")
        file.seek(start)
        text = file.read(length)
    if zlib.crc32(text) != checksum:
        raise ZerosumError(f"{path} is damaged: copy it again, or make it anew with zerosum data prepare")
    return _mapped(path, json.loads(text))


def _mapped(path: Path, document: dict[str, Any]) -> tuple[Source, str]:
    count, shape, dtype = document["count"], tuple(document["shape"]), np.dtype(document["dtype"])
    x = np.memmap(path, dtype, "r", ALIGN, (count, *shape))
    offset = ALIGN + x.nbytes
    columns = []
    for width in (int(document["labels"]), len(document["factors"])):
        column = np.fromfile(path, np.int64, count * width, offset=offset) if width else None
        columns.append(None if column is None else column.reshape(count, width))
        offset += 8 * count * width
    labels, attributes = columns
    facts = Facts(None if labels is None else labels[:, 0].copy(), tuple(document["classes"]), attributes,
                  {name: tuple(values) for name, values in document["factors"].items()}, document["captions"])
    return Source(str(path), "packed", x, facts, document["parts"]), document["fingerprint"]

"""The packed form: all samples in one file that is mapped into memory, so that training waits for no decoder."""

import errno
import json
import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..core import DataSpec, UsageError, ZerosumError, whole_file
from . import plan as planning
from .builtin import BUILTIN
from .config import DataConfig
from .dataset import hash_of
from .facts import Facts
from .formats.packed import ALIGN, HEAD, MAGIC
from .load import open_path
from .source import Source

log = logging.getLogger("zerosum.data")


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


def prepare(source: "str | Path", target: "str | Path", config: DataConfig | None = None, *,
            progress: Callable[[int, int], None] | None = None) -> PackedInfo:
    """Pack all parts of a user's data into the file `target`; `config` says size, channels, fit, label and skip_bad."""
    config = replace(config or DataConfig(), data=str(source), split="all")
    if config.data in BUILTIN:
        raise UsageError(f"{config.data} is built in and needs no packing: zerosum train --data {config.data}")
    return _write(Path(target), open_path(config), config, progress)


def _write(target: Path, source: Source, config: DataConfig, progress: Callable[[int, int], None] | None) -> PackedInfo:
    """Stream all parts of a source into one packed file; it appears whole or not at all."""
    total = len(source.pixels)
    plan = planning.examine(source, range(total))
    planning.refuse_bad(plan, source, total, config, "at least ")            # so far only their heads were read
    planning.decide(plan, source, config)
    kept: list[int] = []
    with whole_file(target, _advice) as file:
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
    remarks = planning.notes(plan, source)
    for line in planning.left_out(plan) + remarks:
        log.warning(line)
    return PackedInfo(str(target), len(kept), facts.spec(plan.shape), document["parts"], size, document["fingerprint"],
                      tuple(plan.bad.values()), tuple(remarks))


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


def _advice(error: OSError, target: Path) -> ZerosumError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ZerosumError(f"the disk is full, {target} is not written: free some space or give another -o")
    if error.errno == errno.ENOENT:
        return UsageError(f"no such folder: {target.parent}; make it or give another -o")
    return ZerosumError(f"{target} cannot be written ({error.strerror}): give another -o")

"""Files that `zerosum data prepare` wrote: all samples in one array that is mapped into memory."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ...core import ZerosumError
from ..facts import Facts
from ..source import Source
from .head import head_of

# A file is: this head, zeros up to ALIGN, the samples, the labels, the attributes, and last a JSON document.
MAGIC = b"ZEROSUM\1"
HEAD = struct.Struct("<8sQQQI")              # magic, size of the file, where the document is, its length, its CRC-32
ALIGN = 4096                                 # samples begin on a page of memory
SUFFIX = ".zsd"


def recognises(path: Path) -> bool:
    """A file that begins as packed files do."""
    return path.is_file() and (head_of(path) == MAGIC or path.suffix == SUFFIX)


def read(path: Path, label: str) -> Source:
    """Map a packed file; a truncated or foreign one raises ZerosumError."""
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


def _mapped(path: Path, document: dict[str, Any]) -> Source:
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
    return Source(str(path), "packed", x, facts, document["parts"], fingerprint=document["fingerprint"])

"""Reads a file of weights, of any kind that PyTorch's users keep: zip, older files, pickled networks, safetensors."""

import io
import json
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from ..core import ZerosumError
from .allowed import quoted
from .archives import Archive
from .pickles import MOST_COPIED, Machine, Record
from .tensors import Tensors, is_persistent, numbers_of, storage_type

MAGIC = 0x1950A86A20F9469CFC6C               # what `torch.save` before 1.6 begins with
DEEPEST = 2                                  # files in files: a pickled network has its storages as such
LOADED_FROM_BYTES = "torch.storage._load_from_bytes"


@dataclass
class Contents:
    """What a file holds, as plain data and records; `tensor` makes tensors of these."""

    kind: str
    root: Any
    tensor: Callable[[Any], Tensor]          # `Tensors`; of safetensors, nothing is left to do
    size: int = 0                            # of the file, in bytes
    notes: dict[str, str] = field(default_factory=dict)       # that came with a safetensors file


def read_contents(path: Path) -> Contents:
    """Read a file of weights; nothing that it contains is ever run. Raises ZerosumError in one line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ZerosumError(f"cannot read {path}: {error.strerror}") from None
    try:
        found = _safetensors(data) if data[8:9] == b"{" else contents_of(data)
    except ZerosumError as error:
        raise ZerosumError(f"{path}: {error}") from None
    except (RecursionError, MemoryError):
        raise ZerosumError(f"{path}: this file is nested too deeply, or needs more memory than there is") from None
    found.size = len(data)
    return found


def contents_of(data: bytes, depth: int = 0) -> Contents:
    """What a zip file, an older file or a bare pickle holds."""
    if depth > DEEPEST:
        raise ZerosumError("this file holds files in files in files: it is refused")
    if data[:2] == b"PK":
        return _zip(data, depth)
    file = io.BytesIO(data)
    first = Machine(len(data)).run(file)
    if first == MAGIC and type(first) is int:
        return _legacy(file, data, depth)
    if file.read(1):
        raise ZerosumError("this file goes on behind its pickle: it is no file of weights that zerosum reads")
    return Contents("pickle", first, Tensors(_finder(lambda _: None, depth, len(data)), len(data)))


def _zip(data: bytes, depth: int) -> Contents:
    archive = Archive(data)
    if "constants.pkl" in archive:
        raise ZerosumError("this file is a TorchScript program: save the weights alone, torch.save(net.state_dict())")
    swap = (archive.read("byteorder") if "byteorder" in archive else b"little") != sys.byteorder.encode()
    root = Machine(len(data)).run(io.BytesIO(archive.read("data.pkl")))
    found: dict[str, Tensor] = {}

    def storage(words: tuple) -> Tensor | None:
        tag, kind, key, *_ = words
        if tag != "storage" or not isinstance(key, str):
            return None
        if key not in found:
            found[key] = numbers_of(archive.read(f"data/{key}"), storage_type(kind), swap)
        return _as(found[key], storage_type(kind))

    return Contents("zip", root, Tensors(_finder(storage, depth, len(data)), len(data)))


def _legacy(file: io.BytesIO, data: bytes, depth: int) -> Contents:
    """Protocol, system, value and keys as four pickles; then for each key a count of numbers, and these."""
    protocol, system, root, keys = (Machine(len(data)).run(file) for _ in range(4))
    if protocol != 1001 or not isinstance(system, dict) or not isinstance(keys, list):
        raise ZerosumError("this file is of a version of PyTorch that zerosum does not read")
    swap = system.get("little_endian", True) is not (sys.byteorder == "little")
    kinds = _kinds(root)
    found: dict[str, Tensor] = {}
    for key in keys:
        if not isinstance(key, str) or key not in kinds or key in found:
            raise ZerosumError("this file has storages that nothing in it asks for, or the same one twice")
        head = file.read(8)
        count = struct.unpack("<q", head)[0] if len(head) == 8 else -1
        length = count * kinds[key].itemsize
        block = file.read(length) if 0 <= length <= len(data) - file.tell() else b""
        if count < 0 or len(block) != length:
            raise ZerosumError(f"this file says that a storage has {count:,} numbers, more than it holds: it is "
                               "refused")
        found[key] = numbers_of(block, kinds[key], swap)

    def storage(words: tuple) -> Tensor | None:
        tag, kind, key, _, _, *view = words
        if tag != "storage" or key not in found:
            return None
        numbers = _as(found[key], storage_type(kind))
        if view and view[0] is not None:     # a part of a storage, as PyTorch had them until 0.3
            _, start, length = view[0]
            numbers = numbers[start:start + length] if min(start, length) >= 0 else numbers[:0]
        return numbers

    return Contents("legacy", root, Tensors(_finder(storage, depth, len(data)), len(data)))


def _kinds(root: Any) -> dict[str, Any]:
    """The types of all storages that a value asks for, by key."""
    kinds: dict[str, Any] = {}
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if not isinstance(value, (dict, list, tuple, Record)) or id(value) in seen:
            continue
        seen.add(id(value))
        if is_persistent(value):
            words = value.args[0]
            if isinstance(words, tuple) and len(words) >= 5 and words[0] == "storage" and isinstance(words[2], str):
                kinds[words[2]] = storage_type(words[1])
        elif isinstance(value, Record):
            waiting += [value.args, value.state, value.items, value.elements]
        else:
            waiting += value.values() if isinstance(value, dict) else value
    return kinds


def _finder(beside: Callable[[tuple], Tensor | None], depth: int, size: int) -> Callable[[Any], Tensor]:
    """Finds the numbers of a storage: beside the pickle, or in a file of PyTorch inside of it."""
    nested: dict[int, tuple[Any, Tensor]] = {}
    left = MOST_COPIED * size

    def find(value: Any) -> Tensor:
        nonlocal left
        if isinstance(value, Record) and value.name == LOADED_FROM_BYTES:
            if id(value) not in nested:
                left -= len(value.args[0])
                if left < 0:
                    raise ZerosumError("this file refers to its storages more often than weights do: it is refused")
                inside = contents_of(value.args[0], depth + 1)
                nested[id(value)] = value, inside.tensor.storage(inside.root)
            return nested[id(value)][1]
        if is_persistent(value) and isinstance(value.args[0], tuple) and len(value.args[0]) >= 5:
            numbers = beside(value.args[0])
            if numbers is not None:
                return numbers
        odd = value.args[0] if is_persistent(value) else value
        raise ZerosumError("this file asks for a storage by an odd name "
                           f"({quoted(odd) if isinstance(odd, str) else type(odd).__name__}): it is refused")
    return find


def _as(numbers: Tensor, dtype: Any) -> Tensor:
    if numbers.dtype != dtype:
        raise ZerosumError("this file takes one storage for numbers of two types: it is refused")
    return numbers


def _safetensors(data: bytes) -> Contents:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        length = int.from_bytes(data[:8], "little")
        notes = _notes(data[8:8 + length])
        return Contents("safetensors", load(data), lambda value: value, notes=notes)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ZerosumError(f"this file is damaged, or no safetensors file ({quoted(str(error))})") from None


def _notes(head: bytes) -> dict[str, str]:
    notes = json.loads(head).get("__metadata__") or {}
    return {str(key): str(value) for key, value in notes.items()}

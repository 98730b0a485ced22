"""Reads the zip files that PyTorch writes: never unpacked, every entry as it was stored and no larger than the file."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import TypeVar

from ..core import ZerosumError
from .allowed import quoted

T = TypeVar("T")
MOST_ENTRIES = 100_000


class Archive:
    """The entries of a zip file by name, without the folder that all of them are in."""

    def __init__(self, data: bytes):
        self.zip = _read(lambda: zipfile.ZipFile(io.BytesIO(data)))
        entries = self.zip.infolist()
        if len(entries) > MOST_ENTRIES:
            raise ZerosumError(f"this zip file has {len(entries):,} entries, more than any checkpoint: it is refused")
        self.entries = {}
        for entry in entries:
            _refuse(entry)
            if entry.filename in self.entries:
                raise ZerosumError(f"this zip file has two entries {quoted(entry.filename)}: it is refused")
            self.entries[entry.filename] = entry
        # Of stored entries that do not overlap, the sizes add up to less than the file's.
        if sum(entry.file_size for entry in entries) > len(data):
            raise ZerosumError("this zip file says that it holds more than its size: it is refused as a zip bomb")
        pickles = [name for name in self.entries if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ZerosumError("this zip file is no checkpoint of PyTorch: it has no data.pkl, or several")
        self.root = pickles[0].removesuffix("data.pkl")

    def __contains__(self, name: str) -> bool:
        return self.root + name in self.entries

    def read(self, name: str) -> bytes:
        """The bytes of an entry; raises ZerosumError where it is missing or damaged."""
        if name not in self:
            raise ZerosumError(f"this checkpoint lacks its part {quoted(name)}: download it again")
        return _read(lambda: self.zip.read(self.entries[self.root + name]))


def _refuse(entry: zipfile.ZipInfo) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise ZerosumError(f"this zip file has an entry {quoted(entry.filename)}, which leads out of its folder: it is "
                           "refused")
    if entry.flag_bits & 0x1:
        raise ZerosumError(f"the entry {quoted(entry.filename)} of this zip file is encrypted: it is refused")
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise ZerosumError(f"the entry {quoted(entry.filename)} of this zip file is compressed, which PyTorch does "
                           "not do: it is refused, as it may unpack to any size")


def _read(how: Callable[[], T]) -> T:
    try:
        return how()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError,
            OverflowError, IndexError, struct.error) as error:
        raise ZerosumError(f"this zip file is damaged ({quoted(str(error))}): download it again") from None

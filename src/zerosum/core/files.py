"""Files that appear under their name whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from .errors import UsageError, ZerosumError

Advice = Callable[[OSError, Path], ZerosumError]


def cannot_write(error: OSError, path: Path) -> ZerosumError:
    """The plain answer to an error of the file system: what happened, and where."""
    return ZerosumError(f"cannot write {path}: {error.strerror or error}")


@contextlib.contextmanager
def whole_file(path: Path, advice: Advice = cannot_write) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when it is complete and on the disk.

    A full disk, a read-only folder, an exception or a kill at any moment leaves the old file as it was. An OSError is
    raised as what `advice` makes of it: one line that says what to do.
    """
    # Beside the target, as only a rename within one file system is atomic. Random and not the process number, which
    # containers that share a folder have in common.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise advice(error, path) from error
    finally:
        with contextlib.suppress(OSError):       # gone already where all went well
            temporary.unlink()


def file_named(name: str | Path, *suffixes: str) -> Path:
    """The path of a file to write; raises UsageError, with the suffixes that it may have, where it has another."""
    path = Path(name)
    if path.suffix not in suffixes:
        listed = " or ".join(part for part in (", ".join(suffixes[:-1]), suffixes[-1]) if part)
        raise UsageError(f"cannot write {name}: name a {listed} file")
    return path


def refuse_target(path: Path) -> None:
    """Raise ZerosumError where no file could be written: asked before long work, not after it."""
    if path.is_dir():
        raise ZerosumError(f"cannot write {path}: it is a folder")
    if not os.access(path.parent, os.W_OK):
        what = "is not writable" if path.parent.is_dir() else "does not exist"
        raise ZerosumError(f"cannot write {path}: the folder {path.parent} {what}")


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too, where a folder can be opened and synced: on Windows and CIFS it cannot."""
    with contextlib.suppress(OSError):           # the file is whole in any case
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

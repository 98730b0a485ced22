"""Files that are either whole or absent, and read without running code."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from ..core import ZerosumError


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when it is complete and on the disk.

    A full disk, a read-only folder or a kill at any moment leaves the old file as it was; the first two raise
    ZerosumError with what to do.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ZerosumError(explain(error, path)) from error
    finally:
        with contextlib.suppress(OSError):       # gone already where all went well
            temporary.unlink()


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":                       # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def explain(error: OSError, path: Path) -> str:
    """One line for an error of the file system: what happened, where, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no space left to write {path}: free some, then go on with 'zerosum resume'"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"may not write {path}: choose another folder with --out, or mend its permissions"
    return f"cannot write {path}: {error.strerror or error}"


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically."""
    with atomic(path) as file:
        file.write((json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON document; raises ZerosumError where it is no JSON."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, OSError) as error:
        raise ZerosumError(f"cannot read {path}: {error}") from None


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write named tensors, with a JSON document about them, as one safetensors file, atomically."""
    from safetensors.torch import save

    # A copy of each: shared and channels-last tensors have no place in the format.
    plain = {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
             for name, tensor in tensors.items()}
    blob = save(plain, metadata={"zerosum": json.dumps(about)})
    with atomic(path) as file:
        file.write(blob)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote; raises ZerosumError for a missing, truncated or foreign file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("zerosum", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118 (it is no mapping)
    except FileNotFoundError:
        raise ZerosumError(f"no such file: {path}") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise ZerosumError(f"{path} is damaged or no safetensors file ({error})") from None

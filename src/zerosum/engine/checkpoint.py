"""What a run keeps on the disk: whole or absent, and read without running code."""

import errno
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from ..core import ZerosumError, cannot_write, whole_file


def atomic(path: Path) -> AbstractContextManager[BinaryIO]:
    """Open a file of a run that appears whole or not at all; raises ZerosumError with `explain`'s line."""
    return whole_file(path, lambda error, path: ZerosumError(explain(error, path)))


def explain(error: OSError, path: Path) -> str:
    """One line for an error of the file system: what happened, where, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no space left to write {path}: free some, then go on with 'zerosum resume'"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"may not write {path}: choose another folder with --out, or mend its permissions"
    return str(cannot_write(error, path))


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

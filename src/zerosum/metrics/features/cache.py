"""The user's cache folder, in which trained judges are kept."""

import contextlib
import os
import sys
from pathlib import Path

from torch import Tensor

from ...core import ZerosumError, whole_file


def cache_folder() -> Path:
    """$ZEROSUM_CACHE, or the place for caches on this platform."""
    if chosen := os.environ.get("ZEROSUM_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "zerosum"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "zerosum" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zerosum"


def read_cached(name: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Tensors and notes kept under this name; None where there are none, or none that can be read."""
    from safetensors import SafetensorError, safe_open

    path = cache_folder() / f"{name}.safetensors"
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError):       # what cannot be read is made again, and written over
        return None


def write_cached(name: str, tensors: dict[str, Tensor], notes: dict[str, str]) -> None:
    """Keep tensors and notes under this name, whole or not at all; a folder that cannot be written to keeps nothing."""
    from safetensors.torch import save

    # A read-only home is no error: the tensors are then made again by the next process.
    with contextlib.suppress(OSError, ZerosumError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        with whole_file(cache_folder() / f"{name}.safetensors") as file:
            file.write(save(tensors, metadata=notes))

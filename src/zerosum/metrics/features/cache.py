"""The user's cache folder, in which trained judges are kept."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from torch import Tensor


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
    """Keep tensors and notes under this name, atomically; a folder that cannot be written to keeps nothing."""
    from safetensors.torch import save

    # A read-only home is no error: the tensors are then made again by the next process.
    with contextlib.suppress(OSError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=cache_folder(), suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(save(tensors, metadata=notes))
            Path(temporary).replace(cache_folder() / f"{name}.safetensors")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

"""From a name or a path to a data set."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core import UsageError, build, nearest
from .builtin import BUILTIN
from .config import DataConfig
from .dataset import Dataset


def load_data(source: "str | Path | DataConfig" = "digits", **settings: Any) -> Dataset:
    """Load a built-in set or a user's own data; `settings` are fields of DataConfig. Unknown: UsageError."""
    if isinstance(source, DataConfig):
        config = replace(source, **settings)
    else:
        config = build(DataConfig, {"data": str(source)} | settings)
    if config.data in BUILTIN:
        return BUILTIN[config.data].make(config)
    path = Path(config.data).expanduser()
    if not path.exists():
        raise _missing(config.data)
    raise NotImplementedError


def _missing(data: str) -> UsageError:
    if Path(data).suffix or "/" in data or "\\" in data:
        return UsageError(f"no such file or folder: {data}")
    hint = nearest(data, BUILTIN) or f"; built in: {', '.join(BUILTIN)}"
    return UsageError(f"'{data}' is neither built-in data nor a file or folder{hint}")

"""One file per system, in one folder per family; the file name is the command-line name."""

import sys
from typing import Any

from ..core import discover, find_all

discover(sys.modules[__name__])


def __getattr__(name: str) -> Any:
    """`zerosum.models.WGANGP`: any model class by its Python name, imported when asked for."""
    if not name.startswith("_"):
        for cls in find_all():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"there is no model class '{name}': 'zerosum list' shows every system")

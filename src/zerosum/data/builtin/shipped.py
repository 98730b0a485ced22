"""Find files that other packages ship, without the time it takes to import the packages."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ...core import ZerosumError


@cache
def shipped(package: str, file: str) -> Path:
    """The path of a file inside an installed package; a missing one raises ZerosumError."""
    spec = find_spec(package)
    for root in (spec.submodule_search_locations or ()) if spec is not None else ():
        if Path(root, file).is_file():
            return Path(root, file)
    raise ZerosumError(f"{package} is not installed, or lacks {file}: pip install --force-reinstall {package}")


def font_file(name: str) -> Path:
    """A font of matplotlib."""
    return shipped("matplotlib", f"mpl-data/fonts/ttf/{name}.ttf")

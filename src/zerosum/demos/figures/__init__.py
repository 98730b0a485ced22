"""The figures of the demonstrations, one file for each under the name of its demonstration, and what they share."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...core.files import whole_file
from ...runs.canvas import ACCENT, COLOURS, INK, PALE, new_figure, plain, save

__all__ = ["ACCENT", "COLOURS", "FAKE", "INK", "JUDGE", "PALE", "REAL", "new_figure", "plain", "publish", "save",
           "save_numbers"]

REAL, FAKE, JUDGE = "#1c2024", "#2a8f3c", "#1f5fd0"          # of data, samples and D in 1406.2661


def publish(folder: Path, name: str, document: Mapping[str, Any], draw: Callable[[Any, Path], None],
            indent: int | None = 1) -> list[Path]:
    """Write what a demonstration has found as NAME.json and what it draws of it as NAME.png; returns both paths."""
    numbers, picture = folder / f"{name}.json", folder / f"{name}.png"
    save_numbers(document, numbers, indent)
    draw(document, picture)
    return [numbers, picture]


def save_numbers(document: Mapping[str, Any], path: Path, indent: int | None = 1) -> None:
    """Write what was found as a JSON file, whole or not at all."""
    with whole_file(path) as file:
        file.write((json.dumps(document, indent=indent) + "\n").encode())

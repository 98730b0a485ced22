"""The figures of the demonstrations, one file for each under the name of its demonstration, and what they share."""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from ...core.files import whole_file

INK, ACCENT, PALE = "#1c2024", "#0b6aa9", "#c9d1d9"
REAL, FAKE, JUDGE = "#1c2024", "#2a8f3c", "#1f5fd0"          # of data, samples and D in 1406.2661
COLOURS = ("#c2410c", "#0b6aa9", "#2a8f3c", "#7c3aed", "#d4a017", "#0e7490", "#be185d", "#57606a")


def new_figure(width: float, height: float, **options: Any) -> Any:
    """A figure of this many inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, **options)
    FigureCanvasAgg(figure)
    return figure


def plain(axis: Any) -> Any:
    """The axis without the frame's upper and right side, with small numbers."""
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.tick_params(labelsize=8)
    return axis


def save(figure: Any, path: Path, colours: int = 0, **options: Any) -> None:
    """Write a figure as a PNG file, whole or not at all; of so many colours, where it would be large with all."""
    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, format="png", facecolor="white", **options)
    with whole_file(path) as file:
        if colours:
            Image.open(drawn).convert("RGB").quantize(colours).save(file, "PNG", optimize=True)
        else:
            file.write(drawn.getvalue())


def publish(folder: Path, name: str, document: Mapping[str, Any], draw: Callable[[Any, Path], None],
            indent: int | None = 1) -> list[Path]:
    """Write what a demonstration has found as NAME.json and what it draws of it as NAME.png; returns both paths."""
    numbers, picture = folder / f"{name}.json", folder / f"{name}.png"
    with whole_file(numbers) as file:
        file.write((json.dumps(document, indent=indent) + "\n").encode())
    draw(document, picture)
    return [numbers, picture]

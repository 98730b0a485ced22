"""Figures drawn without a display, and written whole or not at all."""

from io import BytesIO
from pathlib import Path
from typing import Any

from ..core import whole_file

INK, ACCENT, PALE = "#1c2024", "#0b6aa9", "#c9d1d9"
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

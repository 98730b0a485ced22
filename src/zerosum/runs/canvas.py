"""Figures drawn without a display, and written whole or not at all."""

from pathlib import Path
from typing import Any

from ..core import whole_file

INK, ACCENT, PALE = "#1c2024", "#0b6aa9", "#c9d1d9"
# Okabe and Ito's colours, which most people with impaired colour vision tell apart, dark enough for white paper.
COLOURS = ("#0b6aa9", "#c2500c", "#087f5b", "#a33e85", "#8a6100", "#4b5563", "#3aa3d9", "#b3261e")


def new_figure(width: float, height: float, **options: Any) -> Any:
    """A figure of this many inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, **options)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Any, path: Path, **options: Any) -> None:
    """Write a figure as a PNG file, whole or not at all."""
    with whole_file(path) as file:
        figure.savefig(file, format="png", facecolor="white", **options)

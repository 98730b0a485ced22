"""Distances: what each says of two laws that slide apart, and how its estimates spread."""

from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any

from . import ACCENT, INK, new_figure, save

OTHER, APART = "#b4530a", 0.05               # the colour of f-divergences; least distance of names, in panels


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Two panels: values over the distance of two uniform laws, and standard deviations over the dimension."""
    figure = new_figure(12, 4.6)
    left, right = figure.subplots(1, 2, gridspec_kw={"wspace": 0.56, "left": 0.04, "right": 0.86, "bottom": 0.17})
    finite = {name: values for name, values in document["sliding"].items() if None not in values}
    _curves(left, document["shifts"], finite)
    infinite = [name for name in document["sliding"] if name not in finite]
    left.set(title="two uniform laws of width 1 that slide apart",
             xlabel=f"distance\n(infinite from the first step on: {', '.join(infinite)})")
    left.text(1.05, log(2) - 0.14, "stuck at log 2", fontsize=8.5, color=OTHER)
    left.axvline(1, color=INK, linewidth=0.6, linestyle=":")
    right.set(xscale="log", yscale="log", xlabel="dimensions",
              title=f"standard deviation of estimates from {document['samples']} samples")
    _curves(right, document["dimensions"], {name: found["deviation"] for name, found in document["spread"].items()})
    right.set_xticks(document["dimensions"], [str(dimension) for dimension in document["dimensions"]])
    right.minorticks_off()
    save(figure, path)


def _curves(axis: Any, x: Sequence[float], curves: Mapping[str, Sequence[float]]) -> None:
    """Curves, each named at its end, with names pushed apart; the colour says of which family it is."""
    for name, y in curves.items():
        axis.plot(x, y, color=_colour(name), linewidth=1.6)
    axis.margins(x=0)
    axis.autoscale_view()                    # the limits, which say where a curve ends, are else set when it is drawn
    to_panel, lowest = axis.transData + axis.transAxes.inverted(), -1.0
    for name, y in sorted(curves.items(), key=lambda item: item[1][-1]):
        lowest = max(lowest + APART, float(to_panel.transform((x[-1], y[-1]))[1]))
        axis.text(1.02, lowest, name, transform=axis.transAxes, va="center", fontsize=8.5, color=_colour(name))
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _colour(name: str) -> str:
    return ACCENT if name.endswith("samples") else OTHER

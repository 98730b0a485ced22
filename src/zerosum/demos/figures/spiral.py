"""The bilinear game: the path of both players under each rule, and their distance from the equilibrium."""

from collections.abc import Mapping
from math import hypot
from pathlib import Path
from typing import Any

from . import COLOURS, INK, PALE, new_figure, plain, save

TITLES = {"simultaneous": "simultaneous steps: spirals out", "alternating": "alternating steps: circles",
          "averaged": "mean of alternating steps: converges", "extragradient": "extragradient: converges"}


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A panel per rule with the field of the game behind, and the distances over the steps on a logarithmic scale."""
    colours = dict(zip(TITLES, COLOURS, strict=False))
    figure = new_figure(10.5, 6.6, layout="constrained")
    panels = figure.subplot_mosaic([["simultaneous", "alternating", "distance"],
                                    ["averaged", "extragradient", "distance"]], width_ratios=[1, 1, 1.15])
    for name, title in TITLES.items():
        _panel(panels[name], document["paths"][name], colours[name])
        panels[name].set_title(title, fontsize=10, color=INK)
    axis = plain(panels["distance"])
    for name in TITLES:
        axis.semilogy([hypot(*at) for at in document["paths"][name]], color=colours[name], linewidth=1.8, label=name)
    axis.set(xlabel="steps", xlim=(0, document["steps"]), ylim=(1e-2, 100))
    axis.set_title("distance from the equilibrium", fontsize=10, color=INK)
    axis.legend(frameon=False, fontsize=9, loc="upper left")
    figure.suptitle(f"min over x, max over y of x y, at rate {document['rate']:g}", fontsize=11, color=INK)
    save(figure, path)


def _panel(axis: Any, points: list[list[float]], colour: str) -> None:
    """The way of both players from the ring to the dot, among the arrows of their gradients, within a fixed window."""
    import numpy as np

    reach = 3.0
    x, y = np.meshgrid(np.linspace(-reach, reach, 11), np.linspace(-reach, reach, 11))
    axis.quiver(x, y, -y, x, color=PALE, angles="xy", width=0.005)
    axis.plot(0, 0, "+", color=INK, markersize=11, markeredgewidth=1.4)
    axis.plot(*zip(*points, strict=True), color=colour, linewidth=1.5)
    axis.plot(*points[0], "o", color="white", markeredgecolor=INK, markersize=6)
    axis.plot(*points[-1], "o", color=colour, markersize=6)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[-2, 0, 2], yticks=[-2, 0, 2],
             xlabel="x, which descends", ylabel="y, which ascends")
    plain(axis)

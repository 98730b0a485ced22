"""The game in one dimension: four panels in the colours of the first GAN paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..game import VIEW, data_density, grid
from . import FAKE, INK, JUDGE, PALE, REAL, new_figure, plain, save

TALLEST = 1.3


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A panel per moment of the first game: densities and D above, the lines from z to G(z) below."""
    panels = next(iter(document["games"].values()))
    figure = new_figure(12.5, 4.8, layout="constrained")
    axes = figure.subplots(2, len(panels), height_ratios=[2.6, 1], squeeze=False)
    for (above, below), panel in zip(axes.T, panels, strict=True):
        _curves(above, panel)
        _lines(below, panel)
    axes[0, 0].legend(frameon=False, fontsize=8.5, loc="upper left")
    axes[0, 0].set_ylabel("density; D", fontsize=9, color=INK)
    save(figure, path)


def _curves(axis: Any, panel: Mapping[str, Any]) -> None:
    axis.axhline(0.5, color=PALE, linewidth=0.8, zorder=0)
    axis.plot(grid(), data_density(), ":", color=REAL, linewidth=2, label="data p")
    axis.plot(grid(), panel["samples"], color=FAKE, linewidth=2, label="samples q")
    axis.plot(grid(), panel["d"], "--", color=JUDGE, linewidth=2, label="D")
    axis.set(xlim=VIEW, ylim=(-0.02, TALLEST), yticks=[0, 0.5, 1], xticks=[])
    axis.set_title(f"{panel['title']}\n|D - 1/2| = {panel['from half']:.3f} where data is", fontsize=10, color=INK)
    plain(axis)


def _lines(axis: Any, panel: Mapping[str, Any]) -> None:
    """z on the lower edge, drawn around the middle, and G(z) on the upper."""
    low, high = VIEW
    for z, x in zip(panel["z"], panel["x"], strict=True):
        if low < x < high:
            at = (low + high) / 2 + z * (high - low) * 0.2
            axis.annotate("", (x, 1), (at, 0), arrowprops={"arrowstyle": "-|>", "color": FAKE, "linewidth": 0.8,
                                                           "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7})
    axis.set(xlim=VIEW, ylim=(0, 1), xticks=[], yticks=[])
    axis.text(low, 0.97, " x", fontsize=9, color=INK, va="top")
    axis.text(low, 0.03, " z", fontsize=9, color=INK)
    for side in ("left", "right"):
        axis.spines[side].set_visible(False)

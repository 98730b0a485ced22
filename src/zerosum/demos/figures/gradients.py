"""What a generator hears: its gradient while D alone is trained, and loss and slope of one sample by its score."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import COLOURS, INK, PALE, new_figure, plain, save

SLOPES = {"saturating": "log(1 - D), saturating", "non-saturating": "-log D, non-saturating",
          "least-squares": "(s - 1)² / 2, least squares", "hinge": "-s, hinge and Wasserstein"}


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Above, norms over updates of D: a thick median of thin seeds; below, loss and slope over the score."""
    colours = dict(zip(document["courses"], COLOURS, strict=False))
    figure = new_figure(11, 8, layout="constrained")
    panels = figure.subplot_mosaic([["courses", "courses"], ["loss", "slope"]], height_ratios=[1.15, 1])
    _courses(plain(panels["courses"]), document, colours)
    for part, limits in (("loss", (-4, 8)), ("slope", (-4, 4))):
        axis = plain(panels[part])
        for name, found in document["saturation"].items():
            axis.plot(document["scores"], found[part], color=colours[name], linewidth=1.9, label=SLOPES[name])
        axis.axhline(0, color=PALE, linewidth=0.8, zorder=0)
        axis.axvline(0, color=PALE, linewidth=0.8, zorder=0)
        axis.set(xlim=(-6, 6), ylim=limits, xlabel="score s of a sample: surely fake ... surely real, D = sigmoid(s)")
    panels["loss"].set_title("the generator's loss of one sample", fontsize=10, color=INK)
    panels["slope"].set_title("its slope: what the sample feels", fontsize=10, color=INK)
    panels["slope"].legend(frameon=False, fontsize=8.5, loc="upper left")
    save(figure, path)


def _courses(axis: Any, document: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    from statistics import median

    for name, found in document["courses"].items():
        seeds = list(found["seeds"].values())
        for norms in seeds:
            axis.semilogy(document["updates"], norms, color=colours[name], linewidth=0.7, alpha=0.5)
        axis.semilogy(document["updates"], [median(at) for at in zip(*seeds, strict=True)], color=colours[name],
                      linewidth=2.2, label=name)
    axis.set(xlabel="updates of the discriminator, while the generator stands still", xlim=(0, document["updates"][-1]))
    axis.set_title("norm of the generator's gradient", fontsize=10, color=INK)
    axis.legend(frameon=False, fontsize=9, loc="lower left")

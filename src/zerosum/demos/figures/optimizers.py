"""The optimizer race, as walks over level lines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..optimizers import SURFACES
from . import ACCENT, INK, PALE, new_figure, save


def draw(document: Mapping[str, Any], path: Path) -> None:
    """The walk of every optimizer over level lines, a row per surface; a dot where it starts, a cross where it ends."""
    import torch

    races = document["races"]
    columns = max(map(len, races.values()))
    figure = new_figure(1.75 * columns, 2.1 * len(races), layout="constrained")
    for row, (where, walks) in zip(figure.subplots(len(races), columns, squeeze=False), races.items(), strict=True):
        surface = SURFACES[where]
        x, y = (torch.linspace(*limits, 120) for limits in surface.view)
        height = surface.height(torch.stack(torch.meshgrid(x, y, indexing="xy"), -1))
        for axis, (name, walk) in zip(row, walks.items(), strict=True):
            axis.contour(x, y, height.sign() * height.abs() ** 0.4, 12, colors=PALE, linewidths=0.6, linestyles="-")
            axis.plot(*zip(*walk["path"], strict=True), color=ACCENT, linewidth=1.1)
            axis.plot(*walk["path"][0], "o", color=INK, markersize=3.5)
            axis.plot(*walk["path"][-1], "x", color=INK, markersize=5)
            reached = f"{walk['steps']} steps" if walk["steps"] is not None else f"not in {document['steps']}"
            axis.set(xlim=surface.view[0], ylim=surface.view[1], xticks=[], yticks=[])
            axis.set_title(f"{name}, {walk['rate']:g}\n{where}: {reached}", fontsize=8, color=INK)
    save(figure, path)

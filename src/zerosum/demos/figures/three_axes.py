"""The three axes of the losses, as radars."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import ACCENT, INK, new_figure, save


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A radar per loss, all of one scale: its axes as medians over seeds, each seed thinly, and 1 as the rim."""
    losses, names = document["losses"], list(document["definitions"])
    columns = 4
    rows = -(-len(losses) // columns)
    figure = new_figure(3.1 * columns, 3.2 * rows + 0.6)
    axes = list(figure.subplots(rows, columns, squeeze=False, subplot_kw={"projection": "polar"},
                                gridspec_kw={"wspace": 0.45, "hspace": 0.22}).flat)
    for axis, (loss, found) in zip(axes, losses.items(), strict=False):
        _radar(axis, loss, names, found)
    for axis in axes[len(losses):]:
        axis.set_visible(False)
    figure.suptitle(f"Three axes of every loss, 1 (the rim) is ideal; thick: median of {len(document['seeds'])} seeds",
                    color=INK, fontsize=11, y=1.0)
    save(figure, path, bbox_inches="tight")


def _radar(axis: Any, title: str, names: list[str], found: Mapping[str, Any]) -> None:
    """One polygon, the median with its numbers, over a thin one per seed; straight lines, as a radar's are."""
    from math import pi

    angles = [2 * pi * i / len(names) for i in range(len(names))]
    closed = [*angles, angles[0]]
    axis.set_theta_offset(pi / 2)
    axis.set_theta_direction(-1)
    for seed in found["seeds"].values():
        axis.plot(closed, [seed["axes"][name] for name in (*names, names[0])], color=ACCENT, linewidth=0.7, alpha=0.5)
    values = [found["axes"][name] for name in (*names, names[0])]
    axis.plot(closed, values, color=ACCENT, linewidth=2)
    axis.fill(closed, values, color=ACCENT, alpha=0.14, linewidth=0)
    for level in (0.25, 0.5, 0.75, 1.0):
        axis.plot(closed, [level] * len(closed), color=INK, linewidth=0.5 if level < 1 else 0.9, alpha=0.35)
    axis.set(ylim=(0, 1.0), yticks=[])
    axis.grid(visible=False)
    axis.spines["polar"].set_visible(False)
    axis.set_xticks(angles, [f"{name}\n{found['axes'][name]:.2f}" for name in names], fontsize=8, color=INK)
    axis.tick_params(pad=7)
    axis.set_title(title, fontsize=9.5, color=INK, pad=14)

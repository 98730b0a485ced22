"""Two time scales: modes reached over training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import ACCENT, INK, new_figure, save


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A panel per game: modes reached over updates, each seed thinly and their median."""
    from statistics import median

    games, columns = document["games"], 5
    rows = -(-len(games) // columns)
    figure = new_figure(2.5 * columns, 2.3 * rows + 0.2, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat)
    at = [document["updates"] * look / document["looks"] for look in range(1, document["looks"] + 1)]
    for axis, game in zip(axes, games, strict=False):
        courses = [seed["modes"] for seed in game["seeds"].values()]
        for course in courses:
            axis.plot(at, course, color=ACCENT, linewidth=0.7, alpha=0.5)
        axis.plot(at, [median(each) for each in zip(*courses, strict=True)], color=ACCENT, linewidth=2)
        axis.set(ylim=(-0.3, 8.3), yticks=[0, 4, 8])
        axis.tick_params(labelsize=7)
        steps = "1 step" if game["d_steps"] == 1 else f"{game['d_steps']} steps"
        axis.set_title(f"D {game['d_lr']:g}, G {game['lr']:g}\n{steps} of D", fontsize=9, color=INK)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    for axis in axes[len(games):]:
        axis.set_visible(False)
    figure.supxlabel("updates of D and G together", fontsize=8, color=INK)
    figure.supylabel("modes reached", fontsize=8, color=INK)
    save(figure, path)

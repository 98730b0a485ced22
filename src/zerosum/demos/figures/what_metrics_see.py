"""What the metrics see, as tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import INK, new_figure, save


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A table per data set and feature space: how little of each damage every metric notices; dark is early."""
    results, damages = document["results"], list(document["damages"])
    rows = (len(results) + 1) // 2
    tallest = max(len(result["metrics"]) for result in results.values())
    figure = new_figure(12, rows * (0.28 * tallest + 1.1), layout="constrained")
    for axis, (name, result) in zip(figure.subplots(rows, 2, squeeze=False).flat, results.items(), strict=False):
        _table(axis, f"{name} features, {result['samples']} samples each", result["metrics"], damages)
    figure.suptitle(f"Smallest damage that a metric notices ({document['false alarms']:.0%} false alarms, "
                    f"{document['power']:.0%} of draws); blank: not even the full one", color=INK, fontsize=11)
    save(figure, path)


def _table(axis: Any, title: str, metrics: Mapping[str, Any], damages: list[str]) -> None:
    """Metrics down, damages across; every cell says the smallest strength and is the darker the smaller it is."""
    for row, of in enumerate(metrics.values()):
        for column, damage in enumerate(damages):
            noticed = of[damage]["noticed from"]
            shade = 0.0 if noticed is None else 1 - 0.85 * noticed
            axis.add_patch(_cell(column, row, shade))
            if noticed is not None:
                axis.text(column + 0.5, row + 0.5, f"{noticed:g}", ha="center", va="center", fontsize=8,
                          color="white" if shade > 0.55 else INK)
    axis.set(xlim=(0, len(damages)), ylim=(len(metrics), 0))
    axis.set_xticks([i + 0.5 for i in range(len(damages))], damages, rotation=28, ha="right", fontsize=8, color=INK)
    axis.set_yticks([i + 0.5 for i in range(len(metrics))], list(metrics), fontsize=8, color=INK)
    axis.set_title(title, fontsize=9.5, color=INK, loc="left")
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _cell(column: int, row: int, shade: float) -> Any:
    from matplotlib.patches import Rectangle

    start, end = (0.95, 0.96, 0.97), (0.043, 0.416, 0.659)
    colour = tuple(a + (b - a) * shade for a, b in zip(start, end, strict=True))
    return Rectangle((column + 0.03, row + 0.06), 0.94, 0.88, facecolor=colour, linewidth=0)

"""The order of the game: samples at the end, and the share of each mode over training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import ACCENT, INK, new_figure, save


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A row per order: samples at the end of the first seed, and beside them the share of each mode over training."""
    orders, seeds = document["orders"], document["seeds"]
    figure = new_figure(2.2 + 3.0 * len(seeds), 2.2 * len(orders), layout="constrained")
    rows = figure.subplots(len(orders), 1 + len(seeds), squeeze=False,
                           gridspec_kw={"width_ratios": [1, *[1.35] * len(seeds)]})
    for row, (name, found) in zip(rows, orders.items(), strict=True):
        games = list(found["seeds"].values())
        row[0].scatter(*zip(*games[0]["samples"], strict=True), s=3, color=ACCENT, linewidths=0)
        row[0].set(xlim=(-2.9, 2.9), ylim=(-2.9, 2.9), xticks=[], yticks=[], aspect="equal")
        row[0].set_title(f"{name}: {found['moves'][0]} D, {found['moves'][1]} G", fontsize=9, color=INK)
        for axis, seed, game in zip(row[1:], seeds, games, strict=True):
            axis.imshow(list(zip(*game["shares"], strict=True)), aspect="auto", cmap="Blues", vmin=0, vmax=0.6,
                        interpolation="nearest", extent=(0, 1, 0.5, 8.5), origin="lower")
            axis.set(xticks=[0, 1], yticks=[1, 8])
            axis.set_xticklabels(["start", "end"], fontsize=7)
            axis.tick_params(labelsize=7, length=0)
            axis.set_title(f"seed {seed}: {game['modes']} of 8 modes, {game['hops']} hops", fontsize=9, color=INK)
    figure.suptitle("Share of samples at each mode over training", color=INK, fontsize=10)
    save(figure, path)

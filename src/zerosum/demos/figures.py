"""The figures of the demonstrations, and the numbers beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.files import whole_file

INK, ACCENT, PALE = "#1c2024", "#0b6aa9", "#c9d1d9"


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


def save_numbers(document: Mapping[str, Any], path: Path, indent: int | None = None) -> None:
    """Write what a demonstration has found as a JSON file, whole or not at all."""
    with whole_file(path) as file:
        file.write((json.dumps(document, indent=indent) + "\n").encode())


def what_metrics_see(document: Mapping[str, Any], path: Path) -> None:
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


def three_axes(document: Mapping[str, Any], path: Path) -> None:
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


def optimizer_race(document: Mapping[str, Any], surfaces: Mapping[str, Any], path: Path) -> None:
    """The walk of every optimizer over level lines, a row per surface; a dot where it starts, a cross where it ends."""
    import torch

    races = document["races"]
    columns = max(map(len, races.values()))
    figure = new_figure(1.75 * columns, 2.1 * len(races), layout="constrained")
    for row, (where, walks) in zip(figure.subplots(len(races), columns, squeeze=False), races.items(), strict=True):
        surface = surfaces[where]
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


def game_order(document: Mapping[str, Any], path: Path) -> None:
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


def clinic(pictures: Mapping[str, Any], path: Path) -> None:
    """Samples of each ill training, beside each other."""
    rows = -(-len(pictures) // 4)
    figure = new_figure(11.0, 2.9 * rows, layout="constrained")
    axes = list(figure.subplots(rows, 4, squeeze=False).flat)
    for axis in axes:
        axis.axis("off")
    for axis, (name, picture) in zip(axes, pictures.items(), strict=False):
        axis.imshow(picture.convert("RGB"), interpolation="nearest")
        axis.set_title(name, fontsize=9, color=INK)
    save(figure, path)


def time_scales(document: Mapping[str, Any], path: Path) -> None:
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

"""Digits with flaws and with longer strokes, and how often L2, ink and two judges call the flaw worse."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from torch import Tensor

from . import COLOURS, INK, new_figure, plain, save

NAMES = {"digit": "the digit", "isolated": "one pixel too many", "hole": "one pixel missing",
         "prolonged": "a stroke prolonged", "scattered": "that ink, scattered", "taller": "taller"}


def draw(document: Mapping[str, Any], pictures: Mapping[str, Tensor], path: Path) -> None:
    """A row for each change with its numbers below each picture; beside them how often each judge is right."""
    figure = new_figure(14.0, 8.4, layout="constrained")
    left, side = figure.subfigures(1, 2, width_ratios=[2.0, 1])
    shown, last = document["shown"], list(document["judges"])[-1]
    axes = left.subplots(len(pictures), len(shown["digit"]), squeeze=False)
    for row, (name, x) in zip(axes, pictures.items(), strict=True):
        for at, (axis, picture) in enumerate(zip(row, x, strict=True)):
            axis.imshow(picture[0].numpy(), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            if name != "digit":
                axis.set_xlabel(f"L2 {shown['distance'][name][at]:.1f}  {last} {-shown['lost'][last][name][at]:+.2f}",
                                fontsize=7.5, color=INK, labelpad=2)
        row[0].set_ylabel(NAMES[name], fontsize=9, color=INK)
    _bars(plain(side.subplots()), document)
    save(figure, path)


def _bars(axis: Any, document: Mapping[str, Any]) -> None:
    """How often each judge calls the flaw of a pair worse; dots are seeds."""
    pairs = list(document["right by L2"])
    sides = {"L2": [document["right by L2"]], "ink alone": [document["right by ink"]]} | {
        name: [of["right"] for of in seeds.values()] for name, seeds in document["judges"].items()}
    width = 0.84 / len(sides)
    for number, (name, each) in enumerate(sides.items()):
        for at, pair in enumerate(pairs):
            place, values = at + (number - (len(sides) - 1) / 2) * width, [found[pair] for found in each]
            axis.barh(place, median(values), height=0.92 * width, color=COLOURS[number], alpha=0.85,
                      label=name if not at else None)
            tied = name == "ink alone" and pair.startswith("scattered")
            axis.text(max(values) + 0.02, place, "the same" if tied else f"{median(values):.0%}", va="center",
                      fontsize=8, color=INK)
            axis.plot(values if len(values) > 1 else [], [place] * len(values) if len(values) > 1 else [], "o",
                      color=INK, markersize=2.5)
    axis.set_yticks(range(len(pairs)), [pair.replace(", ", "\nagainst\n") for pair in pairs], fontsize=8.5)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.18)
    axis.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.04), ncols=4, frameon=False)
    axis.set_title("how often the flaw is called worse (dots: seeds)", fontsize=10, color=INK)

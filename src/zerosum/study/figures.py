"""The figures of a study: score against budget, spread over hyper-parameters, and what a longer search would bring."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..runs.canvas import COLOURS, INK, new_figure, plain, save
from .results import Found, best_of, found_in

WIDE = 8.0                                   # the largest over the smallest score that a linear axis shows
CROWD = 4                                    # systems whose bands can be told apart


def draw_figures(document: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw all three, a panel per data set, and return their files; none where nothing is finite."""
    cells = found_in(document)
    of_data = {data: [each for each in cells if each.data == data and math.isfinite(each.best.score())]
               for data in document["rules"]["data"]}
    of_data = {data: those for data, those in of_data.items() if those}
    if not of_data:
        return []
    colours = {name: (COLOURS[i % len(COLOURS)], "--" if i >= len(COLOURS) else "-")
               for i, name in enumerate(document["systems"])}
    drawn = []
    for name, draw in (("budget", _budget), ("spread", _spread), ("search", _search)):
        figure = new_figure(5.2 * len(of_data) + 1.4, 4.0, layout="constrained")
        axes = figure.subplots(1, len(of_data), squeeze=False)[0]
        for axis, (data, those) in zip(axes, of_data.items(), strict=True):
            draw(plain(axis), those, document, colours)
            axis.set_title(data, fontsize=11, color=INK)
        if name != "spread":                  # where the rows are named
            figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8, frameon=False)
        save(figure, folder / f"{name}.png", colours=128)
        drawn.append(folder / f"{name}.png")
    return drawn


def _scale(axis: Any, values: Sequence[float], which: str) -> None:
    """A logarithmic axis where scores are positive and far apart."""
    finite = [value for value in values if math.isfinite(value)]
    if finite and min(finite) > 0 and max(finite) > WIDE * min(finite):
        from matplotlib.ticker import FuncFormatter, LogLocator

        axis.set(**{f"{which}scale": "log"})
        of = getattr(axis, f"{which}axis")
        of.set_major_locator(LogLocator(10, subs=(1, 2, 5) if max(finite) < 1_000 * min(finite) else (1,)))
        of.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        of.set_minor_formatter(FuncFormatter(lambda value, _: ""))


def _budget(axis: Any, cells: Sequence[Found], document: Mapping[str, Any], colours: Mapping[str, Any]) -> None:
    """The best draw of each system, chosen anew at every moment, and thinly the median of all draws."""
    moments = document["rules"]["moments"]
    seen = []
    for cell in cells:
        colour, dashes = colours[cell.system]
        unit, budget = next(iter(document["budget"][cell.system].items()))
        at = [budget * (moment + 1) / moments for moment in range(moments)]
        best = [cell.scores(moment)[0] for moment in range(moments)]
        middle = [cell.scores(moment)[(len(cell.draws) - 1) // 2] for moment in range(moments)]
        axis.plot(at, best, color=colour, linestyle=dashes, linewidth=1.8, marker="o", markersize=3, label=cell.system)
        axis.plot(at, middle, color=colour, linestyle=dashes, linewidth=0.8, alpha=0.45)
        seen += best + middle
    axis.set_xlabel(f"{unit} trained with", fontsize=9)
    axis.set_ylabel(f"{document['score']}: best draw (thin: median draw)", fontsize=9)
    _scale(axis, seen, "y")


def _spread(axis: Any, cells: Sequence[Found], document: Mapping[str, Any], colours: Mapping[str, Any]) -> None:
    """Every draw of each system as a dot, its median as a bar; what has diverged stands at the edge as a cross."""
    finite = [score for cell in cells for score in cell.scores() if math.isfinite(score)]
    edge = (min(finite) if document["better"] == "higher" else max(finite))
    for row, cell in enumerate(cells):
        colour, scores = colours[cell.system][0], cell.scores()
        good = [score for score in scores if math.isfinite(score)]
        lift = [row + 0.16 * math.sin(2.4 * i) for i in range(len(good))]      # apart, and the same every time
        axis.scatter(good, lift, s=16, color=colour, alpha=0.75, linewidths=0)
        axis.plot([scores[(len(scores) - 1) // 2]] * 2, [row - 0.32, row + 0.32], color=colour, linewidth=2)
        if len(good) < len(scores):
            axis.plot([edge], [row], "x", color=colour, markersize=6)
            axis.annotate(f"{len(scores) - len(good)} diverged", (edge, row), (0, 7), textcoords="offset points",
                          fontsize=7, color=colour, ha="right")
    axis.set_yticks(range(len(cells)), [cell.system for cell in cells], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel(f"{document['score']} at the end, a dot for each draw (bar: median)", fontsize=9)
    _scale(axis, finite, "x")


def _search(axis: Any, cells: Sequence[Found], document: Mapping[str, Any], colours: Mapping[str, Any]) -> None:
    """The best score that a search of k draws finds: the median of all such searches, and the middle half of them."""
    from matplotlib.ticker import MaxNLocator

    seen = []
    for cell in cells:
        colour, dashes = colours[cell.system]
        ranked, ks = cell.scores(), range(1, len(cell.draws) + 1)
        middle, low, high = ([best_of(ranked, k, share) for k in ks] for share in (0.5, 0.25, 0.75))
        axis.plot(ks, middle, color=colour, linestyle=dashes, linewidth=1.8, marker="o", markersize=2.5,
                  label=cell.system)
        if len(cells) <= CROWD:
            axis.fill_between(ks, low, high, color=colour, alpha=0.12, linewidth=0)
        seen += middle
    axis.set_xlabel("draws of hyper-parameters in the search", fontsize=9)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    band = ", band: middle half" if len(cells) <= CROWD else ""
    axis.set_ylabel(f"best {document['score']} found (median search{band})", fontsize=9)
    _scale(axis, seen, "y")

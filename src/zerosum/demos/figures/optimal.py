"""The optimal discriminator: trained D on D* for three pairs of laws, and the value that it reaches on C(G)."""

from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

from ..optimal import APART, PAIRS, Law, cost, grid, optimum
from . import FAKE, INK, JUDGE, PALE, REAL, new_figure, plain, save

FINE = 80                                    # points of the curve of C(G)


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A panel per pair: both densities, D* and D; then V(D, G) of trained discriminators on the curve of C(G)."""
    figure = new_figure(11.5, 6.8, layout="constrained")
    panels = figure.subplot_mosaic([list(PAIRS), ["value"] * len(PAIRS)])
    for name in PAIRS:
        _pair(panels[name], name, document["pairs"][name])
    panels[next(iter(PAIRS))].legend(frameon=False, fontsize=8.5, loc="center left")
    axis = plain(panels["value"])
    furthest = max(APART)
    at = [furthest * i / FINE for i in range(FINE + 1)]
    axis.plot(at, [cost(Law((0.0,), (1.0,)), Law((apart,), (1.0,))) for apart in at], color=PALE, linewidth=6,
              label="C(G) = -log 4 + 2 JSD, by integration")
    axis.plot([each["apart"] for each in document["values"]], [each["trained"] for each in document["values"]], "o",
              color=JUDGE, markersize=7, label="V(D, G) of the trained D")
    for level, words, x in ((0, "0: the laws no longer touch", 0), (-log(4), "-log 4: the laws are the same", 4.6)):
        axis.axhline(level, color=INK, linewidth=0.6, linestyle=":")
        axis.text(x, level, words, va="top" if level == 0 else "bottom", fontsize=8.5, color=INK)
    axis.set(xlabel="distance d between N(0, 1) and N(d, 1)", ylabel="value of the game", xlim=(-0.1, furthest + 0.1))
    axis.set_title("the value that a trained discriminator reaches is the theorem's", fontsize=10, color=INK)
    axis.legend(frameon=False, fontsize=9, loc="center right")
    save(figure, path)


def _pair(axis: Any, name: str, found: Mapping[str, Any]) -> None:
    x = grid()
    p, q = PAIRS[name]
    axis.plot(x, p.density(x), ":", color=REAL, linewidth=1.8, label="data p")
    axis.plot(x, q.density(x), color=FAKE, linewidth=1.8, label="samples q")
    axis.plot(x, optimum(p, q, x), color=PALE, linewidth=6, label="D* = p / (p + q)", zorder=0)
    axis.plot(x, found["d"], "--", color=JUDGE, linewidth=1.6, label="D, trained")
    axis.set(xlim=(-4.5, 4.5), ylim=(-0.03, 1.05))
    axis.set_title(f"{name}: |D - D*| = {found['mean']:.3f} on average", fontsize=10, color=INK)
    plain(axis)

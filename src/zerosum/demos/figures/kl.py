"""Kullback-Leibler both ways: what each divergence fits to two humps and to a plateau, and what it charges."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..kl import TARGETS, gaussian, grid
from . import COLOURS, FAKE, INK, REAL, new_figure, plain, save

NAMES = {"forward": "KL(p || q)", "reverse": "KL(q || p)", "js": "JS(p, q)"}
PRICED = {"missing mode": "price of a missing mode", "unrealistic samples": "price of unrealistic samples"}
TALLEST = {"two humps": 0.9, "a plateau": 0.5}


def draw(document: Mapping[str, Any], path: Path) -> None:
    """A row per law, a column per divergence: the data dotted, the fit filled; below, the price of two faults."""
    figure = new_figure(10.5, 7.4, layout="constrained")
    rows = [[f"{law}/{kind}" for kind in NAMES for _ in range(2)] for law in document["fits"]]
    panels = figure.subplot_mosaic([*rows, [fault for fault in document["penalties"] for _ in range(3)]])
    for law, fits in document["fits"].items():
        for kind, found in fits.items():
            _fit(panels[f"{law}/{kind}"], law, kind, found)
        panels[f"{law}/forward"].set_ylabel(f"data: {law}", fontsize=10, color=INK)
    for fault, prices in document["penalties"].items():
        _prices(panels[fault], fault, prices)
    panels[f"{next(iter(document['fits']))}/forward"].legend(frameon=False, fontsize=8.5, loc="upper right")
    save(figure, path)


def _fit(axis: Any, law: str, kind: str, found: Mapping[str, float]) -> None:
    x, cell = grid(), float(grid()[1] - grid()[0])
    axis.plot(x, TARGETS[law]() / cell, ":", color=REAL, linewidth=1.6, label="data p")
    fitted = gaussian(found["mean"], found["spread"]) / cell
    axis.plot(x, fitted, color=FAKE, linewidth=1.6, label="Gaussian q")
    axis.fill_between(x, fitted, color=FAKE, alpha=0.18, linewidth=0)
    axis.set(xlim=(-5, 5), ylim=(0, TALLEST[law]), yticks=[])
    axis.set_title(f"least {NAMES[kind]}: {found['value']:.2f} nats\n"
                   f"q = N({round(found['mean'], 2) + 0:g}, {found['spread']:.2f}²)", fontsize=9.5, color=INK)
    plain(axis)


def _prices(axis: Any, fault: str, prices: Mapping[str, float]) -> None:
    bars = axis.barh([NAMES[kind] for kind in prices], list(prices.values()), color=COLOURS[:3], height=0.6)
    axis.bar_label(bars, [f"{price:.2f}" for price in prices.values()], padding=3, fontsize=9, color=INK)
    axis.set(xlabel="nats", xlim=(0, max(prices.values()) * 1.18))
    axis.invert_yaxis()
    axis.set_title(PRICED[fault], fontsize=9.5, color=INK)
    plain(axis)

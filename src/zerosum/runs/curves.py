"""The curves of a run, read from its log: losses of each player, scores, rate; of one run, or of several compared."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import read_log
from .chart import Line, chart, standalone

Records = list[dict[str, Any]]
Panels = dict[str, list[Line]]


def records_of(folder: Path) -> Records:
    """The records of a run folder's log in order of step; cut and foreign lines are left out.

    Where the log steps back (a killed run wrote more than its checkpoint knew), what came later counts.
    """
    kept: Records = []
    for record in read_log(Path(folder) / "log.jsonl"):
        if not (isinstance(record, dict) and isinstance(record.get("step"), int)):
            continue
        while kept and kept[-1]["step"] > record["step"]:
            kept.pop()
        kept.append(record)
    return kept


def panels_of(records: Records) -> Panels:
    """Sort what was logged into panels: one for each player, one for each score, gradients and the rate."""
    panels: Panels = {}
    for key, (steps, values) in _series(records, "terms").items():
        player, _, term = key.rpartition("/")
        panels.setdefault(player or "terms", []).append(Line(term, steps, values))
    gradients = [Line(player, steps, values) for player, (steps, values) in _series(records, "gradients").items()]
    if gradients:
        panels["norm of the gradient"] = gradients
    for key, (steps, values) in _series(records, "scores").items():
        panels[key] = [Line(key, steps, values, smooth=False)]
    rates = [(r["step"], r["rate"]) for r in records if isinstance(r.get("rate"), int | float)]
    if rates:
        steps, values = np.array(rates, float).T
        panels["rate"] = [Line("steps per second", steps, values)]
    return panels


def _series(records: Records, field: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        numbers = record.get(field)
        for key, value in numbers.items() if isinstance(numbers, dict) else ():
            if isinstance(value, int | float):
                found.setdefault(str(key), []).append((record["step"], value))
    return {key: tuple(np.array(pairs, float).T) for key, pairs in found.items()}


def curves(folder: Path) -> dict[str, str]:
    """Charts of a run folder by title, as <svg> elements for a page that holds `chart.STYLE`; none without a log."""
    return _drawn(panels_of(records_of(folder)))


def compared(runs: Mapping[str, Records]) -> dict[str, str]:
    """Charts that lay the runs over each other: one for each term, each score, and the rate."""
    overlaid: Panels = {}
    for name, records in runs.items():
        for title, lines in panels_of(records).items():
            for line in lines:
                whole = f"{title}: {line.name}" if line.name != title else title
                overlaid.setdefault(whole, []).append(Line(name, line.steps, line.values, line.smooth))
    return _drawn(overlaid)


def _drawn(panels: Panels) -> dict[str, str]:
    charts = {title: chart(title, lines) for title, lines in panels.items()}
    return {title: text for title, text in charts.items() if text}


def compare(folders: Sequence[Path]) -> str:
    """Overlay several runs in one SVG document; the colours follow the order of the folders."""
    return standalone(list(compared({Path(folder).name: records_of(folder) for folder in folders}).values()))

"""What a study has found, as one document, and the numbers of its table: all of them functions of that document."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean, median, stdev
from typing import Any

from ..version import __version__
from .sheet import Cell, Sheet
from .store import Outcome, Store, best_outcome
from .training import Training


def document_of(sheet: Sheet, store: Store, budget: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a study has found so far, as JSON."""
    return {"name": sheet.name, "title": sheet.title, "score": sheet.reading,
            "better": "higher" if store.higher else "lower", "budget": dict(budget),
            "rules": asdict(sheet.rules),
            "systems": {each.name: {"model": each.model, "preset": each.preset, "settings": each.settings,
                                    "space": {d.name: {k: v for k, v in asdict(d).items() if k != "name"}
                                              for d in each.space}} for each in sheet.systems},
            "cells": [_cell_document(cell, store) for cell in sheet.cells],
            "version": __version__, "date": time.strftime("%Y-%m-%d", time.gmtime())}


def _cell_document(cell: Cell, store: Store) -> dict[str, Any]:
    draws, fresh = store.found(cell)
    return {"system": cell.system.name, "data": cell.data, "planned": len(cell.draws),
            "draws": [_outcome_document(each) for each in draws],
            "confirmed": [_outcome_document(each) for each in fresh]}


def _outcome_document(outcome: Outcome) -> dict[str, Any]:
    return {"number": outcome.number, "values": outcome.values,
            "trainings": [training.to_json() for training in outcome.trainings]}


@dataclass(frozen=True)
class Found:
    """One cell of a study, read from the document. Scores of `moment` -1 are those at the end of the budget."""

    system: str
    data: str
    planned: int
    draws: tuple[Outcome, ...]
    confirmed: tuple[Outcome, ...]
    higher: bool

    def scores(self, moment: int = -1) -> list[float]:
        """Of every draw, the best first."""
        return sorted((each.score(moment) for each in self.draws), reverse=self.higher)

    @property
    def best(self) -> Outcome:
        return best_outcome(self.draws, self.higher)

    @property
    def fresh(self) -> list[float]:
        """Scores of the best draw, trained with fresh seeds."""
        return [each.score() for each in self.confirmed]

    @property
    def diverged(self) -> int:
        """How many trainings did not reach the end of their budget."""
        return sum(bool(training.failure) for each in self.draws for training in each.trainings)

    @property
    def seconds(self) -> float:
        """Of one training, the median."""
        return median(training.seconds for each in self.draws for training in each.trainings)

    @property
    def illness(self) -> str:
        """What the doctor named most often at the end, and in how many of the trainings."""
        told = [name for each in self.draws for training in each.trainings for name in training.illnesses]
        if not told:
            return ""
        most = max(sorted(set(told)), key=told.count)
        return f"{most} ({told.count(most)} of {sum(len(each.trainings) for each in self.draws)})"


def found_in(document: Mapping[str, Any]) -> list[Found]:
    """The cells of a study that have a score."""
    higher = document["better"] == "higher"
    worst = -math.inf if higher else math.inf

    def outcomes(those: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
        return tuple(Outcome(each["number"], each["values"],
                             tuple(Training.from_json(t, worst) for t in each["trainings"])) for each in those)

    return [Found(cell["system"], cell["data"], cell["planned"], outcomes(cell["draws"]), outcomes(cell["confirmed"]),
                  higher) for cell in document["cells"] if cell["draws"]]


def best_of(ranked: Sequence[float], k: int, share: float) -> float:
    """The value that the best of k scores drawn with replacement from `ranked`, best first, reaches in this share of
    all draws: the smallest x_(i) with 1 - (1 - i/n)^k >= share.

    With it a search of k trials is repeated in thought, from the n that were made (1711.10337, Sec. 5), exactly.
    """
    n = len(ranked)
    return next(value for i, value in enumerate(ranked, 1) if 1 - (1 - i / n) ** k >= share - 1e-12)


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean; None for fewer than two values, or where one is not finite."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    from scipy.stats import t

    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def sure(found: Found) -> tuple[float, tuple[float, float] | None]:
    """The score to compare by: the mean over fresh seeds with its 95 % interval, else the best draw's with none, as
    the best of many says nothing of how far luck carried it."""
    return (fmean(found.fresh), interval(found.fresh)) if found.fresh else (found.best.score(), None)


def leaders(cells: Sequence[Found], moments: int) -> list[list[str]]:
    """At every moment, the systems in the order of their best draw's score at that moment."""
    return [[each.system for each in sorted(cells, key=lambda c: c.scores(moment)[0], reverse=cells[0].higher)]
            for moment in range(moments)]


def overtakings(cells: Sequence[Found], moments: int) -> list[tuple[str, str, int, int]]:
    """Pairs whose order depends on the budget: (ahead at moment a, ahead at the later moment b, a, b), each once."""
    orders = leaders(cells, moments)
    found = []
    for one, other in combinations([each.system for each in cells], 2):
        first = [order.index(one) < order.index(other) for order in orders]
        change = next((moment for moment in range(1, moments) if first[moment] != first[0]), None)
        if change is not None:
            ahead, later = (one, other) if first[0] else (other, one)
            found.append((ahead, later, 0, change))
    return found


def alike(cells: Sequence[Found]) -> list[str] | None:
    """The systems whose interval meets that of the leader, itself among them: a study of this size does not tell them
    apart. None where an interval is missing."""
    those = [(each.system, *sure(each)) for each in cells if math.isfinite(sure(each)[0])]
    if not those or any(interval is None for *_, interval in those):
        return None
    low, high = (max if cells[0].higher else min)(those, key=lambda each: each[1])[2]
    return [system for system, _, (one, other) in those if one <= high and other >= low]


def spreads(cells: Sequence[Found]) -> tuple[float, float]:
    """How far scores lie apart for the hyper-parameters of one system (the width of the middle half of its draws, a
    median over systems), and for the systems at their best (the width of the middle half of their best draws)."""
    def width(values: Sequence[float]) -> float:
        low, high = (best_of(values, 1, share) for share in (0.25, 0.75))
        return abs(high - low)

    bests = sorted((cell.best.score() for cell in cells), reverse=cells[0].higher)
    return median(width(cell.scores()) for cell in cells), width(bests)

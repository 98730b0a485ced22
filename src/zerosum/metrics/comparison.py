"""What a comparison found: scores by model, tested differences, and both as a table for a terminal."""

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Any, Literal

from .score import Score

LEVEL = 0.05                                 # of significance
HOW = ("A difference counts where p < 0.05 after Holm's correction over the pairs of its metric. p comes from the 95 % "
       "intervals, taken as normal and independent; that all met the same real samples makes it rather too large than "
       "too small. It tells these weights apart; methods differ if it holds over several seeds of training.")


@dataclass(frozen=True)
class Difference:
    """Two models on one metric; `p` is two-sided and corrected over all pairs of the metric."""

    better: str
    worse: str
    amount: float                            # of the values, or of their distances to the ideal; >= 0
    p: float

    @property
    def significant(self) -> bool:
        return self.p < LEVEL


@dataclass(frozen=True)
class Standing:
    """One model on one metric among the others; `p` is that of its difference from the best."""

    model: str
    score: Score
    verdict: Literal["best", "no worse", "worse", ""]        # no worse: than the best, as far as can be told
    p: float | None
    beats: tuple[str, ...]                   # models that are significantly worse

    @property
    def words(self) -> str:
        """The verdict with its p."""
        return self.verdict if self.p is None else f"{self.verdict}, {in_words(self.p)}"


@dataclass(frozen=True)
class Comparison:
    """Scores by model and metric, and for each metric its differences, or why there are none."""

    scores: dict[str, dict[str, Score]]
    differences: dict[str, tuple[Difference, ...]]
    silent: dict[str, str]                   # metric -> why its values were not tested

    @property
    def models(self) -> list[str]:
        return list(self.scores)

    @property
    def metrics(self) -> list[str]:
        return list(next(iter(self.scores.values())))

    def standings(self, metric: str) -> list[Standing]:
        """The models on this metric, the best first."""
        scores = {model: found[metric] for model, found in self.scores.items()}
        finite = [model for model, score in scores.items() if math.isfinite(score.value)]
        ordered = sorted(finite, key=lambda model: badness(scores[model]))
        lowest = badness(scores[ordered[0]]) if ordered and not self._unequal(metric) else math.nan
        pairs = self.differences.get(metric, ())
        against = {pair.worse: pair for pair in pairs if pair.better == ordered[0]}
        found = []
        for model in [*ordered, *(model for model in scores if model not in finite)]:
            best = badness(scores[model]) == lowest
            pair = None if best else against.get(model)
            verdict = "best" if best else "" if pair is None else "worse" if pair.significant else "no worse"
            beats = tuple(pair.worse for pair in pairs if pair.better == model and pair.significant)
            found.append(Standing(model, scores[model], verdict, pair and pair.p, beats))
        return found

    def _unequal(self, metric: str) -> bool:
        return self.silent.get(metric, "").startswith("measured")

    def notes(self) -> list[str]:
        """How all was measured, and what the metrics have to say of it; what differs only in its numbers once."""
        protocols: dict[str, dict[str, None]] = {}             # text -> models
        warnings: dict[str, tuple[str, dict[str, None], dict[str, None]]] = {}     # shape -> text, metrics, models
        for metric in self.metrics:
            for model, scores in self.scores.items():
                protocols.setdefault(scores[metric].protocol, {})[model] = None
                for text in scores[metric].card.warnings:
                    _text, metrics, models = warnings.setdefault(re.sub(r"[\d.]+", "", text), (text, {}, {}))
                    metrics[metric] = models[model] = None
        said = [f"of {text}" + ("" if len(models) == len(self.scores) else f" ({', '.join(models)})")
                for text, models in protocols.items()]
        for text, metrics, models in warnings.values():
            first, *others = models
            said.append(f"NOTE {', '.join(metrics)}: {text} ({first}" + (f"; likewise {', '.join(others)})" if others
                                                                          else ")"))
        return said

    def lines(self, width: int = 80) -> Iterator[str]:
        """The table as lines of text: a paragraph for each metric, its models from the best to the worst."""
        numbers = {model: number for number, model in enumerate(self.models, 1)}
        for metric in self.metrics:
            standings = self.standings(metric)
            reason = self.silent.get(metric)
            yield f"{metric}: {better_words(standings[0].score)}"
            yield from _aligned([_cells(standing, numbers) for standing in standings], width)
            yield from wrap(f"  not tested: {reason}", width) if reason else []
            yield ""
        for note in [*self.notes(), HOW] if self.differences else self.notes():
            yield from wrap(note, width, break_long_words=False)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def to_json(self) -> dict[str, Any]:
        """As JSON: scores with their cards, differences with p, and the standing of every model."""
        standing = {metric: [{"model": s.model, "verdict": s.verdict, "p": s.p, "better than": list(s.beats)}
                             for s in self.standings(metric)] for metric in self.metrics}
        return {"scores": {model: {name: score.to_json() for name, score in found.items()}
                           for model, found in self.scores.items()},
                "differences": {metric: [asdict(pair) | {"significant": pair.significant} for pair in pairs]
                                for metric, pairs in self.differences.items()},
                "not tested": self.silent, "standing": standing, "method": HOW}


def badness(score: Score) -> float:
    """The value, turned so that lower is better."""
    sign = {"lower": 1, "higher": -1}.get(score.card.better)
    return abs(score.value - score.card.ideal) if sign is None else sign * score.value


def in_words(p: float) -> str:
    """A p-value with as many digits as are worth reading."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def better_words(score: Score) -> str:
    """Which values of a metric are better."""
    card = score.card
    if card.better == "nearer":
        return f"nearer to {card.ideal:.4g} is better"
    return f"{card.better} is better" + ("" if card.ideal is None else f", ideal {card.ideal:.4g}")


def _cells(standing: Standing, numbers: dict[str, int]) -> list[str]:
    value, interval = standing.score.value, standing.score.card.interval
    beats = " ".join(str(numbers[model]) for model in standing.beats)
    return [f"{numbers[standing.model]}", standing.model, f"{value:.4g}" if math.isfinite(value) else "not finite",
            "" if interval is None else f"[{interval[0]:.4g}, {interval[1]:.4g}]", standing.words,
            f"beats {beats}" if beats and len(numbers) > 2 else ""]


def _aligned(rows: list[list[str]], width: int) -> Iterator[str]:
    """Rows in columns; long names are cut in the middle until the line fits."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    over = 2 + sum(widths) + 2 * (sum(map(bool, widths)) - 1) - width
    widths[1] = max(12, widths[1] - max(0, over))
    for row in rows:
        cells = [cell.rjust(size) if column in (0, 2) else _cut(cell, size).ljust(size)
                 for column, (cell, size) in enumerate(zip(row, widths, strict=True)) if size]
        yield ("  " + "  ".join(cells)).rstrip()


def _cut(text: str, size: int) -> str:
    """The text, or its beginning and end around two dots."""
    return text if len(text) <= size else f"{text[:(size - 2) // 2]}..{text[len(text) - (size - 1) // 2:]}"

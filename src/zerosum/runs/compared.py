"""The section of a page that shows runs measured alike: their scores, how sure they are, and which differ."""

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .chart import RIGHT, WIDTH, short, ticks
from .page import paragraph, table

if TYPE_CHECKING:
    from ..metrics import Comparison, Score
    from ..metrics.comparison import Standing

ROW, TOP, FLOOR = 26, 46, 30                 # heights of a run's row, of the title above and the axis below
NAME = 130                                   # width of the runs' names


def scores_measured(found: "Comparison") -> list[str]:
    """A row for each metric, a column for each run, and a chart of intervals for each metric, as markup."""
    from ..metrics.comparison import HOW, better_words

    rows = []
    for metric in found.metrics:
        standing = {s.model: s for s in found.standings(metric)}
        cells = [_cell(standing[model], len(found.models)) for model in found.models]
        untested = f"<br><small>not tested: {escape(found.silent[metric])}</small>" if metric in found.silent else ""
        what = escape(better_words(found.scores[found.models[0]][metric]))
        rows.append((f"{escape(metric)}<br><small>{what}</small>{untested}", *cells))
    charts = [intervals(metric, {model: found.scores[model][metric] for model in found.models})
              for metric in found.metrics]
    return [table(("Score", *found.models), rows, numbers=range(1, len(found.models) + 1),
                  style="wide compared"),
            paragraph("The best value is bold; below each is its 95 % interval, and how it stands beside the best.",
                      "note"),
            *([paragraph(HOW, "note")] if found.differences else []),
            *(paragraph(note, "note warning" if note.startswith("NOTE") else "note") for note in found.notes()),
            '<div class="charts">' + "\n".join(charts) + "</div>"]


def _cell(standing: "Standing", runs: int) -> str:
    value, interval = standing.score.value, standing.score.card.interval
    shown = f"{value:.4g}" if math.isfinite(value) else "not finite"
    below = ["" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}", standing.words,
             f"better than {', '.join(standing.beats)}" if standing.beats and runs > 2 else ""]
    small = "".join(f"<br><small>{escape(text)}</small>" for text in below if text)
    return (f"<b>{shown}</b>" if standing.verdict == "best" else shown) + small


def intervals(metric: str, scores: "dict[str, Score]") -> str:
    """Values with their 95 % intervals, a row for each run, and the ideal where it is near, as an <svg> element."""
    ends = {name: (score.card.interval or (score.value, score.value)) for name, score in scores.items()
            if math.isfinite(score.value)}
    if not ends:
        return ""
    ideal = next(iter(scores.values())).card.ideal
    low, high = _range([(*ends[name], scores[name].value) for name in ends], ideal)
    height = TOP + ROW * len(scores) + FLOOR
    x = {value: NAME + (WIDTH - RIGHT - NAME) * (value - low) / (high - low)
         for value in {*ticks(low, high, 5), *(v for name in ends for v in (*ends[name], scores[name].value)),
                       *([] if ideal is None else [ideal])}}
    said = ", ".join(f"{name} {short(scores[name].value)}" for name in ends)
    parts = [f'<svg class="zc" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(f"{metric}: {said}")}">',
             f'<text class="title" x="0" y="13">{escape(metric)}</text>']
    for tick in ticks(low, high, 5):
        parts.append(f'<path class="rule" d="M{x[tick]:.1f} {TOP - 12}V{height - FLOOR + 4}"/><text x="{x[tick]:.1f}" '
                     f'y="{height - FLOOR + 19}" text-anchor="middle">{short(tick)}</text>')
    if ideal is not None and low <= ideal <= high:
        parts.append(f'<path class="axis" stroke-dasharray="3 3" d="M{x[ideal]:.1f} {TOP - 12}V{height - FLOOR + 4}"/>'
                     f'<text x="{x[ideal]:.1f}" y="{TOP - 18}" text-anchor="{_anchor(x[ideal])}">ideal</text>')
    for number, name in enumerate(scores):
        y = TOP + ROW * number + ROW / 2
        parts.append(f'<text class="legend" x="0" y="{y + 4:.1f}">{escape(_cut(name))}</text>')
        if name in ends:
            left, right = (x[end] for end in ends[name])
            whisker = f"M{left:.1f} {y - 4:.1f}v8M{left:.1f} {y:.1f}H{right:.1f}M{right:.1f} {y - 4:.1f}v8" \
                if scores[name].card.interval else ""
            middle = x[scores[name].value]
            parts.append(f"<g><title>{escape(f'{name}: {short(scores[name].value)}')}</title>"
                         f'<path class="smooth s{number % 12}" d="{whisker}M{middle - 3:.1f} {y - 3:.1f}h6v6h-6z"/>'
                         "</g>")
    return "\n".join([*parts, "</svg>"])


def _range(values: Sequence[tuple[float, ...]], ideal: float | None) -> tuple[float, float]:
    """What the axis spans: all intervals, and the ideal unless it lies so far off that nothing else could be seen."""
    low, high = min(map(min, values)), max(map(max, values))
    if ideal is not None and max(high, ideal) - min(low, ideal) < 4 * (high - low):
        low, high = min(low, ideal), max(high, ideal)
    margin = 0.04 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def _anchor(x: float) -> str:
    return "end" if x > WIDTH - 40 else "middle"


def _cut(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:9]}..{name[-9:]}"

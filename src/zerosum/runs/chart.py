"""Line charts as SVG text: crisp at every size, dark where the reader's screen is, and readable without a script."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

WIDTH, HEIGHT = 480, 250
LEFT, RIGHT, BOTTOM = 46, 10, 26             # margins around the plot
MOST_POINTS = 600                            # of one line
BANDS = 40                                   # vertical bands that tell their values when pointed at

# The colours are Okabe and Ito's, which most people with impaired colour vision tell apart, darkened or lightened
# until they stand out from paper and from black; beyond six lines the dashes change.
STYLE = """
.zc { --ink: #1c2024; --quiet: #5d6671; --rule: #e6e8ec; --axis: #b9c0c8; font: 11px system-ui, sans-serif;
      --c0: #0b6aa8; --c1: #c2500c; --c2: #087f5b; --c3: #a33e85; --c4: #8a6100; --c5: #4b5563; overflow: visible }
@media (prefers-color-scheme: dark) { .zc { --ink: #e8eaed; --quiet: #9aa4af; --rule: #2b3037; --axis: #4a525c;
      --c0: #62b5ec; --c1: #f08a4b; --c2: #3fc79a; --c3: #e08cc4; --c4: #dcb13c; --c5: #aab4c0 } }
.zc text { fill: var(--quiet); font-variant-numeric: tabular-nums }
.zc .title { fill: var(--ink); font-size: 13px; font-weight: 600 }
.zc .legend { fill: var(--ink) }
.zc .rule { stroke: var(--rule) } .zc .axis { stroke: var(--axis) }
.zc path { fill: none; stroke-linejoin: round; vector-effect: non-scaling-stroke }
.zc .raw { stroke-width: 1; opacity: .3 } .zc .smooth { stroke-width: 1.8 }
.zc .band { fill: var(--ink); opacity: 0 } .zc .band:hover { opacity: .09 }
""" + "".join(f".zc .s{i} {{ stroke: var(--c{i % 6}){'; stroke-dasharray: 5 3' if i >= 6 else ''} }}\n"
              for i in range(12))


@dataclass(frozen=True)
class Line:
    """One named sequence of numbers over the steps; `smooth` draws its moving average over the faint original."""

    name: str
    steps: np.ndarray
    values: np.ndarray
    smooth: bool = True


def chart(title: str, lines: Sequence[Line], log: bool | None = None) -> str:
    """Draw lines over the training steps; `log` None takes a logarithmic axis where values are positive and most of
    them span a factor of 1000.

    The text is an <svg> element for a page that holds `STYLE`; `standalone` makes a file of several.
    """
    lines = [Line(line.name, *_finite(line), line.smooth) for line in lines]
    lines = [line for line in lines if len(line.steps)]
    if not lines:
        return ""
    legend, top = _legend(title, lines)
    everything = np.concatenate([line.values for line in lines])
    if log is None:
        low, high = np.quantile(everything, (0.02, 0.98))        # one value near zero is no reason
        log = bool(high > 1000 * low)
    log = log and bool(everything.min() > 0)
    steps = np.concatenate([line.steps for line in lines])
    plot = _Plot(float(steps.min()), float(steps.max()), *_range(everything, log), top, log)
    label = f"{title}: " + ", ".join(f"{line.name} ends at {short(line.values[-1])}" for line in lines)
    parts = [f'<svg class="zc" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">', *legend,
             *plot.axes()]
    for number, line in enumerate(lines):
        parts += plot.draw(line, number % 12)
    return "\n".join([*parts, *plot.bands(lines), "</svg>"])


def standalone(charts: Sequence[str], columns: int = 2) -> str:
    """Arrange charts in one SVG document that needs nothing else."""
    columns = min(columns, max(1, len(charts)))
    rows = math.ceil(len(charts) / columns)
    step_x, step_y = WIDTH + 32, HEIGHT + 28
    placed = [part.replace("<svg ", f'<svg x="{16 + i % columns * step_x}" y="{14 + i // columns * step_y}" '
                           f'width="{WIDTH}" height="{HEIGHT}" ', 1) for i, part in enumerate(charts)]
    paper = "<style>.paper { fill: #fff } @media (prefers-color-scheme: dark) { .paper { fill: #16191d } }" \
            f"{STYLE}</style>"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * step_x} {rows * step_y}" '
            f'width="{columns * step_x}" height="{rows * step_y}">\n{paper}<rect class="paper" width="100%" '
            f'height="100%"/>\n' + "\n".join(placed) + "\n</svg>\n")


def short(value: float) -> str:
    """A number in at most seven characters or so: 1.2k, 0.034, 3e-07."""
    value, size = float(value), abs(float(value))
    if size >= 1e15 or 0 < size < 1e-3:
        return f"{value:.3g}"
    for unit, factor in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= factor * 0.9995:
            return f"{value / factor:.3g}{unit}"
    return f"{value:.3g}"


def moving_average(values: np.ndarray) -> np.ndarray:
    """Centred mean over a twentieth of the curve, nearer values counting more; it does not lag behind the curve."""
    half = len(values) // 80
    index = np.arange(len(values))
    start, end = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    for _ in range(2 if half else 0):        # two flat windows make a triangular one
        sums = np.concatenate([[0.0], np.cumsum(values)])
        values = (sums[end] - sums[start]) / (end - start)
    return values


def thin(steps: np.ndarray, values: np.ndarray, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Keep the smallest and the largest value of each stretch, so that no spike is lost, and both ends."""
    if len(values) <= most:
        return steps, values
    keep = {0, len(values) - 1}
    for part in np.array_split(np.arange(len(values)), most // 2 - 1):
        keep |= {int(part[values[part].argmin()]), int(part[values[part].argmax()])}
    index = np.array(sorted(keep))
    return steps[index], values[index]


def _finite(line: Line) -> tuple[np.ndarray, np.ndarray]:
    steps, values = np.asarray(line.steps, float), np.asarray(line.values, float)
    good = np.isfinite(steps) & np.isfinite(values)
    return steps[good], values[good]


def _range(values: np.ndarray, log: bool) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if log:
        return low / 1.2, high * 1.2
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def _legend(title: str, lines: Sequence[Line]) -> tuple[list[str], float]:
    """Title, and a key with each line's last value; returns it with the height that it takes."""
    parts, x, y = [f'<text class="title" x="0" y="13">{escape(title)}</text>'], 0.0, 33
    for number, line in enumerate(lines):
        text = f"{'last' if line.name == title else line.name}  {short(line.values[-1])}"
        width = 22 + 7.2 * len(text)         # wide enough for the larger letters on a phone
        if x and x + width > WIDTH:
            x, y = 0.0, y + 17
        parts.append(f'<path class="smooth s{number % 12}" d="M{x:.0f} {y - 4}h13"/>'
                     f'<text class="legend" x="{x + 18:.0f}" y="{y}">{escape(text)}</text>')
        x += width
    return parts, y + 14


def ticks(low: float, high: float, about: int) -> list[float]:
    """About so many round numbers between two."""
    step = 10.0 ** math.floor(math.log10((high - low) / about))
    step *= next((m for m in (1, 2, 5, 10) if (high - low) / (m * step) <= about), 10)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


@dataclass(frozen=True)
class _Plot:
    """Where steps and values lie on the sheet."""

    first: float
    last: float
    low: float
    high: float
    top: float
    log: bool

    def x(self, steps: np.ndarray | float) -> np.ndarray:
        return LEFT + (WIDTH - LEFT - RIGHT) * (np.asarray(steps) - self.first) / ((self.last - self.first) or 1.0)

    def y(self, values: np.ndarray | float) -> np.ndarray:
        scale = np.log10 if self.log else np.asarray
        low, high = scale(self.low), scale(self.high)
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - self.top) * (scale(np.asarray(values)) - low) / (high - low)

    def axes(self) -> list[str]:
        if self.log:
            decades = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            marks = [10.0 ** k for k in decades][::max(1, len(decades) // 5)]
        else:
            marks = ticks(self.low, self.high, 5)
        floor = HEIGHT - BOTTOM
        parts = [f'<path class="rule" d="M{LEFT} {self.y(t):.1f}H{WIDTH - RIGHT}"/>'
                 f'<text x="{LEFT - 7}" y="{self.y(t) + 4:.1f}" text-anchor="end">{short(t)}</text>' for t in marks]
        parts.append(f'<path class="axis" d="M{LEFT} {floor}H{WIDTH - RIGHT}"/>'
                     f'<text x="{LEFT - 7}" y="{floor + 16}" text-anchor="end">step</text>')
        if self.last > self.first:
            parts += [f'<text x="{self.x(t):.1f}" y="{floor + 16}" text-anchor="middle">{short(t)}</text>'
                      for t in ticks(self.first, self.last, 6)]
        return parts

    def draw(self, line: Line, number: int) -> list[str]:
        if len(line.steps) == 1:             # a point would be invisible
            x, y = self.x(line.steps[0]), self.y(line.values[0])
            return [f'<path class="smooth s{number}" d="M{x - 4:.1f} {y:.1f}h8"/>']
        average = moving_average(line.values) if line.smooth else line.values
        parts = [self._path(f"smooth s{number}", line.steps, average)]
        if average is not line.values:
            parts.insert(0, self._path(f"raw s{number}", line.steps, line.values))
        return parts

    def _path(self, style: str, steps: np.ndarray, values: np.ndarray) -> str:
        steps, values = thin(steps, values)
        points = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(self.x(steps), self.y(values)))
        return f'<path class="{style}" d="M{points}"/>'

    def bands(self, lines: Sequence[Line]) -> list[str]:
        """Invisible bands that show step and values where the pointer rests."""
        parts, edges = [], np.linspace(self.first, self.last, BANDS + 1)
        averages = [moving_average(line.values) if line.smooth else line.values for line in lines]
        for left, right in pairwise(edges):
            middle = (left + right) / 2
            nearest = [int(np.abs(line.steps - middle).argmin()) for line in lines]
            said = [f"{line.name} {short(average[i])}" for line, average, i in zip(lines, averages, nearest)]
            text = escape("\n".join([f"step {lines[0].steps[nearest[0]]:,.0f}", *said]))
            parts.append(f'<rect class="band" x="{self.x(left):.1f}" y="{self.top:.1f}" '
                         f'width="{self.x(right) - self.x(left):.1f}" height="{HEIGHT - BOTTOM - self.top:.1f}">'
                         f"<title>{text}</title></rect>")
        return parts

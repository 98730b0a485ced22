"""What a person sees while it trains: a live line on a terminal, a plain line every few seconds elsewhere."""

import sys
import time
from collections.abc import Mapping
from typing import Any


def duration(seconds: float) -> str:
    """12 s, 3 min 05 s, 2 h 10 min."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Progress:
    """Shows rate, time left, losses and memory on stderr; `quiet` shows nothing."""

    PLAIN_EVERY = 5.0                         # seconds between lines where nobody can see a line move

    def __init__(self, total_steps: int, first_step: int, quiet: bool = False):
        self.total, self.first, self.quiet = total_steps, first_step, quiet
        self.live = not quiet and sys.stderr.isatty()
        self._start = self._shown = time.monotonic()
        self._step = first_step
        self._display: Any = None

    def say(self, text: str) -> None:
        """Print one line above the live one."""
        if self.quiet:
            return
        if self._display is not None:
            self._display.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def update(self, step: int, terms: Mapping[str, float], memory_mb: float, share: float | None = None) -> None:
        """Show progress; `share` is the done part of a budget that is not counted in steps."""
        if self.quiet:
            return
        self._step, now = step, time.monotonic()
        if self.live:
            if now - self._shown >= 0.1:
                self._shown = now
                self._draw(step, terms, memory_mb, share)
        elif now - self._shown >= self.PLAIN_EVERY:
            self._shown = now
            print(self.line(step, terms, memory_mb, share), file=sys.stderr, flush=True)

    def line(self, step: int, terms: Mapping[str, float], memory_mb: float, share: float | None) -> str:
        """One line of plain text: step, rate, time left, memory, losses."""
        total = f"/{self.total:,}" if self.total else ""
        left = self.left(step, share)
        parts = [f"step {step:,}{total}", f"{self.rate(step):.1f} steps/s",
                 *([f"{duration(left)} left"] if left is not None else []), f"{memory_mb:.0f} MB"]
        return "  ".join([*parts, *(f"{name} {value:.4g}" for name, value in terms.items())])

    def rate(self, step: int) -> float:
        """Steps per second since this process began."""
        return (step - self.first) / max(time.monotonic() - self._start, 1e-9)

    def left(self, step: int, share: float | None) -> float | None:
        """Seconds left, where the budget tells."""
        spent = time.monotonic() - self._start
        if share is not None:
            return spent * (1 - share) / share if share > 0 else None
        rate = self.rate(step)
        return (self.total - step) / rate if self.total and rate > 0 else None

    def _draw(self, step: int, terms: Mapping[str, float], memory_mb: float, share: float | None) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        if self._display is None:
            self._display = Live(console=Console(stderr=True), auto_refresh=False)
            self._display.start()
        done = share if share is not None else step / self.total if self.total else None
        left = self.left(step, share)
        table = Table.grid(padding=(0, 2), expand=False)
        bar = ProgressBar(total=1.0, completed=done or 0.0, width=24, pulse=done is None)
        table.add_row(bar, f"step {step:,}" + (f"/{self.total:,}" if self.total else ""),
                      f"{self.rate(step):.1f} steps/s", f"{duration(left)} left" if left is not None else "",
                      f"{memory_mb:.0f} MB")
        losses = Text("   ".join(f"{name} {value:.3g}" for name, value in terms.items()), style="dim")
        rows = Table.grid()
        rows.add_row(table)
        rows.add_row(losses)
        self._display.update(rows, refresh=True)

    def close(self) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None

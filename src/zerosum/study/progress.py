"""What a person sees of a study: how far each system has come and its best score so far; a line where none can move."""

import math
import sys
import time
from typing import Any

from ..runs.progress import duration
from .sheet import Sheet
from .store import Store, best_outcome

PLAIN_EVERY = 10.0                           # seconds between lines where nobody can see a table change


class Progress:
    """Shows a study on stderr; `quiet` shows nothing."""

    def __init__(self, sheet: Sheet, quiet: bool):
        self.quiet, self.live = quiet, not quiet and sys.stderr.isatty()
        self.done = self.total = 0
        self._began, self._at_first = time.monotonic(), -1
        self._shown, self._score = -math.inf, sheet.reading
        self._display: Any = None

    def show(self, sheet: Sheet, store: Store, running: int) -> None:
        """Count what is done, and show it where it is time."""
        rows = []
        for cell in sheet.cells:
            draws, fresh = store.found(cell)
            best = best_outcome(draws, store.higher).score() if draws else math.nan
            rows.append((cell, len(draws) + len(fresh), len(cell.draws) + len(sheet.rules.confirm), best))
        self.done, self.total = sum(row[1] for row in rows), sum(row[2] for row in rows)
        if self._at_first < 0:
            self._at_first = self.done
        if self.quiet or not (self.live or time.monotonic() - self._shown >= PLAIN_EVERY):
            return
        self._shown = time.monotonic()
        if self.live:
            self._draw(rows, running)
        else:
            known = [row for row in rows if math.isfinite(row[3])]
            leader = (max if store.higher else min)(known, key=lambda row: row[3]) if known else None
            best = f"; best {self._score} {leader[3]:.4g} ({leader[0]})" if leader else ""
            print(f"{self.line(running)}{best}", file=sys.stderr, flush=True)

    def line(self, running: int) -> str:
        """One line of plain text: how many trials are done and running, and what time is left."""
        made = self.done - self._at_first
        left = (time.monotonic() - self._began) / made * (self.total - self.done) if made > 0 else None
        return f"{self.done} of {self.total} trials, {running} running" + (
            f", about {duration(left)} left" if left else "")

    def _draw(self, rows: list[tuple[Any, int, int, float]], running: int) -> None:
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        if self._display is None:
            self._display = Live(console=Console(stderr=True), auto_refresh=False)
            self._display.start()
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("system", "data", "trials", ""):
            table.add_column(name)
        table.add_column(f"best {self._score}", justify="right")
        for cell, made, planned, best in rows:
            table.add_row(cell.system.name, cell.data, f"{made}/{planned}",
                          ProgressBar(total=planned, completed=made, width=16),
                          "" if math.isnan(best) else f"{best:.4g}")
        self._display.update(Group(table, self.line(running)), refresh=True)

    def close(self) -> None:
        if self._display is not None:
            self._display.stop()
            self._display = None

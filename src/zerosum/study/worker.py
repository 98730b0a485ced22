"""A worker of a study, a process of its own: takes trials out of the queue until there are none."""

import _thread
import json
import sys
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from .sheet import Cell, Sheet, sheet_of
from .store import Phase, Store
from .training import Training, train_once


def work(sheet: Sheet, store: Store) -> None:
    """Do what waits, the search before its confirmation, and the cell first that has most to do."""
    while (found := _most_waiting(sheet, store)) is not None:
        cell, phase = found
        store.work(cell, phase, partial(_train, sheet, cell))


def _most_waiting(sheet: Sheet, store: Store) -> tuple[Cell, Phase] | None:
    phases: tuple[Phase, ...] = ("search", "confirm")
    waiting = [(len(store.waiting(cell, phase)), cell, phase) for phase in phases for cell in sheet.cells]
    count, cell, phase = max(waiting, key=lambda each: each[0])
    return (cell, phase) if count else None


def _train(sheet: Sheet, cell: Cell, values: dict[str, Any], seeds: Iterable[int]) -> list[Training]:
    return [train_once(sheet, cell.plan(values, seed)) for seed in seeds]


def main() -> int:
    """Read the order, a line of JSON, from stdin; leave when it is closed, as the one who ordered is gone then."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with, args=(sys.stdin,), daemon=True).start()
    sheet = sheet_of(order["document"], order["name"], Path(order["folder"]))
    try:
        work(sheet, Store(order["storage"], order["higher"], order["session"]))
    except KeyboardInterrupt:
        return 130
    return 0


def _leave_with(stream: Any) -> None:
    stream.read()
    _thread.interrupt_main()


if __name__ == "__main__":
    sys.exit(main())

"""Runs a study: plans every trial, keeps workers busy, goes on where it was interrupted, and writes what was found."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..core import Interrupted, UsageError, ZerosumError
from ..engine import write_json
from ..metrics import evaluate
from ..metrics.early import refuse_early
from ..runs import construct
from ..runs.stop import stop_signals
from .progress import Progress
from .results import document_of
from .sheet import Cell, Sheet, loaded, read_sheet
from .store import Phase, Store, best_outcome

POLL, PATIENCE = 1.0, 10.0                   # seconds between looks at the queue, and that a worker may take to stop
CRASHES = 3                                  # of workers without a trial done, until it is no accident any more


@dataclass(frozen=True)
class Study:
    """A study that was run: its folder, what was found, and what went wrong."""

    folder: Path
    document: dict[str, Any]
    errors: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """What there is to look at."""
        return [path for path in sorted(self.folder.iterdir()) if path.suffix in (".html", ".csv", ".json", ".png")]


def run_study(file: str | Path, *, out: str | Path | None = None, workers: int = 0, storage: str = "",
              quiet: bool = False, **rules: Any) -> Study:
    """Run a study file, or go on with it, and write results, table, figures and report into its folder.

    out: the folder, default studies/NAME. workers: trainings at once, default one for each GPU, or CPU core. storage:
    the address of a database that several machines share (as SQLAlchemy writes it), default a SQLite file in the
    folder. rules: what is to be otherwise than the file says, as draws=2. Raises UsageError for what is said wrongly,
    Interrupted after Ctrl-C or SIGTERM, with nothing lost but the trials that were running.
    """
    sheet = read_sheet(file, **rules)
    if workers < 0:
        raise UsageError(f"workers must be at least 1, not {workers}")
    folder = Path(out) if out is not None else Path("studies") / sheet.name
    budget, higher = _refuse_early(sheet)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZerosumError(f"cannot make {folder}: {error.strerror}; choose another --out") from None
    url, session = storage or f"sqlite:///{(folder / 'study.sqlite3').absolute()}", os.urandom(6).hex()
    store = Store(url, higher, session)
    crew = Crew({"document": sheet.document, "name": sheet.name, "folder": str(sheet.folder), "storage": url,
                 "higher": higher, "session": session}, workers or _workers())
    progress = Progress(sheet, quiet)
    with stop_signals() as wish:
        try:
            while not wish and _advance(sheet, store, crew, progress):
                time.sleep(POLL)
        finally:
            crew.stop()
            progress.close()
            study = _write(sheet, store, folder, budget)
        if wish:
            raise Interrupted(f"stopped after {progress.done} of {progress.total} trials; the same command goes on",
                              wish.number)
    return study


def _refuse_early(sheet: Sheet) -> tuple[dict[str, Any], bool]:
    """Refuse now what could not be trained or scored later; returns the budgets, and whether a score should rise."""
    budget, better = {}, ""
    for cell in sheet.cells:
        plan = cell.plan({each.name: each.first for each in cell.system.space}, 0)
        data = loaded(plan.data)
        model = construct(plan.model, plan.cfg, data.spec, 0)
        refuse_early([sheet.metric], model, data)
        budget[cell.system.name] = {"images": plan.train.images} if plan.train.images else {"steps": plan.train.steps}
        if not better:
            with torch.random.fork_rng(devices=[]):
                few = evaluate(model.eval().requires_grad_(False), data, sheet.metric, n=min(100, len(data)))
            better = few[sheet.reading].card.better
    if better == "nearer":
        raise UsageError(f"score = \"{sheet.rules.score}\" has no better and worse direction: choose one like fid")
    return budget, better == "higher"


def _workers() -> int:
    return torch.cuda.device_count() or os.cpu_count() or 1


def _advance(sheet: Sheet, store: Store, crew: "Crew", progress: Progress) -> bool:
    """Queue what is missing, and see that somebody does it; False where nothing is left."""
    waiting = running = 0
    wanted = _wanted(sheet, store)
    for cell, phase, trials in wanted:
        store.queue(cell, phase, trials)
        waiting += len(store.waiting(cell, phase))
        running += store.running(cell, phase)
    crew.keep(waiting)
    progress.show(sheet, store, running)
    # A draw that ended meanwhile may have been the last before a confirmation.
    return bool(waiting or running) or _wanted(sheet, store) != wanted


def _wanted(sheet: Sheet, store: Store) -> list[tuple[Cell, Phase, dict[int, dict[str, Any] | None]]]:
    """Every trial of the cells that are not done: all draws, and then the best of them with the fresh seeds."""
    wanted: list[tuple[Cell, Phase, dict[int, dict[str, Any] | None]]] = []
    for cell in sheet.cells:
        draws, fresh = store.found(cell)
        if len(draws) < len(cell.draws):
            wanted.append((cell, "search", dict(enumerate(cell.draws))))
        elif len(fresh) < len(cell.rules.confirm):
            best = best_outcome(draws, store.higher).values
            wanted.append((cell, "confirm", dict.fromkeys(cell.rules.confirm, best)))
    return wanted


def _write(sheet: Sheet, store: Store, folder: Path, budget: dict[str, Any]) -> Study:
    """Write what was found so far."""
    from .report import write_report

    document = document_of(sheet, store, budget)
    phases: tuple[Phase, ...] = ("search", "confirm")
    errors = [error for cell in sheet.cells for phase in phases for error in store.errors(cell, phase)]
    write_json(folder / "results.json", document)
    write_report(document, folder, errors)
    return Study(folder, document, tuple(errors))


class Crew:
    """The worker processes of this command. They leave by themselves when nothing waits, or when it is gone."""

    def __init__(self, order: dict[str, Any], most: int):
        self.order, self.most = json.dumps(order) + "\n", most
        self.hands: dict[int, subprocess.Popen[str]] = {}
        self.crashes = 0

    def keep(self, waiting: int) -> None:
        """Have as many workers as there is work for; raises ZerosumError where they die as soon as they begin."""
        for place, hand in list(self.hands.items()):
            if hand.poll() is not None:
                self.crashes = self.crashes + 1 if hand.returncode not in (0, 130) else 0
                del self.hands[place]
        if self.crashes > CRASHES * self.most:
            raise ZerosumError("the workers of this study end as soon as they begin: see the lines above")
        free = [place for place in range(self.most) if place not in self.hands]
        for place in free[:max(0, waiting - len(self.hands))]:
            self.hands[place] = self._hire(place)

    def _hire(self, place: int) -> "subprocess.Popen[str]":
        environment = dict(os.environ)
        if torch.cuda.device_count() > 1:
            environment["CUDA_VISIBLE_DEVICES"] = str(place % torch.cuda.device_count())
        # In a session of their own: Ctrl-C reaches this process, which then tells them. What they print goes to the
        # error stream (2, as a notebook's has no number).
        hand = subprocess.Popen([sys.executable, "-m", f"{__package__}.worker"], stdin=subprocess.PIPE, stdout=2,
                                text=True, env=environment, start_new_session=True)
        assert hand.stdin is not None
        hand.stdin.write(self.order)
        hand.stdin.flush()
        return hand

    def stop(self) -> None:
        """Let all go; who does not, is made to."""
        for hand in self.hands.values():
            assert hand.stdin is not None
            hand.stdin.close()
        for hand in self.hands.values():
            try:
                hand.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                hand.kill()
                hand.wait()

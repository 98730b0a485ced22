"""Where a study keeps its state: Optuna's tables in one SQLite file, or in a database that several machines share."""

import contextlib
import math
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from ..core import UsageError, ZerosumError
from .sheet import Cell
from .space import encoded
from .training import Training

if TYPE_CHECKING:
    import optuna

HEARTBEAT, GRACE = 5, 30                     # seconds between signs of life of a trial, and until it is given up
TRIES = 3                                    # of a trial whose worker died
OPENINGS = 5                                 # of a data base that others may be making
Phase = Literal["search", "confirm"]
ME = f"{socket.gethostname()} {os.getpid()}"


@dataclass(frozen=True)
class Outcome:
    """A finished trial: the hyper-parameters of one draw, and what each of its trainings gave."""

    number: int
    values: dict[str, Any]
    trainings: tuple[Training, ...]

    def score(self, moment: int = -1) -> float:
        """The median over its trainings."""
        return median(training.scores[moment] for training in self.trainings)


def best_outcome(outcomes: Sequence[Outcome], higher: bool) -> Outcome:
    """The outcome with the best score; of equal ones, the first."""
    return (max if higher else min)(outcomes, key=Outcome.score)


class Store:
    """The state of a study. A trial is one draw of one cell, or one seed of its confirmation; `number` names it.

    Raises UsageError for an address that is none, and ZerosumError where the database cannot be used.
    """

    def __init__(self, url: str, higher: bool, session: str):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.optuna, self.higher, self.session = optuna, higher, session
        with self._plain_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self.storage = _storage(url)
        self._studies: dict[tuple[str, Phase], optuna.Study] = {}

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """One line for what a database has to say."""
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

        try:
            yield
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise UsageError(f"no such storage: {str(error).splitlines()[0]}; give a path, or an address that "
                             "SQLAlchemy knows and has the driver for") from None
        except (SQLAlchemyError, self.optuna.exceptions.StorageInternalError) as error:
            said = str(error.__cause__ or error).splitlines()[0]
            raise ZerosumError(f"the study's storage cannot be used: {said}; mend it, or choose another "
                               "--storage") from None

    def study(self, cell: Cell, phase: Phase = "search") -> "optuna.Study":
        """The Optuna study of a cell, made when it is first asked for."""
        name = f"{cell} {cell.key}" + (" confirmed" if phase == "confirm" else "")
        if (name, phase) not in self._studies:
            # The constant liar keeps two workers from trying the same point while neither knows its score.
            sampler = self.optuna.samplers.TPESampler(constant_liar=True)
            with self._plain_errors():
                self._studies[name, phase] = self.optuna.create_study(
                    study_name=name, storage=self.storage, sampler=sampler, load_if_exists=True,
                    direction="maximize" if self.higher else "minimize")
        return self._studies[name, phase]

    def queue(self, cell: Cell, phase: Phase, wanted: Mapping[int, dict[str, Any] | None]) -> None:
        """Put every wanted trial in the queue that is not there.

        A trial whose worker has died or was stopped is queued again, TRIES times in all; one that raised an error is
        tried again by the next command, as it would only do so again in this one.
        """
        study = self.study(cell, phase)
        with self._plain_errors():
            self._give_up_the_dead(study)
            there = study.get_trials(deepcopy=False)
            for number, values in wanted.items():
                tries = [t for t in there if t.user_attrs.get("number") == number and
                         (phase == "search" or t.user_attrs["asked"] == values)]
                ours = [t for t in tries if t.user_attrs["session"] == self.session]
                lives = any(t.state.name in ("WAITING", "RUNNING", "COMPLETE") for t in tries)
                if not lives and len(ours) < TRIES and not any("error" in t.user_attrs for t in ours):
                    fixed = (values or {}) if phase == "search" else {}
                    study.enqueue_trial({name: encoded(value) for name, value in fixed.items()}, user_attrs={
                        "number": number, "asked": values, "session": self.session})

    def _give_up_the_dead(self, study: "optuna.Study") -> None:
        """Mark the trials as failed whose workers are gone: on this machine by their number, elsewhere by silence."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self.optuna.exceptions.ExperimentalWarning)
            self.optuna.storages.fail_stale_trials(study)
        for trial in study.get_trials(deepcopy=False):
            if trial.state.name == "RUNNING" and _is_dead(trial.user_attrs.get("worker", "")):
                study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL, skip_if_finished=True)

    def waiting(self, cell: Cell, phase: Phase) -> list[int]:
        """The numbers of the trials that nobody has begun."""
        return [trial.user_attrs["number"] for trial in self._trials(cell, phase, "WAITING")]

    def running(self, cell: Cell, phase: Phase) -> int:
        """How many trials are being trained."""
        return len(self._trials(cell, phase, "RUNNING"))

    def outcomes(self, cell: Cell, phase: Phase = "search", asked: Mapping[str, Any] | None = None) -> list[Outcome]:
        """The finished trials by number, of these hyper-parameters if `asked`; of one begun twice, the first counts."""
        found: dict[int, Outcome] = {}
        worst = -math.inf if self.higher else math.inf
        for trial in self._trials(cell, phase, "COMPLETE"):
            told = trial.user_attrs
            if asked is None or told["asked"] == asked:
                found.setdefault(told["number"], Outcome(told["number"], told["values"], tuple(
                    Training.from_json(each, worst) for each in told["trainings"])))
        return [found[number] for number in sorted(found)]

    def found(self, cell: Cell) -> tuple[list[Outcome], list[Outcome]]:
        """What there is of a cell: the draws that it asks for, and the best of them trained with its fresh seeds."""
        draws = [each for each in self.outcomes(cell) if each.number < len(cell.draws)]
        if not (draws and cell.rules.confirm):
            return draws, []
        asked = best_outcome(draws, self.higher).values
        return draws, [each for each in self.outcomes(cell, "confirm", asked) if each.number in cell.rules.confirm]

    def errors(self, cell: Cell, phase: Phase) -> list[str]:
        """What went wrong in trials of this command that gave no score."""
        return [f"{cell}: {trial.user_attrs['error']}" for trial in self._trials(cell, phase, "FAIL")
                if "error" in trial.user_attrs and trial.user_attrs["session"] == self.session]

    def work(self, cell: Cell, phase: Phase, train: Callable[[dict[str, Any], Iterable[int]], list[Training]]) -> None:
        """Take one trial of a cell out of the queue, if there still is one, and let `train(values, seeds)` do it."""
        def objective(trial: "optuna.Trial") -> float:
            told = trial.user_attrs
            if "number" not in told or self._is_second(cell, phase, trial):
                raise self.optuna.TrialPruned     # another worker has emptied the queue meanwhile
            trial.set_user_attr("worker", ME)
            values = told["asked"] if phase == "confirm" else {d.name: d.suggest(trial) for d in cell.system.space}
            trial.set_user_attr("values", values)
            try:
                trainings = train(values, cell.rules.seeds if phase == "search" else [told["number"]])
            except Exception as error:
                trial.set_user_attr("error", f"{type(error).__name__}: {error}".splitlines()[0])
                raise
            trial.set_user_attr("trainings", [training.to_json() for training in trainings])
            return Outcome(told["number"], values, tuple(trainings)).score()

        with self._plain_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore", self.optuna.exceptions.ExperimentalWarning)
            self.study(cell, phase).optimize(objective, n_trials=1, catch=(Exception,))

    def _is_second(self, cell: Cell, phase: Phase, trial: "optuna.Trial") -> bool:
        """Whether two machines have queued this trial at the same moment, and the other one's stands first."""
        lives = (each for state in ("WAITING", "RUNNING", "COMPLETE") for each in self._trials(cell, phase, state))
        told = trial.user_attrs
        return any(each.number < trial.number and each.user_attrs["number"] == told["number"]
                   and each.user_attrs["asked"] == told["asked"] for each in lives)

    def _trials(self, cell: Cell, phase: Phase, state: str) -> "list[optuna.trial.FrozenTrial]":
        with self._plain_errors():
            return [trial for trial in self.study(cell, phase).get_trials(deepcopy=False)
                    if trial.state.name == state and "number" in trial.user_attrs]


def _storage(url: str) -> "optuna.storages.RDBStorage":
    """Open a data base, and make its tables where there are none."""
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import DatabaseError

    wait = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
    openings = 0
    while True:
        try:
            return RDBStorage(url, engine_kwargs=wait, heartbeat_interval=HEARTBEAT, grace_period=GRACE)
        except DatabaseError:                 # another machine may be making the same tables
            openings += 1
            if openings == OPENINGS:
                raise
            time.sleep(0.3)


def _is_dead(worker: str) -> bool:
    """Whether a worker was of this machine, and is no more."""
    host, _, number = worker.rpartition(" ")
    if host != socket.gethostname() or os.name != "posix":
        return False                          # silence will tell
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False                          # it is another user's, who may share this study
    return False

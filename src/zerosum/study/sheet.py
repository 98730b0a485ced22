"""The study file: which systems, with which hyper-parameters, on which data, how often and how long."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from ..core import UsageError, build, positive, settings_of, unknown
from ..data import DataConfig, Dataset, load_data
from ..metrics import METRICS
from ..runs import Plan, plan
from ..version import __version__
from .space import Dimension, dimension, draw, grid

MOST = 10_000                                # trials of one system on one data set
SECTIONS = ("settings", "space", "systems")


@cache
def loaded(config: DataConfig) -> Dataset:
    """A data set of the study, read once by each process."""
    return load_data(config)


@dataclass(frozen=True)
class Rules:
    """How a study is run; the comment behind each field is its help text."""

    data: tuple[str, ...] = ("digits",)      # names or folders; every system is trained on each
    title: str = ""                          # of the report (empty: the name of the file)
    score: str = "fid"                       # what is compared: a metric of `zerosum evaluate`, or a value it gives
    search: Literal["random", "grid", "tpe"] = "random"   # how hyper-parameters are found; tpe learns from results
    draws: int = 10                          # hyper-parameters tried for each system on each data set
    seeds: tuple[int, ...] = (0,)            # trainings of each draw; its score is their median
    confirm: tuple[int, ...] = ()            # fresh seeds for the best draw, as the best of many is lucky; or none
    moments: int = 4                         # how often a training is scored, evenly over its budget
    samples: int = 1_000                     # drawn for a score
    seed: int = 0                            # of the search

    def __post_init__(self) -> None:
        positive(self, "draws", "moments")
        if self.draws > MOST:
            raise UsageError(f"draws must be at most {MOST}, not {self.draws}")
        if self.samples < 2:
            raise UsageError(f"samples must be at least 2, not {self.samples}")
        for name in ("data", "seeds"):
            if not getattr(self, name):
                raise UsageError(f"{name} must not be empty")
        if set(self.seeds) & set(self.confirm):
            raise UsageError("confirm takes fresh seeds, and some are those of the search: "
                             f"{', '.join(map(str, sorted(set(self.seeds) & set(self.confirm))))}")


@dataclass(frozen=True)
class System:
    """One competitor: a model, what is fixed of it, and what is searched."""

    name: str
    model: str
    preset: str | None
    settings: dict[str, Any]
    space: tuple[Dimension, ...]


@dataclass(frozen=True)
class Cell:
    """One system on one data set."""

    rules: Rules
    system: System
    data: str

    def plan(self, values: Mapping[str, Any], seed: int) -> Plan:
        """The plan of one training; raises UsageError for settings that cannot be, naming the system."""
        settings = {"threads": 1} | self.system.settings | dict(values) | {"data": self.data, "seed": seed}
        try:
            return plan(self.system.model, self.system.preset, settings)
        except UsageError as error:
            raise UsageError(f"system '{self.system.name}': {error}") from None

    @cached_property
    def draws(self) -> list[dict[str, Any] | None]:
        """The hyper-parameters of every draw; None where the search decides when it comes to it."""
        rules, space = self.rules, self.system.space
        if not space:
            return [{}]                       # nothing is searched, so nothing is gained by trying again
        if rules.search == "grid":
            return list(grid(space))
        return [None if rules.search == "tpe" else draw(space, rules.seed, number) for number in range(rules.draws)]

    @cached_property
    def key(self) -> str:
        """Of everything that decides the numbers of a draw, but not how many there are: more may be asked for later."""
        first = self.plan({each.name: each.first for each in self.system.space}, 0)
        settings = first.settings()
        for free in ("device", "seed", "minutes"):
            del settings["train"][free]
        own = Path(self.system.model)
        rules = {name: value for name, value in asdict(self.rules).items()
                 if name not in ("data", "title", "draws", "confirm")}
        parts = [__version__, first.model.name, settings, rules, [asdict(each) for each in self.system.space],
                 loaded(first.data).fingerprint, own.read_text() if own.suffix == ".py" else ""]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return f"{self.system.name} on {self.data}"


@dataclass(frozen=True)
class Sheet:
    """A study file, read and checked."""

    name: str
    rules: Rules
    systems: tuple[System, ...]
    document: Mapping[str, Any]              # what the file says, for those who work on it elsewhere
    folder: Path                             # that paths in it are relative to

    @property
    def title(self) -> str:
        return self.rules.title or self.name

    @cached_property
    def cells(self) -> list[Cell]:
        """Every system on every data set."""
        return [Cell(self.rules, system, data) for data in self.rules.data for system in self.systems]

    @cached_property
    def metric(self) -> str:
        """The metric that gives the score."""
        score = self.rules.score
        found = score if score in METRICS else next((name for name, m in METRICS.items() if score in m.gives), "")
        if not found:
            raise unknown("score", score, {*METRICS, *(given for m in METRICS.values() for given in m.gives)})
        return found

    @property
    def reading(self) -> str:
        """Which of the metric's values it is."""
        gives = METRICS[self.metric].gives
        return self.rules.score if self.rules.score in gives else gives[0]


def read_sheet(path: str | Path, **rules: Any) -> Sheet:
    """Read a study file (TOML), with other `rules` than it says where they are given.

    Raises UsageError for what cannot be read, is unknown or impossible, naming it.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the study {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    try:
        return sheet_of(document | rules, path.stem, path.parent)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def sheet_of(document: Mapping[str, Any], name: str, folder: Path = Path()) -> Sheet:
    """A study from the contents of its file; paths in it are relative to `folder`."""
    known = [each.name for each in settings_of(Rules)]
    for key in document:
        if key not in (*known, *SECTIONS):
            raise unknown("entry", key, [*known, *SECTIONS])
    rules = build(Rules, {key: value for key, value in document.items() if key in known})
    systems = document.get("systems")
    if isinstance(systems, list):
        systems = {str(each): {"model": each} for each in systems}
    if not isinstance(systems, Mapping) or not systems:
        raise UsageError('name the systems: systems = ["gan", "wgan-gp"], or a table [systems.NAME] for each')
    shared, space = (_table(document, section) for section in ("settings", "space"))
    here = {each: str(folder / each) for each in rules.data if (folder / each).exists()}
    rules = Rules(**asdict(rules) | {"data": tuple(here.get(each, each) for each in rules.data)})
    sheet = Sheet(name, rules, tuple(_system(each, systems, shared, space, folder) for each in systems),
                  document, folder)
    _refuse_early(sheet)
    return sheet


def _table(document: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    table = document.get(section, {})
    if not isinstance(table, Mapping):
        raise UsageError(f"{section} must be a table: [{section}]")
    return table


def _system(name: str, systems: Mapping[str, Any], shared: Mapping[str, Any], space: Mapping[str, Any],
            folder: Path) -> System:
    own = dict(_table(systems, name))
    model = str(own.pop("model", name))
    if model.endswith(".py"):                 # a user's own, beside the study
        model = str(folder / model)
    searched = dict(space) | dict(_table(own, "space"))
    own.pop("space", None)
    preset = own.pop("preset", None)
    for key in ("data", "seed"):
        if key in {*shared, *own, *searched}:
            raise UsageError(f"{key} stands at the top of the study, as {key + 's' if key == 'seed' else key} = [...], "
                             "since every system gets the same")
    # What a system fixes, or says false of, is not searched.
    searched = {key: value for key, value in searched.items() if key not in own and value is not False}
    return System(name, model, preset, dict(shared) | own,
                  tuple(dimension(key, value) for key, value in sorted(searched.items())))


def _refuse_early(sheet: Sheet) -> None:
    """Plan every system at the first values of what is searched, so that a mistake is heard of before any training."""
    if not sheet.metric:
        raise UsageError("score must name a metric")
    for cell in sheet.cells:
        first = cell.plan({each.name: each.first for each in cell.system.space}, 0)
        for each in cell.system.space:        # every listed value on its own
            for value in getattr(each, "values", (each.first,)):
                cell.plan({each.name: value}, 0)
        if first.train.minutes or not (first.train.steps or first.train.images):
            raise UsageError(f"system '{cell.system.name}': a study's budget is steps or images, which are the same on "
                             "every machine: give one in [settings]")
        _ = cell.draws                        # a grid refuses ranges

"""What a run is made of, worked out from a name, a preset and loose settings before anything is built."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from .. import models as _models  # noqa: F401  (fills the registry)
from ..core import DataSpec, Model, UsageError, build, distribute, find, unknown
from ..data import DataConfig
from ..engine import TrainConfig
from .begin import begun

# Settings that say how long and where to train, and what to write: a run may go on with others.
BUDGETS = ("steps", "images", "minutes")
FREE = {*BUDGETS, "device", "memory_fraction", "threads", "sample_every", "score_every", "metrics",
        "checkpoint_every", "doctor_every", "on_collapse", "tensorboard"}


@dataclass(frozen=True)
class Plan:
    """A model class with its three configurations."""

    model: type[Model]
    cfg: Any
    train: TrainConfig
    data: DataConfig
    preset: str
    start: dict[str, Any] = field(default_factory=dict)       # see `begin.py`; {}: networks are those of the model

    def settings(self) -> dict[str, dict[str, Any]]:
        """All settings as JSON."""
        return {"model": asdict(self.cfg), "train": asdict(self.train), "data": asdict(self.data)}

    def refuse_changes(self, settings: Mapping[str, Any]) -> "Plan":
        """The same plan with other budgets and habits; a setting that would make it another run is an error."""
        changes = distribute([self.model.Config, TrainConfig, DataConfig], settings)
        if _budget(changes[1]):               # a new budget replaces the old one, whatever it was counted in
            changes[1] = dict.fromkeys(BUDGETS, 0) | changes[1]
        changed = []
        for config, values in zip((self.cfg, self.train, self.data), changes, strict=True):
            new = build(type(config), asdict(config) | values)
            changed += [f"{f.name} {getattr(config, f.name)} -> {getattr(new, f.name)}" for f in fields(config)
                        if f.name not in FREE and getattr(new, f.name) != getattr(config, f.name)]
        if changed:
            raise UsageError(f"a resumed run keeps its settings, and these differ: {', '.join(changed)}; "
                             "train a new run for them")
        return replace(self, train=build(TrainConfig, asdict(self.train) | changes[1]))


def _budget(settings: Mapping[str, Any]) -> bool:
    return any(settings.get(name) for name in BUDGETS)


def plan(model: str | type[Model], preset: str | None = None, settings: Mapping[str, Any] | None = None) -> Plan:
    """Work out a run: the preset's settings, overridden by `settings`, shared out to model, training and data.

    Raises UsageError for an unknown model, preset or setting, naming the nearest, and for impossible values.
    """
    cls = find(model) if isinstance(model, str) else model
    preset = preset or ("small" if "small" in cls.PRESETS else "paper")
    if preset not in cls.PRESETS and not (preset == "paper" and not cls.PRESETS):
        raise unknown(f"preset of {cls.name}", preset, cls.PRESETS)
    configs = [cls.Config, TrainConfig, DataConfig]
    chosen = distribute(configs, settings or {})
    given = distribute(configs, cls.PRESETS.get(preset, {}))
    if chosen[2].get("data", given[2].get("data")) != given[2].get("data"):
        given[2] = {}                         # sizes chosen for one data set say nothing about another
    if _budget(chosen[1]):
        given[1] = {k: v for k, v in given[1].items() if k not in BUDGETS}
    cfg, train, data = (build(config, a | b) for config, a, b in zip(configs, given, chosen, strict=True))
    if not (train.steps or train.images or train.minutes):
        raise UsageError("nothing says when to stop: give --steps, --images or --minutes")
    return Plan(cls, cfg, train, data, preset)


def create(model: str | type[Model], data: Any, *, preset: str = "paper", seed: int | None = None,
           **settings: Any) -> Model:
    """Build an untrained model for `data` (a DataSpec, or anything with a `spec`) with its Config's settings.

    The defaults are the paper's. Raises UsageError for an unknown model or setting.
    """
    cls = find(model) if isinstance(model, str) else model
    spec = data if isinstance(data, DataSpec) else data.spec
    if preset not in {"paper", *cls.PRESETS}:
        raise unknown(f"preset of {cls.name}", preset, cls.PRESETS)
    given = distribute([cls.Config, TrainConfig, DataConfig], cls.PRESETS.get(preset, {}))[0]
    return construct(cls, build(cls.Config, given | settings), spec, seed)


def construct(cls: type[Model], cfg: Any, spec: DataSpec, seed: int | None, start: Mapping[str, Any] | None = None
              ) -> Model:
    """Construct a model; with a seed, its weights depend on nothing else, and the global generator is left alone.

    `start` says which networks are not the model's own, and which layers stay as they are (`begin.py`).
    """
    try:
        if seed is None:
            return begun(cls(cfg, spec), start or {})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return begun(cls(cfg, spec), start or {})
    except ValueError as error:               # a network that cannot be built for this data says why
        raise UsageError(f"{cls.name} for samples of {'x'.join(map(str, spec.shape))}: {error}") from error


def fresh_folder(plan: Plan, root: Path = Path("runs")) -> Path:
    """The first free `runs/MODEL-DATA-NNN`."""
    stem = f"{plan.model.name}-{Path(plan.data.data).stem or 'data'}"
    taken = {path.name for path in root.glob(f"{stem}-*")} if root.is_dir() else set()
    number = 1
    while f"{stem}-{number:03d}" in taken:
        number += 1
    return root / f"{stem}-{number:03d}"

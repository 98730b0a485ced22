"""A run folder: everything that one training left behind, and the door to it."""

import platform
import re
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import models as _models  # noqa: F401  (fills the registry)
from ..core import DataSpec, Model, UsageError, ZerosumError, build, find, names
from ..data import DataConfig, Dataset, load_data
from ..engine import TrainConfig, read_json, read_log, read_tensors, write_json
from ..version import __version__
from .plan import Plan, construct

NAME = re.compile(r"step-(\d+)(?:-branch-(\d+))?")        # of a checkpoint

# What run.json must say for the folder to be of use.
NEEDED = {"model", "settings", "preset", "data", "state", "steps", "seconds"}


def place_of(checkpoint: Path) -> tuple[int, int]:
    """Branch and step of a checkpoint, from its name: `step-00000100`; after a rollback, `step-00000100-branch-1`."""
    step, branch = NAME.fullmatch(checkpoint.stem).groups(default="0")       # type: ignore[union-attr]
    return int(branch), int(step)


def alarm_picture(folder: Path, step: int, illness: str) -> Path:
    """Where the picture of an alarm lies in a run folder."""
    return folder / "alarms" / f"step-{step:08d}-{illness.replace(' ', '-')}.png"


class Run:
    """One run folder. `model` samples with the averaged weights; everything is read when it is first asked for."""

    def __init__(self, folder: Path | str, document: dict[str, Any], model_class: type[Model] | None = None):
        self.folder, self.document = Path(folder), document
        self._class = model_class

    @classmethod
    def open(cls, folder: Path | str, model: str | type[Model] | None = None) -> "Run":
        """Open a run folder; raises UsageError where it is none. `model` names the file of a user's own model."""
        folder = Path(folder)
        if not (folder / "run.json").is_file():
            near = sorted(p.parent.name for p in folder.parent.glob("*/run.json")) if folder.parent.is_dir() else []
            there = f"; there is: {', '.join(near[-5:])} in {folder.parent}" if near else ""
            raise UsageError(f"{folder} is no run folder (it has no run.json){there}")
        document = read_json(folder / "run.json")
        if not isinstance(document, dict) or not document.keys() >= NEEDED:
            raise ZerosumError(f"{folder / 'run.json'} does not describe a run of zerosum")
        return cls(folder, document, find(model) if isinstance(model, str) else model)

    @classmethod
    def start(cls, folder: Path, plan: Plan, data: Dataset, model: Model, command: str) -> "Run":
        """Make a new run folder; raises UsageError if there is one already."""
        if (folder / "run.json").exists():
            state = read_json(folder / "run.json").get("state")
            todo = f"'zerosum resume {folder}' continues it, or " if state != "finished" else ""
            raise UsageError(f"{folder} holds a run already: {todo}choose another --out")
        try:
            (folder / "samples").mkdir(parents=True, exist_ok=True)
            (folder / "checkpoints").mkdir(exist_ok=True)
            for half in folder.glob(".run.json.*.part"):     # of one that was killed while it began
                half.unlink()
        except OSError as error:
            raise ZerosumError(f"cannot make the run folder {folder}: {error.strerror}; choose another --out") from None
        card = plan.model.card
        run = cls(folder, {
            "version": __version__, "model": plan.model.name, "family": plan.model.family, "preset": plan.preset,
            "paper": {"title": card.title, "authors": card.authors, "year": card.year, "arxiv": card.arxiv},
            "settings": plan.settings(), "seed": plan.train.seed, "command": command,
            "data": {"name": data.name, "spec": data.spec.to_json(), "fingerprint": data.fingerprint,
                     "count": len(data)},
            "players": {name: {"parameters": sum(p.numel() for p in set(player.parameters()))}
                        for name, player in model.players().items()},
            "dependencies": {"python": platform.python_version(), "torch": torch.__version__,
                             "numpy": np.__version__},
            "device": str(model.device),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "state": "running", "steps": 0, "images": 0,
            "seconds": 0.0, **({"start": plan.start} if plan.start else {}),
        }, plan.model)
        run.save()
        return run

    def save(self, **changes: Any) -> None:
        """Write run.json, with these changes."""
        self.document.update(changes)
        write_json(self.folder / "run.json", self.document)

    # What it is -------------------------------------------------------------------------------------------------

    @cached_property
    def plan(self) -> Plan:
        """Model class and configurations, as they were."""
        settings, name = self.document["settings"], self.document["model"]
        try:
            if self._class is None and name not in names():
                raise UsageError(name)        # a name such as `their.py` must not be run because a file says so
            cls = self._class or find(name)
        except UsageError:
            raise UsageError(f"this run's model '{name}' is not one of zerosum's: name the file that defines it "
                             "with --model FILE.py") from None
        return Plan(cls, build(cls.Config, settings["model"]), build(TrainConfig, settings["train"]),
                    build(DataConfig, settings["data"]), self.document["preset"], self.document.get("start", {}))

    @property
    def spec(self) -> DataSpec:
        return DataSpec.from_json(self.document["data"]["spec"])

    @cached_property
    def data(self) -> Dataset:
        """The data it was trained on; raises ZerosumError if that has changed since, UsageError if there was none."""
        if not self.document["data"]["fingerprint"]:
            raise UsageError(f"{self.folder} was imported without data: import it again with --data D")
        data = load_data(self.plan.data)
        reworded = bool(self.spec.words) and self.spec != data.spec          # as the numbers of words then are
        if data.fingerprint != self.document["data"]["fingerprint"] or reworded:
            raise ZerosumError(f"the data '{self.plan.data.data}' has changed since {self.folder} was trained: put the "
                               "old data back, or train a new run")
        return data

    @cached_property
    def model(self) -> Model:
        """The model with averaged weights, in evaluation mode, on the CPU (`.to(device)` moves it)."""
        path = self.folder / "weights.safetensors"
        if not path.exists():
            raise ZerosumError(f"{self.folder} has no weights yet: 'zerosum resume {self.folder}' trains it further")
        model = construct(self.plan.model, self.plan.cfg, self.spec, 0, self.plan.start)
        self.give_weights(model)
        return model.requires_grad_(False).eval()

    def give_weights(self, model: Model) -> None:
        """Load the averaged weights into a model; raises ZerosumError where it is another one."""
        path = self.folder / "weights.safetensors"
        try:
            model.load_state_dict(read_tensors(path)[0])
        except RuntimeError as error:
            raise ZerosumError(f"{path} belongs to another model: {str(error).splitlines()[-1].strip()}") from None

    @property
    def log(self) -> list[dict[str, Any]]:
        """The records of log.jsonl."""
        return list(read_log(self.folder / "log.jsonl"))

    @property
    def scores(self) -> list[dict[str, Any]]:
        """The scores at the end of training, each with its card."""
        return self.document.get("scores", [])

    @property
    def checkpoints(self) -> list[Path]:
        """Saved states, oldest first; after a rollback, those of the new branch come last."""
        files = (self.folder / "checkpoints").glob("step-*.safetensors")
        return sorted((path for path in files if NAME.fullmatch(path.stem)), key=place_of)

    @property
    def pictures(self) -> list[Path]:
        """Sample pictures, oldest first."""
        return sorted((self.folder / "samples").glob("step-*.png"))

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}: {self.document['model']}, {self.document['state']}, " \
               f"{self.document['steps']} steps)"

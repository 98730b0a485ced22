"""One training of a study: its score at several moments of the budget, and what the doctor says at its end."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..core import Model, NonFiniteError, UsageError, ZerosumError, abilities
from ..data import DataConfig, held_out
from ..doctor import Course, Ground, diagnose
from ..engine import Trainer
from ..metrics import evaluate
from ..runs import Plan, construct
from .sheet import Sheet, loaded


@dataclass(frozen=True)
class Training:
    """What one training gave: its score at each moment, infinite from where it diverged."""

    seed: int
    scores: tuple[float, ...]
    seconds: float                           # of training alone: of CPU time on a CPU, which others may share
    illnesses: tuple[str, ...] = ()
    failure: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON; a score that is not finite is None."""
        return asdict(self) | {"scores": [score if math.isfinite(score) else None for score in self.scores]}

    @classmethod
    def from_json(cls, document: dict[str, Any], worst: float) -> "Training":
        """The training that `to_json` described; `worst` stands for scores that are not finite."""
        scores = tuple(worst if score is None else score for score in document["scores"])
        return cls(document["seed"], scores, document["seconds"], tuple(document["illnesses"]), document["failure"])


@cache
def _ground(config: DataConfig) -> Ground:
    return Ground(loaded(config))


def train_once(sheet: Sheet, plan: Plan, tell: Callable[[float], None] = lambda done: None) -> Training:
    """Train one plan of a study and score it at its moments; `tell(done)` hears the share of the budget.

    A training that diverges has the score infinity from there on, which any other beats.
    """
    data, moments = loaded(plan.data), sheet.rules.moments
    trainer = Trainer(construct(plan.model, plan.cfg, data.spec, plan.train.seed), data, plan.train)
    scores: list[float] = []
    clock = time.process_time if trainer.device.type == "cpu" else time.monotonic
    failure, spent = "", 0.0
    try:
        for moment in range(1, moments + 1):
            began = clock()
            trainer.fit(watch=lambda _, goal=moment / moments: done(trainer) >= goal)
            spent += clock() - began
            with trainer.averaged() as model:
                scores.append(score_of(sheet, model, plan))
            tell(moment / moments)
        with trainer.averaged() as model:
            illnesses = illnesses_of(model, plan.data)
    except UsageError:
        raise
    except (NonFiniteError, ZerosumError) as error:
        failure, illnesses = str(error), ("divergence",)
    scores += [math.inf] * (moments - len(scores))
    return Training(plan.train.seed, tuple(scores), round(spent, 2), illnesses, failure)


def done(trainer: Trainer) -> float:
    """The share of a budget in steps or images that was trained."""
    config = trainer.config
    return max(made / budget for made, budget in ((trainer.step, config.steps), (trainer.images, config.images))
               if budget)


def score_of(sheet: Sheet, model: Model, plan: Plan) -> float:
    """The score of a model against held-out data, or all of the data where nothing is held out."""
    real = loaded(held_out(plan.data))
    return evaluate(model, real, sheet.metric, n=sheet.rules.samples)[sheet.reading].value


def illnesses_of(model: Model, data: DataConfig) -> tuple[str, ...]:
    """The names of what the doctor finds at one look."""
    if "sample" not in abilities(model):
        return ()
    course, look = Course(), _ground(data).look(model)
    if look is not None:
        course.add({"step": 0, "probe": look.to_json()})
    return tuple(found.illness for found in diagnose(course))

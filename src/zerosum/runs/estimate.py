"""What a run would take, measured on a few steps of it, before it is started."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from ..core import Model
from ..data import load_data
from ..engine import Trainer, peak_memory_mb
from .plan import construct, plan
from .progress import duration

WARM_UP, TIMED = 2, 5                         # steps


@dataclass(frozen=True)
class Estimate:
    """Time and memory of a run."""

    model: str
    steps: int                                # 0: the budget is in minutes
    seconds: float
    seconds_per_step: float
    peak_memory_mb: float
    parameters: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        steps = f"{self.steps:,} steps in " if self.steps else ""
        return (f"{self.model}: {self.parameters:,} parameters; {steps}about {duration(self.seconds)} "
                f"({1000 * self.seconds_per_step:.1f} ms a step), peak memory {self.peak_memory_mb:.0f} MB")


def estimate(model: str | type[Model], *, preset: str | None = None, **settings: Any) -> Estimate:
    """Train a few steps of a run, writing nothing, and say what the whole would take; errors are those of `train`."""
    chosen = plan(model, preset, settings)
    data = load_data(chosen.data)
    network = construct(chosen.model, chosen.cfg, data.spec, chosen.train.seed)
    trainer = Trainer(network, data, chosen.train)
    trainer.fit(WARM_UP)
    images, start = trainer.images, time.perf_counter()
    trainer.fit(WARM_UP + TIMED)
    per_step = (time.perf_counter() - start) / TIMED
    steps = chosen.train.steps or round(chosen.train.images * TIMED / (trainer.images - images))
    seconds = steps * per_step if steps else 60 * chosen.train.minutes
    return Estimate(chosen.model.name, steps, seconds, per_step, peak_memory_mb(trainer.device),
                    sum(p.numel() for p in network.parameters()))

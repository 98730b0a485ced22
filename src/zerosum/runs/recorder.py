"""Watches a training: log, pictures, scores, checkpoints, and when to stop."""

import logging
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import Batch, Interrupted, Model, ZerosumError, abilities
from ..data import DataConfig, Dataset, held_out, load_data, to_float
from ..doctor import ILLNESSES, Course, Diagnosis
from ..engine import Log, Trainer, any_of, peak_memory_mb, to_numbers
from .plan import Plan
from .progress import Progress, duration
from .run import Run, alarm_picture
from .saved import MOST_ROLLBACKS, save
from .stop import Wish
from .vigil import Vigil

PREVIEW_IMAGES, PREVIEW_POINTS = 64, 500      # samples in a picture
CONTINUE, SAVE, ROLL_BACK, STOP = 0, 1, 2, 3    # where processes want different things, the largest is done
log = logging.getLogger("zerosum.runs")


@dataclass(frozen=True)
class _Measured:
    """What metrics see of a run that is not over: a model, and what it is trained on."""

    model: Model
    plan: Plan
    data: Dataset


class Recorder:
    """Called after every step; writes what the run folder holds. Only the first process writes."""

    def __init__(self, run: Run, trainer: Trainer, progress: Progress, wish: Wish):
        self.run, self.trainer, self.progress, self.wish = run, trainer, progress, wish
        self.config = trainer.config
        self.log = Log(run.folder / "log.jsonl")
        self._began = time.monotonic() - run.document["seconds"]
        self._due = {"sample": 0.0, "score": time.monotonic() + self.config.score_every,
                     "checkpoint": time.monotonic() + self.config.checkpoint_every}
        self.vigil = Vigil(trainer, self.config.doctor_every if trainer.world.is_first else 0.0, Course.of(run.log))
        self.ill: Diagnosis | None = None     # what the training is to end for, or to go back for
        self.goes_back = False                # all processes agreed to
        self._first_step, self._estimated, self._unmeasurable = trainer.step, False, ""
        self._real = self._real_batch()
        self._events = self._open_events()

    def _real_batch(self) -> Batch:
        most = PREVIEW_IMAGES if self.trainer.data.spec.is_image else PREVIEW_POINTS
        index = torch.arange(min(most, len(self.trainer.data)))
        fields = {k: v.to(self.trainer.device) for k, v in self.trainer.data.gather(index).items()}
        return Batch(to_float(fields.pop("x")), **fields)

    def _open_events(self) -> Any:
        if not (self.config.tensorboard and self.trainer.world.is_first):
            return None
        from .events import Events, available

        return Events(self.run.folder) if available() else None

    @property
    def seconds(self) -> float:
        """Training time so far, over all resumptions."""
        return time.monotonic() - self._began

    def __call__(self, terms: dict[str, Tensor]) -> bool:
        """Do what is due after a step; returns True when it is time to stop."""
        trainer = self.trainer
        if trainer.step % self.config.log_every == 0:
            self.record(to_numbers(terms, trainer.step))
        if trainer.world.size > 1 and trainer.step % self.config.log_every:
            return False                      # several processes must agree, and asking at each step would cost
        decision = any_of(self._decide(), trainer.world, trainer.device)
        if decision > STOP:
            self.wish.number = decision - STOP
        if decision == SAVE:                  # at a stop, who asked to train saves
            self.checkpoint()
        self.goes_back = decision == ROLL_BACK
        if not self.goes_back:
            self._look()
        return decision >= ROLL_BACK

    def _decide(self) -> int:
        """What this process wants; a signal that reached only one is known to all by its number."""
        if self.wish or (self.config.minutes and self.seconds >= 60 * self.config.minutes):
            return STOP + self.wish.number
        if self.ill is not None:
            return ROLL_BACK if self.may_go_back else STOP
        return SAVE if self._is_due("checkpoint", self.config.checkpoint_every) else CONTINUE

    @property
    def may_go_back(self) -> bool:
        return self.config.on_collapse == "rollback" and self.trainer.branch < MOST_ROLLBACKS

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if not every or now < self._due[what]:
            return False
        self._due[what] = now + every
        return True

    def _look(self) -> None:
        if not self.trainer.world.is_first:
            return
        if self._is_due("sample", self.config.sample_every):
            self.picture()
            self._due["sample"] = time.monotonic() + self.config.sample_every    # drawing does not count
        if self._is_due("score", self.config.score_every):
            self._note_scores(self.score(quick=True))
            self._due["score"] = time.monotonic() + self.config.score_every
        if self.vigil.is_due:
            self.visit()

    def visit(self) -> None:
        """Let the doctor look, and say what is newly wrong."""
        record = self.vigil.look()
        if record:
            self.log.write(record)
        for found in self.vigil.alarms():
            self.alarm(found)

    def alarm(self, found: Diagnosis) -> None:
        """Write, draw and say what is wrong, and note whether the training is to end or to go back for it."""
        step = self.trainer.step
        self.log.write({"step": step, "alarm": found.illness, "evidence": found.evidence})
        self.vigil.draw(found, alarm_picture(self.run.folder, step, found.illness))
        self.progress.say(f"step {step:,}: {found.illness}: {found.evidence}; try {found.advice[0]} "
                          f"('zerosum doctor {self.run.folder}' says more)")
        if self.config.on_collapse == "stop" or (
                self.config.on_collapse == "rollback" and ILLNESSES[found.illness].by_chance):
            self.ill = self.ill or found

    def _note_scores(self, measured: list[dict[str, Any]]) -> None:
        scores = {score["name"]: score["value"] for score in measured if score["value"] is not None}
        if not scores:
            return
        self.log.write({"step": self.trainer.step, "images": self.trainer.images, "seconds": round(self.seconds, 3),
                        "scores": scores})
        if self._events is not None:
            self._events.scalars(self.trainer.step, {f"score/{name}": value for name, value in scores.items()})

    def record(self, numbers: dict[str, float]) -> None:
        """Write one line of the log, and show it."""
        trainer = self.trainer
        memory = peak_memory_mb(trainer.device)
        if trainer.world.is_first:
            record = {"step": trainer.step, "images": trainer.images, "seconds": round(self.seconds, 3),
                      "rate": round(self.progress.rate(trainer.step), 3), "terms": numbers,
                      "gradients": {player: float(norm) for player, norm in trainer.gradients.items()}}
            self.log.write(record)
            self.vigil.course.add(record)
            if self._events is not None:
                self._events.scalars(trainer.step, numbers)
        self.progress.update(trainer.step, numbers, memory, self._share())
        self._estimate(memory)

    def _share(self) -> float | None:
        """The done part of a budget in images or minutes; steps are counted by the progress line itself."""
        shares = [done / budget for done, budget in ((self.trainer.images, self.config.images),
                                                     (self.seconds, 60 * self.config.minutes)) if budget]
        return max(shares) if shares and not self.config.steps else None

    def _estimate(self, memory: float) -> None:
        """Once the first steps have been timed, say what a long run will take."""
        if self._estimated or self.trainer.step - self._first_step < 2 * self.config.log_every:
            return
        self._estimated = True
        left = self.progress.left(self.trainer.step, self._share())
        if left is not None and left > 60:
            self.progress.say(f"about {duration(left)} to go at {self.progress.rate(self.trainer.step):.1f} steps/s, "
                              f"peak memory so far {memory:.0f} MB")

    def picture(self) -> Path | None:
        """Draw samples from fixed noise."""
        from .pictures import picture_of, save_png

        if "sample" not in abilities(self.trainer.model):
            return None
        with self.trainer.averaged() as model:
            x = model.preview(self._real).float().cpu()
        image = picture_of(x, self.trainer.data.spec, self._real.x.cpu())
        path = self.run.folder / "samples" / f"step-{self.trainer.step:08d}.png"
        save_png(image, path)
        if self._events is not None:
            self._events.image(self.trainer.step, image)
        return path

    def score(self, quick: bool = False) -> list[dict[str, Any]]:
        """Measure the metrics that were asked for against held-out data, with the averaged weights.

        Training goes on, and ends, where they cannot be measured; the reason is said once.
        """
        from ..metrics import evaluate

        if "sample" not in abilities(self.trainer.model):
            return []
        try:
            with self.trainer.averaged() as model:
                scores = evaluate(_Measured(model, self.run.plan, self.trainer.data), self._held_out,
                                  self.config.metrics or None, n=500 if quick else None)
        except ZerosumError as error:
            if self._unmeasurable != str(error):
                log.warning(f"not measured at step {self.trainer.step:,}: {error}")
            self._unmeasurable = str(error)
            return []
        return [score.to_json() for score in scores.values()]

    @cached_property
    def _held_out(self) -> Dataset:
        """What scores are measured against, read once; what is trained on, where nothing was held out."""
        config: DataConfig = held_out(self.run.plan.data)
        return self.trainer.data if config == self.run.plan.data else load_data(config)

    def checkpoint(self) -> None:
        """Save the state, and what was logged until then."""
        self.log.flush()
        save(self.run, self.trainer, self.seconds)

    def interrupted(self) -> Interrupted:
        """The error to end with after a signal."""
        return Interrupted(f"stopped at step {self.trainer.step:,}; nothing is lost: 'zerosum resume "
                           f"{self.run.folder}' goes on from there", self.wish.number)

    def close(self) -> None:
        """Write what waits, and leave the terminal as it was."""
        self.progress.close()
        self.log.flush()
        if self._events is not None:
            self._events.close()



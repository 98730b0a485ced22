"""The doctor at a training: a look now and then, written to the log, and an alarm when something goes wrong."""

import time
from pathlib import Path

from ..core import abilities
from ..doctor import Course, Diagnosis, Ground, Sight, diagnose
from ..engine import Trainer
from .evidence import Evidence, draw

LOOKS = 6                                    # before the first alarm: a beginning looks like an illness
SHARE = 0.01                                 # of the training time that looks may take


class Vigil:
    """Looks at a trainer's model every `every` seconds, or less often where that would cost more than SHARE."""

    def __init__(self, trainer: Trainer, every: float, course: Course | None = None):
        self.trainer, self.every, self.course = trainer, every, course or Course()
        self.known: set[str] = set()         # what was said already
        self._due = time.monotonic() + every
        self._ground: Ground | None = None
        self._sight: Sight | None = None

    @property
    def is_due(self) -> bool:
        return bool(self.every) and time.monotonic() >= self._due and "sample" in abilities(self.trainer.model)

    def look(self) -> dict[str, object]:
        """Look at the averaged weights; returns the record for the log, empty where samples are not finite."""
        began = time.monotonic()
        if self._ground is None:
            self._ground = Ground(self.trainer.data, known=0)
        with self.trainer.averaged() as model:
            self._sight = self._ground.see(model, self.trainer.step)
        # The training data are read bit by bit, for no longer than a look takes or than there is time for.
        enough = began + max(2 * (time.monotonic() - began), SHARE * self.every)
        while time.monotonic() < enough and self._ground.learn():
            continue
        self._due = time.monotonic() + max(self.every, (time.monotonic() - began) / SHARE)
        if self._sight is None:
            return {}
        record = {"step": self.trainer.step, "probe": self._sight.probe.to_json()}
        self.course.add(record)
        return record

    def alarms(self) -> list[Diagnosis]:
        """What is newly wrong, each illness once."""
        found = diagnose(self.course) if len(self.course.probes) >= LOOKS else []
        new = [each for each in found if each.illness not in self.known]
        self.known |= {each.illness for each in new}
        if not new:
            self._sight = None                # hundreds of samples that nobody will draw
        return new

    def draw(self, found: Diagnosis, path: Path) -> None:
        """Draw what an alarm was raised for; the time that it takes is made up for by looking later."""
        began = time.monotonic()
        path.parent.mkdir(exist_ok=True)
        draw([found], Evidence(self.course, self._ground, self._sight), path)
        self._due += (time.monotonic() - began) / SHARE

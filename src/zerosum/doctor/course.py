"""What is known of a training: its terms and gradients over the steps, the looks at it, and how it ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from .probe import Probe

LATE, FIRST = 0.2, 3                         # the share of a training that is its end, and records that are its start


@dataclass
class Course:
    """Grows while a training goes on; `Course.of(records)` reads a log."""

    gradients: dict[str, list[float]] = field(default_factory=dict)      # of each player, at the steps logged
    terms: dict[str, list[float]] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)                       # at which they were logged
    probes: list[Probe] = field(default_factory=list)
    failure: str = ""                        # why it ended early, if it did

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]], failure: str = "") -> "Course":
        """Read the records of a log."""
        course = cls(failure=failure)
        for record in records:
            course.add(record)
        return course

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record of a log; what it does not know is passed over."""
        for name, values in (("gradients", self.gradients), ("terms", self.terms)):
            for key, value in record.get(name, {}).items():
                values.setdefault(key, []).append(value)
        if "terms" in record or "gradients" in record:
            self.steps.append(record["step"])
        if "probe" in record:
            self.probes.append(Probe.from_json(record["step"], record["probe"]))

    @property
    def last(self) -> Probe | None:
        return self.probes[-1] if self.probes else None


def late(values: list[float]) -> float:
    """The median over the end of a training."""
    return median(values[-max(1, int(LATE * len(values))):])


def first(values: list[float]) -> float:
    """The median of the first few."""
    return median(values[:FIRST])

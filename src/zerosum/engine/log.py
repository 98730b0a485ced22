"""The training log: one JSON object a line, safe to cut anywhere."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..core import NonFiniteError, ZerosumError
from .checkpoint import atomic, explain


def to_numbers(terms: Mapping[str, Tensor | float], step: int) -> dict[str, float]:
    """Fetch terms (`player/term`) from their device; raises NonFiniteError that names term, player and step."""
    numbers = {name: float(value) for name, value in terms.items()}
    for name, value in numbers.items():
        if not math.isfinite(value):
            player, _, term = name.partition("/")
            raise NonFiniteError(f"the term '{term}' of player '{player}' became {value} at step {step}: lower the "
                                 "learning rate; the last checkpoint is intact")
    return numbers


class Log:
    """Appends records to `log.jsonl`; a record reaches the disk at the next flush."""

    def __init__(self, path: Path):
        self.path = path
        self._waiting: list[str] = []

    def write(self, record: Mapping[str, Any]) -> None:
        self._waiting.append(json.dumps(record))

    def flush(self) -> None:
        """Put waiting records on the disk; raises ZerosumError for a full disk."""
        if not self._waiting:
            return
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in self._waiting))
        except OSError as error:
            raise ZerosumError(explain(error, self.path)) from error
        self._waiting.clear()

    def rewind(self, step: int) -> None:
        """Drop the records after `step`, which a resumed run will write again."""
        kept = [json.dumps(record) for record in read_log(self.path) if record["step"] <= step]
        with atomic(self.path) as file:
            file.write("".join(line + "\n" for line in kept).encode())


def read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Read the records of a log; a line that a killed run left half-written is skipped, and any that is no record."""
    if not path.exists():
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and isinstance(record.get("step"), int):
                yield record

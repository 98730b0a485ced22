"""Says on stderr how far a long piece of work has come."""

import sys
import time


class Counter:
    """Says how many things are done, every few seconds; what is over before that says nothing."""

    def __init__(self, what: str, things: str = "", every: float = 2.0):
        self.what, self.things, self.every, self._said = what, things, every, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said >= self.every:
            self._said = time.monotonic()
            print(f"{self.what} {done:,} of {total:,} {self.things}".rstrip(), file=sys.stderr, flush=True)

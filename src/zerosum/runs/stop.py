"""Ctrl-C and SIGTERM as a wish to stop at the next step, with everything saved."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Wish:
    """The signal that asked for a stop, or 0; where no step will ask for it, it is granted `at_once`."""

    number = 0
    at_once = False

    def __bool__(self) -> bool:
        return self.number != 0


@contextlib.contextmanager
def stop_signals() -> Iterator[Wish]:
    """Note SIGINT and SIGTERM instead of dying; a second one acts as it always did. Main thread only."""
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish                            # a program that trains in a thread handles its own signals
        return
    old = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        wish.number = number
        signal.signal(number, old[number])
        if wish.at_once:
            raise KeyboardInterrupt

    for number in old:
        signal.signal(number, note)
    try:
        yield wish
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)

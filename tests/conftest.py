"""What every test stands on: one CPU thread, a folder of its own to work in, and one cache for the whole session."""

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"          # before torch is loaded, and for the processes that tests start
os.environ.pop("ZEROSUM_CACHE", None)

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """No test sees the user's cache; the parent of a worker's folder is the session's."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    os.environ["ZEROSUM_CACHE"] = str(folder)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Nothing that a test leaves lying about reaches the repository."""
    monkeypatch.chdir(tmp_path)


class Child:
    """A copy of this process that does one thing; what it printed is in `out` and `err` after `wait`."""

    def __init__(self, act: Callable[[], int | None]):
        ends = [os.pipe(), os.pipe()]
        self.pid = os.fork()
        if self.pid == 0:
            status = 99
            try:
                status = self._live(act, [writing for _, writing in ends])
            finally:
                os._exit(status)              # whatever happens, there must not be two pytests
        for _, writing in ends:
            os.close(writing)
        self._reading = [reading for reading, _ in ends]
        self.out = self.err = ""

    @staticmethod
    def _live(act: Callable[[], int | None], ends: list[int]) -> int:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.stdout, sys.stderr = (os.fdopen(end, "w", buffering=1) for end in ends)
        try:
            return act() or 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Exit status, or minus the number of the signal that ended it."""
        self.out, self.err = (os.fdopen(end).read() for end in self._reading)     # until the child has closed them
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def fork():
    """Starts children; a process that may be killed costs no second import of torch."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    children: list[Child] = []

    def start(act: Callable[[], int | None]) -> Child:
        children.append(Child(act))
        return children[-1]

    yield start
    for child in children:
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            if os.waitpid(child.pid, os.WNOHANG)[0] == 0:
                child.kill()
                child.wait()

"""The next batch, gathered while the device works on this one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from torch import Tensor

Fields = dict[str, Tensor]
Gather = Callable[[int, int], Fields]        # first position in the stream, number of samples -> what is known of them


class Ahead:
    """Calls `gather` in a thread for what is probably asked for next, and again where something else is.

    The same samples are returned as without it, whatever is asked for: a guess is used only if it was right. Errors of
    `gather` are raised by the `take` whose samples they concern.
    """

    def __init__(self, gather: Gather):
        self.gather = gather
        self._pool = ThreadPoolExecutor(1, "zerosum-ahead")
        self._guess: tuple[int, int] | None = None
        self._found: Future[Fields] | None = None

    def take(self, first: int, count: int, step: int) -> Fields:
        """The `count` samples from position `first` on; the next ones are looked for `step` positions later."""
        found, self._found = self._found, None
        if found is not None and self._guess != (first, count):      # a batch of another size, perhaps
            if not found.cancel():
                wait([found])                # `gather` is never called twice at once
            found = None
        fields = self.gather(first, count) if found is None else found.result()
        self._guess, self._found = (first + step, count), self._pool.submit(self.gather, first + step, count)
        return fields

"""The errors that a user can mend: one line each, saying what to do."""

import difflib
from collections.abc import Iterable


class ZerosumError(Exception):
    """The work failed for a reason outside the library; the message is one line that says what to do."""

    exit_status = 1


class UsageError(ZerosumError):
    """Something was asked for that does not exist or cannot be; the message names the nearest right thing."""

    exit_status = 2


class NonFiniteError(ZerosumError):
    """A loss term became NaN or infinite; the message names term, player and step."""


class Interrupted(ZerosumError):
    """A signal stopped the run after its state was saved; `exit_status` is 128 + the signal's number."""

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.exit_status = 128 + signal_number


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ' (did you mean X?)' for the word closest to `word`, whatever the case, or '' where none is close."""
    lower = {each.lower(): each for each in words}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    return f" (did you mean {lower[close[0]]}?)" if close else ""


def unknown(kind: str, word: str, words: Iterable[str]) -> UsageError:
    """Build the error for a name that is not among `words`, with the nearest one, or all of them if few."""
    words = sorted(words)
    hint = nearest(word, words) or (f"; there is: {', '.join(words)}" if 0 < len(words) <= 12 else "")
    return UsageError(f"unknown {kind} '{word}'{hint}")

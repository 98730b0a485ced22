"""Text as numbers: which words captions speak, and a text as the numbers of its words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from .errors import UsageError, unknown

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
MOST_WORDS = 4096                            # a vocabulary has no more: rarer words are not learnt
LONGEST = 64                                 # words of a caption that are read
PROMPTS = 64                                 # captions that a model samples from when asked for nothing


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return WORD.findall(text.lower())


def vocabulary(captions: Iterable[str]) -> tuple[str, ...]:
    """The words of captions, the most frequent first, by name where equally frequent; at most MOST_WORDS."""
    counts = Counter(word for caption in captions for word in words_of(caption))
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:MOST_WORDS])


def longest(captions: Iterable[str]) -> int:
    """How many words the longest caption has, at most LONGEST."""
    return min(LONGEST, max((len(words_of(caption)) for caption in captions), default=0))


def evenly(captions: Iterable[str]) -> tuple[str, ...]:
    """At most PROMPTS of the different captions that have words, taken evenly, on one line each."""
    different = list(dict.fromkeys(" ".join(caption.split()) for caption in captions if words_of(caption)))
    count = min(len(different), PROMPTS)
    return tuple(different[i * len(different) // count] for i in range(count))


def encoded(texts: Sequence[str], words: tuple[str, ...], length: int, *, lenient: bool = False) -> Tensor:
    """Texts as numbers of their words, from 1 in the order of `words`; 0 fills up: int64 (len(texts), length).

    Raises UsageError for a text without words, with one that is unknown, or with more than `length`; `lenient` leaves
    out unknown words and what comes after.
    """
    numbers, rows = _numbers(words), []
    for text in texts:
        found = words_of(text)
        if lenient:
            found = [word for word in found if word in numbers][:length]
        elif not 0 < len(found) <= length:
            raise UsageError(f"a text has 1 to {length} words here, as the captions that were learnt from, and "
                             f"'{text}' has {len(found)}")
        for word in found:
            if word not in numbers:
                raise unknown("word", word, words)
        rows.append([numbers[word] for word in found] + [0] * (length - len(found)))
    return torch.tensor(rows, dtype=torch.int64).view(len(rows), length)


@lru_cache(maxsize=8)
def _numbers(words: tuple[str, ...]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words, 1)}

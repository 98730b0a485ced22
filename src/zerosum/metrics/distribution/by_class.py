"""The samples of each class in two sets, and random halves of them: what metrics within classes share."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]                 # numbers of the real and of the fake samples of one class


@dataclass(frozen=True)
class ByClass:
    """Numbers of the real and fake samples of each class of the real set that has `least` of both, and the others."""

    pairs: dict[int, Pair]
    too_few: tuple[int, ...]

    @classmethod
    def of(cls, real: Tensor, fake: Tensor, least: int) -> "ByClass":
        """Of classes real (N,) and fake (M,), int64."""
        found = {int(c): ((real == c).nonzero()[:, 0], (fake == c).nonzero()[:, 0]) for c in real.unique()}
        pairs = {c: pair for c, pair in found.items() if min(map(len, pair)) >= least}
        return cls(pairs, tuple(c for c in found if c not in pairs))

    def halves(self, count: int, seed: int) -> Iterator[dict[int, Pair]]:
        """Random halves of each class, `count` times."""
        generator = torch.Generator().manual_seed(seed)
        for _ in range(count):
            yield {c: tuple(rows[torch.randperm(len(rows), generator=generator)[:len(rows) // 2]] for rows in pair)
                   for c, pair in self.pairs.items()}

    @staticmethod
    def by_name(values: dict[int, float]) -> dict[str, float]:
        """Values of each class, as JSON takes them."""
        return {str(label): value for label, value in values.items()}

    def warning(self, least: int) -> str:
        """Which classes the mean leaves out, if any."""
        if not self.too_few:
            return ""
        return f"the mean leaves out {named(self.too_few)}, with fewer than {least} real or fake samples"


def named(classes: tuple[int, ...], most: int = 10) -> str:
    """Classes in words, the first of them by number."""
    text = ", ".join(map(str, classes[:most])) + (", ..." if len(classes) > most else "")
    return f"{'class' if len(classes) == 1 else f'{len(classes)} classes:'} {text}"

"""Whether samples are copies of training samples: distances to the nearest of all that are known."""

import torch
from torch import Tensor

WORK = 10_000_000                            # pairs of samples that a look compares at most,
LEAST, FEW = 100, 3                          # with at least so many samples, and so many below the quantile


class Copies:
    """The training samples that are known so far, and how far real samples lie from the others among them."""

    def __init__(self, real: Tensor, half: bool):
        self.real, self.kind = real, torch.float16 if half else torch.float32
        self.parts: list[Tensor] = []        # features of the known samples; `real` are the first of them
        self.usual = torch.full((len(real),), torch.inf)     # distance of each real sample to the nearest other one
        self.known = 0

    def add(self, part: Tensor) -> None:
        """Know more training samples, by their features (n, F)."""
        away = distances(self.real, part)
        same = range(self.known, min(self.known + len(part), len(self.real)))
        away[same, range(len(same))] = torch.inf
        self.usual = torch.minimum(self.usual, away.amin(1))
        self.parts.append(part.to(self.kind))
        self.known += len(part)

    def nearest(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The distance of each of x (n, F) to the nearest known sample, and which one that is: (n,) and (n,)."""
        best, which, start = torch.full((len(x),), torch.inf), torch.zeros(len(x), dtype=torch.int64), 0
        for part in self._whole():
            near, place = distances(x, part).min(1)
            which = torch.where(near < best, place + start, which)
            best, start = torch.minimum(best, near), start + len(part)
        return best, which

    def _whole(self) -> list[Tensor]:
        """All that is known, in few large parts: they are compared many times as fast as many small ones."""
        if len(self.parts) > 1:
            self.parts = list(torch.cat(self.parts).split(8_192))
        return self.parts

    def ratio(self, fakes: Tensor, count: int) -> float:
        """How far samples (n, F) lie from the training data of `count` samples, over how far real ones do.

        Where a share f of the training data is known, a generator of copies shows it in a share f of its samples: so
        it is the quantile f / 2 that is compared, the median where all are known. 1 where that is too few to say.
        """
        share = min(1.0, self.known / count)
        fakes = fakes[:max(LEAST, WORK // self.known)]
        if len(fakes) * share / 2 < FEW:
            return 1.0
        near = self.nearest(fakes)[0]
        return float(near.quantile(share / 2)) / (float(self.usual.quantile(share / 2)) or 1.0)


def distances(x: Tensor, part: Tensor) -> Tensor:
    """Between each of x (n, F) and each of `part` (m, F), exact where they have few features: points may lie close."""
    exact = x.shape[1] <= 32
    mode = "donot_use_mm_for_euclid_dist" if exact else "use_mm_for_euclid_dist"
    return torch.cdist(x, part.float(), compute_mode=mode)

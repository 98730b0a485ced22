"""The endless shuffled stream of sample numbers, from which a run can be continued bit by bit."""

import numpy as np
import torch
from torch import Tensor

from ..core import UsageError


class Sampler:
    """An endless stream over n samples in which each epoch is its own permutation, a pure function of (seed, epoch).

    The stream has no state: whoever reads it keeps a cursor, and every process can compute any part of it.
    """

    def __init__(self, n: int, seed: int, shuffle: bool = True):
        if n < 1:
            raise UsageError("this data set is empty: there is nothing to sample from")
        self.n, self.seed, self.shuffle = n, seed, shuffle
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def indices(self, start: int, count: int) -> Tensor:
        """Sample numbers, int64 (count,), at the positions [start, start + count) of the stream."""
        parts, stop = [], start + count
        while start < stop:
            epoch, offset = divmod(start, self.n)
            part = self.order(epoch)[offset:offset + stop - start]
            parts.append(part)
            start += len(part)
        return torch.cat(parts) if parts else torch.empty(0, dtype=torch.int64)

    def order(self, epoch: int) -> Tensor:
        """The permutation of this epoch, int64 (n,)."""
        if epoch != self._epoch:
            if self.shuffle:
                # RandomState's streams are frozen by numpy's policy: a run resumes alike under another version.
                words = (self.seed % 2**32, self.seed // 2**32 % 2**32, epoch)
                self._order = torch.from_numpy(np.random.RandomState(words).permutation(self.n))
            elif self._epoch < 0:
                self._order = torch.arange(self.n)
            self._epoch = epoch
        return self._order

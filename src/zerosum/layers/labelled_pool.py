"""A few labelled samples, for systems that learn from many without labels: semi-supervised learning (1606.03498)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot


class LabelledPool(nn.Module):
    """Keeps the first samples of each class that pass by, and draws labelled ones from them.

    They are buffers: saved with the model and there again when it goes on. Which they are follows from the seed that
    shuffles the data. Each of several processes keeps as many, of its own share.
    """

    def __init__(self, classes: int, per_class: int, shape: tuple[int, ...]):
        super().__init__()
        self.per_class = per_class
        # A class after the other; the last row takes what there is no room for, so that no shape hangs on the labels.
        self.register_buffer("x", torch.zeros(classes * per_class + 1, *shape))
        self.register_buffer("kept", torch.zeros(classes, dtype=torch.int64))       # how many there are of each class

    def take(self, x: Tensor, labels: Tensor) -> None:
        """Keep those of x (N, *shape) with labels (N,) that are among the first `per_class` of their class."""
        each = one_hot(labels, len(self.kept))
        place = self.kept[labels] + (each.cumsum(0) * each).sum(1) - 1       # how many of its class came before it
        self.x[torch.where(place < self.per_class, labels * self.per_class + place, len(self.x) - 1)] = x
        self.x[-1] = 0
        self.kept.copy_((self.kept + each.sum(0)).clamp_max(self.per_class))

    def all(self) -> tuple[Tensor, Tensor]:
        """Every place for a sample, and its label: (K per_class, *shape) and (K per_class,) int64; 0 where none is."""
        return self.x[:-1], torch.arange(len(self.x) - 1, device=self.x.device) // self.per_class

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """n of the samples kept, with replacement, and their labels: (n, *shape) and (n,) int64."""
        there = torch.arange(self.per_class, device=self.x.device) < self.kept[:, None]
        drawn = torch.multinomial(there.flatten().float(), n, replacement=True)
        x, labels = self.all()
        return x[drawn], labels[drawn]

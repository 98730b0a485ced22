"""Samples of a generator and their scores, drawn one after another from one seed."""

import torch
from torch import Tensor

from ..core import Model, require
from .passes import every_label, generated, scored


class Proposals:
    """An endless supply of samples: number i has the label i, over and over, of labels (m,), or else of all classes.

    `drawn` counts the samples.
    """

    def __init__(self, model: Model, labels: Tensor | None, seed: int):
        require(model, "generate")
        require(model, "score")
        self.model, self.drawn = model, 0
        self.labels = every_label(model) if labels is None else labels.to(model.device)
        self.generator = torch.Generator().manual_seed(seed)

    def labels_of(self, numbers: Tensor) -> Tensor | None:
        """The labels of the samples of these numbers (n,): (n,)."""
        return None if self.labels is None else self.labels[numbers.to(self.labels.device) % len(self.labels)]

    def draw(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """A fresh sample for each of these numbers (n,), and its score: (n, *shape) and (n,)."""
        labels = self.labels_of(numbers)
        x = generated(self.model, self.model.noise(len(numbers), self.generator), labels)      # type: ignore[operator]
        self.drawn += len(numbers)
        return x, scored(self.model, x, labels)

    def chance(self, n: int) -> Tensor:
        """Draw n numbers of U(0, 1)."""
        return torch.rand(n, generator=self.generator).to(self.model.device)

"""The contract of a model with styles: noise z -> mapping -> a style w per layer -> synthesis -> a sample."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from .classes import best_over_classes
from .errors import UsageError
from .model import LatentModel
from .spec import DataSpec

CHUNK = 256                                  # samples at a time


class StyleModel(LatentModel):
    """A model whose `generator` has a `mapping` (z, c -> w) with the mean of w, and a `synthesis` (w -> x).

    Truncation draws w towards its mean (1812.04948, App. B). Where the settings say `conditional`, c is the class,
    one-hot, for both players, and the card has the task conditional-generation: raises UsageError for data without
    classes.
    """

    generator: Any
    discriminator: Any

    def __init__(self, cfg: Any, data: DataSpec):
        super().__init__(cfg, data)
        self.c_dim = data.num_classes if getattr(cfg, "conditional", False) else 0           # numbers in c
        if self.c_dim:
            self.card = replace(self.card, tasks=(*self.card.tasks, "conditional-generation"))     # type: ignore[misc]
        elif getattr(cfg, "conditional", False):
            raise UsageError("--conditional needs labelled data: put images into one subfolder per class, or use "
                             "digits")

    def conditions(self, labels: Tensor | None) -> Tensor | None:
        """Classes (N,) as the networks take them: (N, c_dim) float32; None where they take none."""
        return None if labels is None or not self.c_dim else one_hot(labels, self.c_dim).to(torch.float32)

    def map(self, z: Tensor, labels: Tensor | None = None, *, truncation: float = 1.0) -> Tensor:
        """Styles w (N, layers, w_dim) of z (N, z_dim) and labels (N,), without which the classes come in turn."""
        labels = self.labels_for(len(z), labels)
        return self.generator.mapping(z, self.conditions(labels), truncation=truncation,
                                      update_average=False)

    def mixed_styles(self, n: int, labels: Tensor | None = None) -> Tensor:
        """Styles (n, layers, w_dim) to train with: with probability `cfg.style_mixing`, of two noises each.

        All of a batch change from one to the other at the same random layer (1812.04948, Sec. 3.1).
        """
        mapping, c = self.generator.mapping, self.conditions(labels)
        w = mapping(self.noise(n), c)
        if torch.rand(()) >= self.cfg.style_mixing:
            return w
        first = int(torch.randint(1, w.shape[1], ()))
        other = mapping(self.noise(n), c, update_average=False)
        return torch.cat([w[:, :first], other[:, first:]], 1)

    def synthesize(self, w: Tensor) -> Tensor:
        """Samples (N, *shape) of styles w (N, layers, w_dim); in evaluation their pixels are clamped to [-1, 1]."""
        x = self.generator.synthesis(w)
        return x if self.training else x.clamp(-1, 1)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim), and labels (N,) where the model has them, to samples (N, *data.shape)."""
        return self.synthesize(self.map(z, labels))

    @torch.no_grad()
    def sample(self, n: int, *, seed: int | None = None, labels: Tensor | Sequence[int] | int | None = None,
               truncation: float = 1.0) -> Tensor:
        """Draw n samples, (n, *data.shape); `truncation` < 1 draws their styles towards the mean of all.

        One seed gives the same samples on every device. Raises UsageError for labels the model does not have.
        """
        chosen = self.labels_for(n, labels)
        z = self.noise(n, None if seed is None else torch.Generator().manual_seed(seed))
        training = self.training
        self.eval()
        chunks = [self.synthesize(self.map(z[i:i + CHUNK], None if chosen is None else chosen[i:i + CHUNK],
                                           truncation=truncation)) for i in range(0, n, CHUNK)]
        self.train(training)
        return torch.cat(chunks) if chunks else torch.empty(0, *self.data.shape, device=self.device)

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x under its labels, (N,); without labels, the best over all classes."""
        if labels is None and self.c_dim:
            return best_over_classes(self.scores, x, self.c_dim)
        return self.discriminator(x, self.conditions(labels))

"""The smallest model of text, as a user would write one: tests ask it for what every tool asks of such models."""

from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from zerosum.core import Batch, DataSpec, Game, Player, TextModel, adam, register
from zerosum.core.card import NO_PAPER
from zerosum.losses import OBJECTIVES


@register
class Painter(TextModel):
    """Linear players, which hear the words of a text in no order."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 4                       # numbers in z
        prior: Literal["normal"] = "normal"  # z ~ N(0, I)

    PRESETS = {"tiny": {"data": "shapes", "image_size": 16, "batch_size": 8, "steps": 2}}
    card = replace(NO_PAPER, tasks=("generation", "text-to-image"))

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        words, size = len(data.words) + 1, prod(data.shape)
        self.generator = nn.Linear(cfg.z_dim + words, size)
        self.discriminator = nn.Linear(size + words, 1)
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        return {name: Player(getattr(self, name), adam(1e-3)) for name in ("discriminator", "generator")}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generate(self.noise(batch), batch.text)
        return {"adversarial": self.objective.discriminator(self.scores(batch.x, batch.text),
                                                            self.scores(x_fake, batch.text))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generate(self.noise(batch), batch.text)
        return {"adversarial": self.objective.generator(self.scores(x_fake, batch.text))}

    def said(self, text: Tensor) -> Tensor:
        """Which words a text (N, L) has: (N, words + 1)."""
        return nn.functional.one_hot(text, len(self.data.words) + 1).amax(1).float()

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        joined = torch.cat([z, self.said(self.labels_for(len(z), labels))], 1)
        return self.generator(joined).tanh().unflatten(1, self.data.shape)

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        joined = torch.cat([x.flatten(1), self.said(self.labels_for(len(x), labels))], 1)
        return self.discriminator(joined).squeeze(1).float()

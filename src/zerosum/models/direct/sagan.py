"""SAGAN: Self-Attention Generative Adversarial Networks (Zhang et al., 2018), arXiv:1805.08318.

    beta_ji = softmax_i(f(x_i)^T g(x_j)),   o_j = v(sum_i beta_ji h(x_i)),   y = gamma o + x,  gamma = 0 at first
    L_D = E_{x,y}[max(0, 1 - D(x, y))] + E_{z,y}[max(0, 1 + D(G(z), y))],   L_G = -E_{z,y}[D(G(z), y)]      Eq. (4)

A convolution sees its neighbourhood; attention lets every place of a map see all others, in both players. Weights of
both have spectral norm one (Sec. 4.1), and D's learning rate is four times G's, so that one update each is enough
(Sec. 4.2). G is told the class by conditional batch norm, D by projection; data without classes trains plain ones.

Players     discriminator (every layer of spectral norm one, the embedding too), generator (every layer but its norms').
Departures  the networks and the spectral norm are those of ajbrock/BigGAN-PyTorch, where the places attended to are
            pooled, as in the authors' code. The classes of generated samples are drawn. `middle` and `d_blocks` are for
            comparisons: what stands in the place of attention, and how far D's convolutions see.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Player,
    adam,
    best_over_classes,
    between,
    positive,
    register,
)
from ...layers import ResidualTwin, SelfAttention, fresh_spectral_norm
from ...losses import OBJECTIVES
from ...networks.biggan import (
    BigGANDiscriminator,
    BigGANGenerator,
    block_down_to,
    block_up_to,
    octaves_of,
    widths_down,
)

MIDDLES = {"attention": SelfAttention, "residual": ResidualTwin}


@register
class SAGAN(LatentModel):
    """The hinge game of classes, in which places of an image that are far apart see each other."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        width: int = 64                      # of the generator's maps: a factor of BigGAN's table for the size
        d_width: int = 64                    # of the discriminator's maps, likewise
        attention: int = 32                  # side of the maps that attention is on, at most (0: none)
        middle: Literal["attention", "residual"] = "attention"   # what is there; residual: as many weights
        d_blocks: int = 0                    # blocks of the discriminator (0: as many as the size needs)
        d_steps: int = 1                     # discriminator updates per generator update
        lr: float = 1e-4                     # Adam's learning rate of the generator
        d_lr: float = 4e-4                   # of the discriminator
        betas: tuple[float, float] = (0.0, 0.9)               # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "d_width", "d_steps", "lr", "d_lr")
            between(self, 0, 1e4, "attention", "d_blocks")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 128, "batch_size": 256, "steps": 1_000_000},
        "small": {"data": "digits", "image_size": 16, "width": 4, "d_width": 4, "attention": 8, "d_steps": 2,
                  "lr": 1e-3, "d_lr": 2e-3, "betas": (0.0, 0.999), "batch_size": 32, "steps": 600, "ema": 5_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 2, "d_width": 2, "attention": 8,
                 "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Self-Attention Generative Adversarial Networks", authors="Zhang, Goodfellow, Metaxas, Odena", year=2018,
        arxiv="1805.08318",
        summary="Both players have a layer in which every place of a map attends to all others, and weights of "
                "spectral norm one.",
        tasks=("generation", "conditional-generation"), structure="direct", density="implicit",
        generator="residual with self-attention, conditional batch norm",
        discriminator="residual with self-attention, projection of the label", extra="none", objective="hinge",
        constraint="spectral normalization of the weights of both players",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        if not data.num_classes:             # this one is asked for nothing
            self.card = replace(self.card, tasks=("generation",))
        channels, size = data.channels, (data.height, data.width)
        options: dict[str, Any] = {"classes": data.num_classes, "middle": MIDDLES[cfg.middle]}
        up, down = ([block(size, cfg.attention)] if cfg.attention else [] for block in (block_up_to, block_down_to))
        self.generator = BigGANGenerator(cfg.z_dim, size, channels, cfg.width, shared=0, hierarchical=False,
                                         attention=up, **options)
        widths = widths_down(octaves_of(size, 1), cfg.d_width)[:cfg.d_blocks or None]
        self.discriminator = BigGANDiscriminator(size, channels, widths, attention=down, **options)
        fresh_spectral_norm(self.generator, embeddings=False)
        fresh_spectral_norm(self.discriminator)
        self.objective = OBJECTIVES["hinge"]

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player(self.discriminator, adam(cfg.d_lr, cfg.betas)),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake, labels = self.made(batch.size)
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x, batch.labels),
                                                            self.discriminator(x_fake, labels))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.objective.generator(self.discriminator(*self.made(batch.size)))}

    def made(self, n: int) -> tuple[Tensor, Tensor | None]:
        """n samples, and their classes, which are drawn evenly where there are any."""
        classes = self.data.num_classes
        labels = torch.randint(classes, (n,), device=self.device) if classes else None
        return self.generate(self.noise(n), labels), labels

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to images (N, C, H, W); without labels the classes come in turn."""
        if labels is None and self.data.num_classes:
            labels = torch.arange(len(z), device=z.device) % self.data.num_classes
        return self.generator(z, self.generator.embedded(labels))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x under its labels, (N,); without labels, the best over all classes."""
        if labels is not None or not self.data.num_classes:
            return self.discriminator(x, labels)
        return best_over_classes(self.discriminator, x, self.data.num_classes)

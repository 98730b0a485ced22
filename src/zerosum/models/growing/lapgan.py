"""LAPGAN: Image Models using a Laplacian Pyramid of Adversarial Networks (Denton et al., 2015), arXiv:1506.05751.

    I_{k+1} = d(I_k),   l_k = u(I_{k+1}),   h_k = I_k - l_k                                                  Eq. (3)
    D_k: E[log D_k(l_k, h_k)] + E[log(1 - D_k(l_k, G_k(z_k, l_k)))],   at the coarsest level a plain GAN   Algorithm 1
    sample: I~_K = G_K(z_K),   I~_k = u(I~_{k+1}) + G_k(z_k, u(I~_{k+1}))                                    Eq. (5)

Each level of the pyramid has a GAN of its own, which learns what an image lacks when it has been made small and large
again; both players are given that blurred image. They learn from real pyramids alone: no level ever sees what another
makes, so that they may be trained in any order, one by one, and exchanged.

Players     discriminator_H and generator_H for each level, H being its height (one update each).
Departures  the levels train side by side in one run, which is as if each were trained alone; `level` trains one.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Optimizer,
    Player,
    UsageError,
    adam,
    best_over_classes,
    between,
    positive,
    register,
    sgd,
)
from ...losses import OBJECTIVES
from ...networks.lapgan import ResidualDiscriminator, ResidualGenerator, finer, pyramid, sizes_of
from ...networks.mlp import MLPDiscriminator, MLPGenerator


@register
class LAPGAN(LatentModel):
    """A GAN for each level of a Laplacian pyramid: the coarsest draws an image, the others what it lacks."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z of the coarsest level; each other one has a plane of noise
        coarsest: int = 8                    # shorter side of the coarsest level, at least
        level: int = 0                       # train only the level of this height (0: all)
        conditional: bool = False            # tell all players the class
        width: int = 128                     # maps of the generators above the coarsest level
        d_width: int = 128                   # of the discriminators there
        units: int = 1200                    # hidden units of the coarsest generator
        d_units: int = 600                   # of the coarsest discriminator
        dropout: float = 0.5                 # of the discriminators' last layer, and of the coarsest's hidden ones
        optimizer: Literal["sgd", "adam"] = "sgd"   # sgd has the paper's schedule of rate and momentum
        lr: float = 0.02                     # learning rate of all players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        momentum: tuple[float, float] = (0.5, 0.8)  # of SGD: at the start, and at most
        epoch: int = 50_000                  # real images after which SGD's rate falls and its momentum rises
        ema: float = 0.0                     # half-life of the generators' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "d_width", "units", "d_units", "lr", "epoch")
            between(self, 5, 1e4, "coarsest")        # below, the networks of the next level have no pixel left
            between(self, 0, 0.9999, "dropout", "betas", "momentum")
            between(self, 0, 1e9, "level", "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 128, "images": 10_000_000},
        "small": {"data": "glyphs", "image_size": 32, "width": 24, "d_width": 24, "units": 256, "d_units": 128,
                  "dropout": 0.3, "optimizer": "adam", "lr": 5e-4, "batch_size": 32, "steps": 1_500, "ema": 5_000},
        "tiny": {"data": "digits", "image_size": 16, "z_dim": 8, "width": 4, "d_width": 4, "units": 8, "d_units": 8,
                 "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks",
        authors="Denton, Chintala, Szlam, Fergus", year=2015, arxiv="1506.05751",
        summary="A GAN for each level of a Laplacian pyramid: the coarsest draws a small image, each other one what a "
                "blurred image lacks; they are trained apart.",
        tasks=("generation",), structure="iterative", density="implicit",
        generator="MLP at the coarsest level, convolutions above", extra="a pair for each level of the pyramid",
        discriminator="MLP at the coarsest level, convolutions above, of the blurred image and its residual",
        objective="non-saturating GAN at each level", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        if cfg.conditional and not data.num_classes:
            raise UsageError("--conditional needs labelled data: put images into one subfolder per class, or use "
                             "digits")
        classes = self.classes = data.num_classes if cfg.conditional else 0
        if classes:
            self.card = replace(self.card, tasks=(*self.card.tasks, "conditional-generation"))   # type: ignore[misc]
        self.sizes = sizes_of((data.height, data.width), cfg.coarsest)
        if cfg.level not in (0, *(height for height, _ in self.sizes)):
            raise UsageError(f"there is no level of height {cfg.level}: the pyramid has "
                             f"{', '.join(str(height) for height, _ in self.sizes)}")
        first, channels = self.sizes[0], data.channels
        self.generators = nn.ModuleList([MLPGenerator(cfg.z_dim + classes, (channels, *first), width=cfg.units)])
        self.discriminators = nn.ModuleList([MLPDiscriminator(
            (channels * first[0] * first[1] + classes,), width=cfg.d_units, activation="relu",
            dropout=(0.0, cfg.dropout))])
        for size in self.sizes[1:]:
            self.generators.append(ResidualGenerator(size, channels, cfg.width, classes))
            self.discriminators.append(ResidualDiscriminator(size, channels, cfg.d_width, classes, cfg.dropout))
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        cfg, found = self.cfg, {}
        opt = adam(cfg.lr, cfg.betas) if cfg.optimizer == "adam" else sgd(cfg.lr, cfg.momentum[0])
        schedule = None if cfg.optimizer == "adam" else self.schedule
        for k, (height, _) in enumerate(self.sizes):
            found[f"discriminator_{height}"] = Player(self.discriminators[k], opt, schedule=schedule)
            found[f"generator_{height}"] = Player(self.generators[k], opt, ema=cfg.ema, schedule=schedule)
        return found

    def schedule(self, optimizer: Optimizer, step: int, images: int) -> None:
        """Rate and momentum of SGD at this point of the training (App. A)."""
        epochs, (start, most) = images // self.cfg.epoch, self.cfg.momentum
        optimizer.lr = self.cfg.lr * (1 + 4e-5) ** -epochs
        optimizer.momentum = min(start + 0.0008 * epochs, most)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch, logs = trainer.batch(), {}
        for k, (blurred, residual) in enumerate(pyramid(batch.x, len(self.sizes))):
            batch.keep(**{f"residual_{k}": residual} | ({} if blurred is None else {f"blurred_{k}": blurred}))
        for k, (height, _) in enumerate(self.sizes):
            if self.cfg.level in (0, height):
                logs |= trainer.update(f"discriminator_{height}", lambda part, k=k: self.discriminator_loss(k, part),
                                       batch)
                logs |= trainer.update(f"generator_{height}", lambda part, k=k: self.generator_loss(k, part), batch)
        return logs

    def discriminator_loss(self, k: int, batch: Batch) -> dict[str, Tensor]:
        """The loss of level k, from the coarsest, 0: real residuals against those that G_k draws."""
        blurred, drawn = self.drawn(k, batch)
        return {"adversarial": self.objective.discriminator(
            self.judged(k, blurred, getattr(batch, f"residual_{k}"), batch.labels),
            self.judged(k, blurred, drawn, batch.labels))}

    def generator_loss(self, k: int, batch: Batch) -> dict[str, Tensor]:
        """That of G_k: D_k should take what it draws for what the blurred image lacks."""
        return {"adversarial": self.objective.generator(self.judged(k, *self.drawn(k, batch), batch.labels))}

    def drawn(self, k: int, batch: Batch) -> tuple[Tensor | None, Tensor]:
        """The blurred images of level k, and what G_k draws that they lack; at the coarsest level None, and images."""
        blurred = getattr(batch, f"blurred_{k}") if k else None
        return blurred, self.residual(k, blurred, self.parts(self.noise(batch))[k], batch.labels)

    def told(self, labels: Tensor | None) -> Tensor | None:
        """Classes (N,) as the networks take them, one-hot; None where they take none."""
        return one_hot(labels, self.classes).float() if self.classes and labels is not None else None

    def residual(self, k: int, blurred: Tensor | None, z: Tensor, labels: Tensor | None) -> Tensor:
        """G_k of noise z and blurred images (N, C, h, w); the coarsest level has none, and draws images."""
        y = self.told(labels)
        if k == 0:
            return self.generators[0](z if y is None else torch.cat([z, y], 1))
        return self.generators[k](blurred, z.view(len(z), 1, *self.sizes[k]), y)

    def judged(self, k: int, blurred: Tensor | None, residual: Tensor, labels: Tensor | None) -> Tensor:
        """D_k's scores (N,) of residuals, or of the coarsest images."""
        y = self.told(labels)
        if k == 0:
            flat = residual.flatten(1)
            return self.discriminators[0](flat if y is None else torch.cat([flat, y], 1))
        return self.discriminators[k](blurred, residual, y)

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """z ~ U(-1, 1) of all levels: (N, z_dim + height width of each level but the coarsest)."""
        n = n.size if isinstance(n, Batch) else n
        device = self.device if generator is None else generator.device
        return (torch.rand(n, sum(self.counts), device=device, generator=generator) * 2 - 1).to(self.device)

    @property
    def counts(self) -> list[int]:
        """Numbers of z of each level."""
        return [self.cfg.z_dim, *(height * width for height, width in self.sizes[1:])]

    def parts(self, z: Tensor) -> tuple[Tensor, ...]:
        """The noise of each level."""
        return z.split(self.counts, 1)

    def levels(self, z: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        """The image of each level for z, the coarsest first: (N, C, h, w) each (Eq. 5)."""
        found: list[Tensor] = []
        for k, part in enumerate(self.parts(z)):
            blurred = finer(found[-1]) if found else None
            x = self.residual(k, blurred, part, labels)
            found.append(x if blurred is None else blurred + x)
        return found

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z of all levels to images (N, C, H, W); in evaluation their pixels are clamped to [-1, 1]."""
        x = self.levels(z, self.labels_for(len(z), labels))[-1]
        return x if self.training else x.clamp(-1, 1)

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean over all levels of D_k's logits of x, (N,); without labels, the best over all classes."""
        if labels is None and self.classes:
            return best_over_classes(self.scores, x, self.classes)
        rows = [self.judged(k, *level, labels) for k, level in enumerate(pyramid(x, len(self.sizes)))]
        return torch.stack(rows).mean(0)

"""CGAN: Conditional Generative Adversarial Nets (Mirza and Osindero, 2014), arXiv:1411.1784.

    min_G max_D V(D, G) = E_x[log D(x|y)] + E_z[log(1 - D(G(z|y)))]                                  Eq. (2)

Both players see the condition y: G maps z and y apart, then together; D maps x and y apart, then together.

Players     discriminator, generator (one update each, on fresh noise, with the labels of the real batch).
Departures  The generator's sigmoid is a tanh, since images lie in [-1, 1]. G ascends log D by default, as its authors'
            code for GAN does; Eq. (2) to the letter is `objective=saturating`. y is a class label, one-hot.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, Player, UsageError, best_over_classes, between, positive, register
from ...layers import Maxout
from ..objective.gan import GAN


class CGANGenerator(nn.Module):
    """z -> ReLU 200 and y -> ReLU 1000, joined -> ReLU 1200 -> samples (Sec. 4.1)."""

    def __init__(self, z_dim: int, num_classes: int, shape: tuple[int, ...], widths: tuple[int, int, int],
                 dropout: float):
        super().__init__()
        self.shape = shape
        from_z, from_y, joint = widths
        self.z = nn.Sequential(nn.Linear(z_dim, from_z), nn.ReLU(), nn.Dropout(dropout))
        self.y = nn.Sequential(nn.Linear(num_classes, from_y), nn.ReLU(), nn.Dropout(dropout))
        self.joint = nn.Sequential(nn.Linear(from_z + from_y, joint), nn.ReLU(), nn.Dropout(dropout),
                                   nn.Linear(joint, prod(shape)))
        self.output = nn.Tanh() if len(shape) == 3 else nn.Identity()

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Map z (N, z_dim) and one-hot y (N, num_classes) to samples (N, *shape)."""
        return self.output(self.joint(torch.cat([self.z(z), self.y(y)], dim=1))).unflatten(1, self.shape)


class CGANDiscriminator(nn.Module):
    """x -> maxout 240x5 and y -> maxout 50x5, joined -> maxout 240x4 -> score (Sec. 4.1)."""

    def __init__(self, num_classes: int, shape: tuple[int, ...], widths: tuple[int, int, int], dropout: float):
        super().__init__()
        from_x, from_y, joint = widths
        self.x = nn.Sequential(Maxout(prod(shape), from_x, 5), nn.Dropout(dropout))
        self.y = nn.Sequential(Maxout(num_classes, from_y, 5), nn.Dropout(dropout))
        self.joint = nn.Sequential(Maxout(from_x + from_y, joint, 4), nn.Dropout(dropout), nn.Linear(joint, 1))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Score x (N, *shape) under one-hot y (N, num_classes): (N,)."""
        return self.joint(torch.cat([self.x(x.flatten(1)), self.y(y)], dim=1)).squeeze(1).float()


@register
class CGAN(GAN):
    """The GAN game in which both players are told the class."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["unit", "normal", "uniform"] = "unit"  # z ~ U(0, 1), N(0, I) or U(-1, 1)
        objective: Literal["saturating", "non-saturating"] = "non-saturating"   # what G descends
        d_steps: int = 1                     # discriminator updates per generator update
        widths: tuple[int, int, int] = (200, 1000, 1200)      # of the generator: from z, from y, joint
        d_widths: tuple[int, int, int] = (240, 50, 240)       # maxout units of the discriminator: from x, from y, joint
        dropout: float = 0.5                 # share of the generator's hidden units dropped
        d_dropout: float = 0.5               # share of the discriminator's
        optimizer: Literal["sgd", "adam"] = "sgd"   # sgd has the paper's schedule of rate and momentum
        lr: float = 0.1                      # learning rate of both players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        momentum: tuple[float, float] = (0.5, 0.7)  # of SGD: at the start, and from momentum_images on
        momentum_images: int = 12_500_000    # real images until the final momentum
        lr_decay: float = 1.00004            # SGD: the rate is divided by this after each step, down to 1e-6
        ema: float = 0.0                     # half-life of both players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "lr", "lr_decay", "momentum_images")
            between(self, 1, 1e6, "widths", "d_widths")
            between(self, 0, 0.9999, "dropout", "d_dropout", "betas", "momentum")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 100, "images": 50_000_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "prior": "normal", "widths": (128, 128, 256),
                  "d_widths": (160, 64, 96), "d_steps": 2, "dropout": 0.0, "optimizer": "adam", "lr": 1e-3,
                  "batch_size": 64, "steps": 1_500, "ema": 10_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "widths": (8, 8, 16), "d_widths": (8, 4, 8),
                 "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Conditional Generative Adversarial Nets", authors="Mirza, Osindero", year=2014, arxiv="1411.1784",
        summary="Generator and discriminator are both given a label, so that samples of one class can be asked for.",
        tasks=("generation", "conditional-generation"), structure="direct", density="implicit",
        generator="MLP on z and y", discriminator="maxout MLP on x and y", extra="none",
        objective="conditional minimax", constraint="label fed to both players",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("cgan needs labelled data: put images into one subfolder per class, or use digits")
        super().__init__(cfg, data)

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg, shape, classes = self.cfg, self.data.shape, self.data.num_classes
        return (CGANGenerator(cfg.z_dim, classes, shape, cfg.widths, cfg.dropout),
                CGANDiscriminator(classes, shape, cfg.d_widths, cfg.d_dropout))

    def players(self) -> dict[str, Player]:
        """As in GAN; D is averaged too, since its opinion of a label swings from step to step."""
        players = super().players()
        return players | {"discriminator": replace(players["discriminator"], ema=self.cfg.ema)}

    def condition(self, labels: Tensor) -> Tensor:
        """One-hot labels, (N, num_classes) float."""
        return one_hot(labels, self.data.num_classes).float()

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        y = self.condition(batch.labels)
        x_fake = self.generator(self.noise(batch), y)
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x, y),
                                                            self.discriminator(x_fake, y))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        y = self.condition(batch.labels)
        return {"adversarial": self.objective.generator(self.discriminator(self.generator(self.noise(batch), y), y))}

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to samples (N, *shape); without labels they are drawn in turn."""
        labels = torch.arange(len(z), device=z.device) % self.data.num_classes if labels is None else labels
        return self.generator(z, self.condition(labels))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x under its labels, (N,); without labels, the best over all classes."""
        if labels is None:
            return best_over_classes(self.scores, x, self.data.num_classes)
        return self.discriminator(x, self.condition(labels))

"""Geometric GAN (Lim and Ye, 2017), arXiv:1705.02894.

    D = <w, Phi(x)> + b is a soft-margin support vector machine on the features Phi of its last hidden layer:
    D: min 1/(2 C n) ||w||^2 + 1/n sum max(0, 1 - D(x)) + 1/n sum max(0, 1 + D(G(z)))
    G: min -1/n sum D(G(z)): its samples move along the normal w of the separating hyperplane

Players     discriminator (d_steps updates per step), generator (g_steps updates, each on fresh noise).
Departures  none. As in the authors' code, of the weights of D only the last layer's, w, are held small by the margin
            term; points get the tanh networks of Unrolled GAN's mixture of Gaussians.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from ...core import Batch, Card, Game, Player, adam, between, positive, register, rmsprop
from ...networks.pairs import pair_of
from .gan import GAN


@register
class GeometricGAN(GAN):
    """The GAN game as a support vector machine and motion along its normal."""

    @dataclass(frozen=True)
    class Config:
        objective: ClassVar[str] = "hinge"
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        margin_weight: float = 1 / 64        # 1/(C n): how much a wide margin counts, at C = 1 and a batch of n = 64
        d_steps: int = 1                     # discriminator updates per step
        g_steps: int = 10                    # generator updates per step (1 on mixtures of Gaussians)
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        optimizer: Literal["rmsprop", "adam"] = "rmsprop"     # adam has betas (0.5, 0.999), as in the authors' code
        lr: float = 2e-4                     # learning rate
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "g_steps", "width", "lr")
            between(self, 0, 1e9, "margin_weight", "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "images": 10_000_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "g_steps": 1, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        # z, batch, C = 1 and rate of the authors' mixture of Gaussians; with a batch of 128 and 32 numbers in z, two of
        # eight modes are lost.
        "ring": {"data": "ring", "width": 128, "z_dim": 4, "g_steps": 1, "optimizer": "adam", "lr": 1e-3,
                 "margin_weight": 1 / 500, "batch_size": 500, "steps": 2_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "g_steps": 2, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="Geometric GAN", authors="Lim, Ye", year=2017, arxiv="1705.02894",
        summary="The discriminator is a support vector machine on its own features, and generated samples move along "
                "the normal of its hyperplane: the hinge loss of later GANs.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="DCGAN or MLP, a margin on the last layer", extra="none",
        objective="hinge (total variation)", constraint="wide margin: weight decay of the last layer",
    )

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return pair_of(self.cfg, self.data.shape)

    def players(self) -> dict[str, Player]:
        opt = rmsprop(self.cfg.lr) if self.cfg.optimizer == "rmsprop" else adam(self.cfg.lr, (0.5, 0.999))
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch)
        for _ in range(self.cfg.g_steps):
            logs |= trainer.update("generator", self.generator_loss, batch)
        return logs

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        w = self.discriminator.body[-1].weight
        return super().discriminator_loss(batch) | {"margin": self.cfg.margin_weight * w.square().sum() / 2}

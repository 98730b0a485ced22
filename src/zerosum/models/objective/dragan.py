"""DRAGAN: On Convergence and Stability of GANs (Kodali et al., 2017), arXiv:1705.07215.

    D: min -E[log D(x)] - E[log(1 - D(G(z)))] + lambda E[(||grad D(x + delta)||_2 - k)^2],   k = 1       Alg. 1
    G: min -E[log D(G(z))]

Games collapse at local equilibria where D is steep around real samples. Holding its slope there near k smooths them
away, wherever the generated samples are: the penalty never looks at one, unlike WGAN-GP's, which lies between both.

With lambda = 0 it is the GAN. lambda = 10 and k = 1 belong to images; on the ring of Gaussians, each of which is 100
times narrower than the ring, a slope of one cannot tell the inside of a mode from its surroundings, so lambda is 0.1.

Players     discriminator (d_steps updates per step), generator (one update).
Departures  delta is that of the authors' code (see `penalties.dragan`): part of the way to x + noise std(x) u with
            u ~ U(0, 1), not the N(0, c I) of Alg. 1, whose c ~ 10 belongs to pixels of 0 to 255. The slope is that of
            the logits, and MLPs start as there: N(0, 2 / fan_in). D has no batch norm, since its gradient is taken
            sample by sample.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from ...core import Batch, Card, Game, Player, adam, between, positive, register
from ...layers import init_he
from ...networks.mlp import MLPDiscriminator, MLPGenerator
from ...networks.pairs import pair_of
from ...penalties import dragan
from .gan import GAN


@register
class DRAGAN(GAN):
    """The GAN game with a discriminator of slope one around the data."""

    @dataclass(frozen=True)
    class Config:
        norm: ClassVar[str] = "none"         # of the discriminator
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        objective: Literal["saturating", "non-saturating"] = "non-saturating"   # what G descends
        penalty: float = 10.0                # lambda in Alg. 1
        slope: float = 1.0                   # k: the norm of D's gradient around real samples
        noise: float = 0.5                   # how far around: the largest step, in standard deviations of the data
        d_steps: int = 1                     # discriminator updates per generator update
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        d_width: int = 0                     # units of the discriminator's MLP for images (0: the same)
        depth: int = 3                       # hidden layers of the MLPs for images
        d_depth: int = 0                     # of the discriminator's (0: the same)
        lr: float = 1e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.9)     # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "noise", "d_steps", "width", "depth", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "penalty", "slope", "d_width", "d_depth", "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 128, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "penalty": 0.1, "lr": 1e-3, "batch_size": 128,
                 "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="On Convergence and Stability of GANs", authors="Kodali, Abernethy, Hays, Kira", year=2017,
        arxiv="1705.07215",
        summary="The GAN game with a penalty that keeps the discriminator's slope around real samples at one, so that "
                "it has no steep places at which the generator collapses.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="DCGAN or MLP without batch normalization", extra="none",
        objective="minimax (Jensen-Shannon), saturating or non-saturating",
        constraint="gradient penalty around real samples", couples_batch=True,
    )

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg, shape = self.cfg, self.data.shape
        if not self.data.is_image or cfg.network == "dcgan":
            return pair_of(cfg, shape)
        pair = (MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=cfg.depth),
                MLPDiscriminator(shape, width=cfg.d_width or cfg.width, depth=cfg.d_depth or cfg.depth,
                                 activation="relu", dropout=(0.0, 0.0)))
        for network in pair:
            init_he(network)                 # without norm, PyTorch's own start starves deep generators of z
        return pair

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch, second_order=True)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        if not self.cfg.penalty:
            return super().discriminator_loss(batch)
        slope = dragan(self.discriminator, batch.x, target=self.cfg.slope, noise=self.cfg.noise)
        return super().discriminator_loss(batch) | {"gradient_penalty": self.cfg.penalty * slope}

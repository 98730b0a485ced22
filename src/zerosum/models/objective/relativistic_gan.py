"""Relativistic GAN: The relativistic discriminator (Jolicoeur-Martineau, 2018), arXiv:1807.00734.

    relativistic (RSGAN):            D: -E[log sigmoid(C(x) - C(G(z)))],  G: -E[log sigmoid(C(G(z)) - C(x))]   Sec. 4.1
    relativistic-average (RaSGAN):   D: -E[log D~(x)] - E[log(1 - D~(G(z)))]                                   Sec. 4.2
                                     G: -E[log D~(G(z))] - E[log(1 - D~(x))]
                                     D~(x) = sigmoid(C(x) - E C(G(z))),  D~(G(z)) = sigmoid(C(G(z)) - E C(x))
    with penalty > 0 (RSGAN-GP, RaSGAN-GP):  D: + lambda E[(||grad C(x^)||_2 - 1)^2],  x^ = eps x + (1 - eps) G(z)

The discriminator says how much more real a real sample is than a generated one, so making the one more real makes the
other less so, and both losses depend on both kinds of samples.

Players     discriminator (d_steps updates per step), generator (one update, on a fresh batch of real samples).
Departures  none. The averages are over the batch; with micro-batches or several processes, over each one's part of it.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Player,
    UsageError,
    adam,
    between,
    positive,
    register,
)
from ...losses import RELATIVISTIC
from ...networks.pairs import pair_of
from ...penalties import gradient_penalty
from .gan import GAN


@register
class RelativisticGAN(GAN):
    """The GAN game on differences of scores."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        variant: Literal["relativistic", "relativistic-average"] = "relativistic-average"  # to one sample, or the mean
        penalty: float = 0.0                 # lambda of WGAN-GP's gradient penalty (10 in the paper; 0: none)
        d_steps: int = 1                     # discriminator updates per generator update
        network: Literal["dcgan", "resnet", "mlp"] = "dcgan"   # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, maps of the resnet, units of an MLP
        lr: float = 2e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "penalty", "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 32, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "lr": 1e-3, "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="The relativistic discriminator: a key element missing from standard GAN", authors="Jolicoeur-Martineau",
        year=2018, arxiv="1807.00734",
        summary="The discriminator estimates that real samples are more real than generated ones, of a pair or on "
                "average, so that the generator also lowers the scores of real samples.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN, residual or MLP", discriminator="DCGAN, residual or MLP", extra="none",
        objective="relativistic, paired or average", constraint="none, or a gradient penalty", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.objective = RELATIVISTIC[cfg.variant]
        self.generator, self.discriminator = self.networks()

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg = self.cfg
        if cfg.penalty and self.data.is_image and (cfg.network, cfg.norm) == ("dcgan", "batch"):
            raise UsageError("a gradient penalty takes each sample's own gradient, which batch norm in the "
                             "discriminator mixes with the others': use --norm none")
        return pair_of(cfg, self.data.shape)

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            logs = trainer.update("discriminator", self.discriminator_loss, trainer.batch(),
                                  second_order=self.cfg.penalty > 0)
        return logs | trainer.update("generator", self.generator_loss, trainer.batch())

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch))
        terms = {"adversarial": self.objective.discriminator(self.discriminator(x), self.discriminator(x_fake))}
        if self.cfg.penalty:
            terms["gradient_penalty"] = self.cfg.penalty * gradient_penalty(self.discriminator, x, x_fake)
        return terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective.generator(self.discriminator(x_fake), self.discriminator(batch.x))}

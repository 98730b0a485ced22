"""Fisher GAN (Mroueh and Sercu, 2017), arXiv:1705.09675.

    F(P, Q) = sup_f (E_P[f] - E_Q[f]) / sqrt(Omega),   Omega = 1/2 E_P[f^2] + 1/2 E_Q[f^2]                  Sec. 2
    critic:      ascends L = E_P[f] - E_Q[f] + alpha (1 - Omega) - rho/2 (Omega - 1)^2                      Eq. (9)
    multiplier:  alpha <- alpha - rho (1 - Omega), with each update of the critic, from 0                   Alg. 1
    generator:   descends -E_z[f(G(z))]                                                                     Alg. 1
    f* = (p - q) / ((p + q) / 2) / F,   F^2 = integral of (p - q)^2 / ((p + q) / 2),   alpha* = F / 2       Thm. 1

The constraint depends on the data, where WGAN's clipping does not: f may be as steep as it likes where no sample lies.

Players     critic and multiplier (n_critic updates per step, both from one forward pass), generator (one update). The
            multiplier descends L, whose derivative in alpha is 1 - Omega, by SGD of rate rho.
Departures  none. With micro-batches or several processes, (Omega - 1)^2 is taken over each one's part of the batch.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, between, positive, register, sgd
from ...losses import mean_difference, second_moment
from ...networks.pairs import make_pair
from .wgan import WGAN


@register
class FisherGAN(WGAN):
    """The WGAN game with a critic whose second moment, and nothing else, is held at one."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        rho: float = 1e-6                    # weight of (Omega - 1)^2, and rate of the multiplier (0: no constraint)
        n_critic: int = 5                    # critic updates per generator update
        network: Literal["dcgan", "resnet", "mlp"] = "dcgan"   # of both players; points always get the MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan critic
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan; maps of the resnet; units of the MLP
        optimizer: Literal["rmsprop", "adam"] = "rmsprop"     # adam has betas .5, .999: no clipping forbids momentum
        lr: float = 5e-5                     # learning rate of both players
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "n_critic", "width", "lr")
            between(self, 0, 1, "rho")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "steps": 200_000},
        "small": {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "rho": 0.1,
                  "n_critic": 2, "lr": 1e-3, "batch_size": 64, "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "network": "mlp", "width": 128, "z_dim": 2, "rho": 0.1, "n_critic": 2, "lr": 5e-4,
                 "batch_size": 128, "steps": 2_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "n_critic": 2, "batch_size": 8,
                 "steps": 3},
    }

    card = Card(
        title="Fisher GAN", authors="Mroueh, Sercu", year=2017, arxiv="1705.09675",
        summary="The critic maximises a mean difference while its second moment is held at one by an augmented "
                "Lagrangian; no weight is clipped and no gradient penalised; the chi-squared distance is minimised.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="critic without sigmoid", extra="none",
        objective="Fisher IPM (chi-squared distance)", constraint="second moment of the critic", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.generator, self.critic = make_pair(cfg.network, cfg.z_dim, data.shape, cfg.width, cfg.norm,
                                                generator_norm=cfg.generator_norm)
        self.multiplier = nn.ParameterList([torch.zeros(())])

    @property
    def alpha(self) -> Tensor:
        """The Lagrange multiplier of the constraint, a scalar."""
        return self.multiplier[0]

    def players(self) -> dict[str, Player]:
        return super().players() | {"multiplier": Player(self.multiplier, sgd(self.cfg.rho))}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        for _ in range(self.cfg.n_critic):
            logs = trainer.update_jointly(("critic", "multiplier"), self.saddle_losses, trainer.batch())
        return logs | trainer.update("generator", self.generator_loss, trainer.batch())

    def saddle_losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """What critic and multiplier descend: -L and L, of which a term without one of them is left out for it."""
        real, fake = self.critic(batch.x), self.critic(self.generator(self.noise(batch)))
        omega = second_moment(real, fake)
        excess = omega - 1
        return {"critic": {"fisher": -mean_difference(real, fake),
                           "constraint": self.alpha * excess + self.cfg.rho / 2 * excess.square(),
                           "second_moment": omega.detach()},             # to look at: a constant moves nobody
                "multiplier": {"constraint": -self.alpha * excess.detach()}}

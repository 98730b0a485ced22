"""Sphere GAN: Sphere Generative Adversarial Network Based on Geometric Moment Matching (Park and Kwon, CVPR 2019),
github.com/SWPark92/SphereGAN.

    min_G max_D  sum over r = 1..R of  E[d^r(N, D(x))] - E[d^r(N, D(G(z)))]
    D(x) on the sphere S^n: the point that is projected stereographically, from the north pole N, onto what a network
    with n outputs p makes of x, so that d(N, D(x)) = arccos((||p||^2 - 1) / (||p||^2 + 1)) = 2 arctan(1 / ||p||)

An integral probability metric of geometric moments. Distances on a sphere are bounded, and so is their slope along p:
the critic needs neither clipping nor a penalty.

Players     critic (n_critic updates per step), generator (one update).
Departures  DCGAN's networks, or MLPs, in place of residual ones; the critic has no batch norm.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import OBJECTIVES
from ...networks.heads import pair_with_outputs
from ...ops import angle_to_north_pole


@register
class SphereGAN(LatentModel):
    """A game of distances from the north pole of a sphere."""

    @dataclass(frozen=True)
    class Config:
        norm: ClassVar[str] = "none"         # of the critic
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        moments: int = 3                     # R: distances are matched in their powers 1 to R
        sphere_dim: int = 1024               # n: the dimension of the sphere
        n_critic: int = 1                    # critic updates per generator update
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 1e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.0, 0.9)     # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "moments", "sphere_dim", "n_critic", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 64, "steps": 500_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "sphere_dim": 64, "lr": 5e-4,
                  "batch_size": 64, "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "sphere_dim": 16, "lr": 1e-3, "betas": (0.5, 0.9),
                 "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "sphere_dim": 4, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="Sphere Generative Adversarial Network Based on Geometric Moment Matching", authors="Park, Kwon",
        year=2019, arxiv="https://github.com/SWPark92/SphereGAN",
        summary="The critic maps samples onto a sphere, and moments of their geodesic distance from its north pole are "
                "matched: a bounded distance that needs no Lipschitz constraint.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="critic: DCGAN or MLP onto a sphere", extra="none",
        objective="moments of distances on a sphere (IPM)", constraint="none: the sphere is bounded",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = OBJECTIVES["wasserstein"]
        self.generator, self.critic = pair_with_outputs(cfg, data.shape, cfg.sphere_dim)

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"critic": Player(self.critic, opt), "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.n_critic):
            batch = trainer.batch()
            logs = trainer.update("critic", self.critic_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(self.scores(batch.x), self.scores(x_fake))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.objective.generator(self.scores(self.generator(self.noise(batch))))}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The sum of powers 1 to R of the distance of x's point from the north pole, (N,): larger = more real."""
        distance = angle_to_north_pole(self.critic(x))
        return sum(distance ** r for r in range(1, self.cfg.moments + 1))

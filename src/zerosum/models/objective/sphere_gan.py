"""Sphere GAN: Sphere Generative Adversarial Network Based on Geometric Moment Matching (Park and Kwon, CVPR 2019),
which is not on arXiv; the authors' code: github.com/SWPark92/SphereGAN.

    min_G max_D  sum_{r=1..R} E[d^r(N, D(x))] - E[d^r(N, D(G(z)))]
    d: geodesic distance on the sphere S^n from its north pole N, in [0, pi]
    D(x) = Pi^-1(p(x)),  Pi^-1(p) = (2 p, |p|^2 - 1) / (|p|^2 + 1), the inverse stereographic projection
    |grad_p d| = 2 / (1 + |p|^2) <= 2: what G descends is bounded without penalty or clipping

The critic p returns n numbers. It draws generated samples to the north pole, which is |p| = infinity, and real ones to
the south pole, p = 0; the generator flees the north pole. What holds |p|, where the slope fades, are the layers of the
critic, which the authors normalise.

Players     critic (n_critic updates per step), generator (one update).
Departures  DCGAN in place of the authors' convolutional networks, which average over the last map. Their code has R = 1
            ("enough") and the paper suggests 3, as here. Points get an MLP critic with layer normalization. The small
            preset's critic has none: in so short a training it is the better guide.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import distance_moments, distance_to_pole
from ...networks.features import Embedding
from ...networks.pairs import pair_of


@register
class SphereGAN(LatentModel):
    """A critic whose answers lie on a sphere, and the moments of their distances from its pole."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        dims: int = 1024                     # n: numbers that the critic returns, dimensions of the sphere
        orders: int = 3                      # R: highest order of the moments that are matched
        n_critic: int = 1                    # critic updates per generator update
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get MLPs
        norm: Literal["layer", "none"] = "layer"              # of the critic's hidden layers
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 1e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.0, 0.9)               # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "dims", "orders", "n_critic", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 64, "steps": 500_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "dims": 128, "norm": "none",
                  "lr": 3e-4, "betas": (0.5, 0.999), "batch_size": 64, "steps": 800, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "dims": 16, "lr": 1e-3, "batch_size": 128,
                 "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "dims": 4, "n_critic": 2, "batch_size": 8,
                 "steps": 3},
    }

    card = Card(
        title="Sphere Generative Adversarial Network Based on Geometric Moment Matching", authors="Park, Kwon",
        year=2019, arxiv="https://github.com/SWPark92/SphereGAN",
        summary="The critic's answers lie on a sphere, and moments of their distances from its north pole are what "
                "real and generated samples are told apart by: bounded without a penalty.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="critic with layer normalization, onto a sphere", extra="none",
        objective="moments of geodesic distances (IPM)", constraint="none: distances on a sphere are bounded",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.generator, critic = pair_of(cfg, data.shape)
        perceptron = cfg.network == "mlp" or not data.is_image
        self.critic = self.perceptron() if perceptron else Embedding(critic, cfg.dims)

    def perceptron(self) -> nn.Module:
        """A critic of two hidden layers, x -> [Linear, layer norm, LeakyReLU] x 2 -> Linear."""
        cfg, layers, inputs = self.cfg, [nn.Flatten()], self.data.size
        for _ in range(2):
            norm = nn.LayerNorm(cfg.width) if cfg.norm == "layer" else nn.Identity()
            layers += [nn.Linear(inputs, cfg.width), norm, nn.LeakyReLU(0.2)]
            inputs = cfg.width
        return nn.Sequential(*layers, nn.Linear(inputs, cfg.dims))

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"critic": Player(self.critic, opt), "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.n_critic):
            batch = trainer.batch()
            logs = trainer.update("critic", self.critic_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        real, fake = self.scores(batch.x), self.scores(self.generator(self.noise(batch)))
        return {"moments": distance_moments(fake, self.cfg.orders) - distance_moments(real, self.cfg.orders)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"moments": -distance_moments(self.scores(self.generator(self.noise(batch))), self.cfg.orders)}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Distances of the critic's answers from the north pole, (N,), in [0, pi]: larger = more real."""
        return distance_to_pole(self.critic(x).float())

"""WGAN-GP: Improved Training of Wasserstein GANs (Gulrajani et al., 2017), arXiv:1704.00028.

    L = E[D(x~)] - E[D(x)] + lambda E[(||grad D(x^)||_2 - 1)^2],   x^ = eps x + (1 - eps) x~        Eq. (3)

Players     critic (n_critic updates per step), generator (one update).
Departures  none. The critic has no batch normalization (Sec. 4), since its gradient is taken sample by sample.
            Points get the MLPs of the authors' toy code (ReLU); images below 32 px and the presets get DCGAN's
            networks, as the paper's architecture study has them; `network=resnet` is its CIFAR-10 network.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...networks.pairs import make_pair
from ...penalties import gradient_penalty


@register
class WGANGP(LatentModel):
    """A critic held 1-Lipschitz by a penalty on the norm of its input gradient."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        n_critic: int = 5                    # critic updates per generator update (Alg. 1)
        penalty: float = 10.0                # lambda in Eq. (3)
        network: Literal["resnet", "dcgan", "mlp"] = "resnet"  # of both players; points always get the MLP
        width: int = 128                     # maps of the resnet; maps at 4x4 of the dcgan; units of the MLP
        lr: float = 1e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.0, 0.9)               # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "n_critic", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e6, "penalty", "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 64, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "network": "dcgan", "width": 64, "z_dim": 64, "lr": 5e-4,
                  "batch_size": 64, "steps": 1_500, "ema": 50_000},
        "grid": {"data": "grid", "network": "mlp", "width": 128, "z_dim": 2, "penalty": 1.0, "lr": 1e-3,
                 "betas": (0.5, 0.9), "batch_size": 128, "steps": 3_000},
        "tiny": {"data": "digits", "image_size": 8, "network": "dcgan", "width": 8, "z_dim": 8, "n_critic": 2,
                 "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Improved Training of Wasserstein GANs",
        authors="Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville", year=2017, arxiv="1704.00028",
        summary="WGAN whose critic is held 1-Lipschitz by a penalty on its gradient norm between real and generated "
                "samples, instead of by clipping weights.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="residual, DCGAN or MLP", discriminator="critic without batch normalization", extra="none",
        objective="Wasserstein-1 distance (IPM)", constraint="gradient penalty, one per sample",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.generator, self.critic = make_pair(cfg.network, cfg.z_dim, data.shape, cfg.width, norm="none")

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"critic": Player(self.critic, opt), "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        for _ in range(self.cfg.n_critic):                                          # lines 2-10
            batch = trainer.batch()
            logs = trainer.update("critic", self.critic_loss, batch, second_order=True)
        return logs | trainer.update("generator", self.generator_loss, batch)       # lines 11-12

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch))
        return {"wasserstein": self.critic(x_fake).mean() - self.critic(x).mean(),
                "gradient_penalty": self.cfg.penalty * gradient_penalty(self.critic, x, x_fake)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.critic(self.generator(self.noise(batch))).mean()}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The critic's value of x, (N,): larger = more real."""
        return self.critic(x)

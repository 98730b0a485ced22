"""WGAN: Wasserstein GAN (Arjovsky, Chintala and Bottou, 2017), arXiv:1701.07875.

    W(P_r, P_g) = sup_{||f||_L <= 1} E_x[f(x)] - E_z[f(G(z))]                                       Eq. (2)
    critic:     maximise E[f(x)] - E[f(G(z))], every weight clipped to [-c, c]                      Alg. 1, lines 2-8
    generator:  minimise -E[f(G(z))]                                                                Alg. 1, lines 9-11

Players     critic (n_critic updates per step, 100 in the first 25 steps and every 500th: the authors' code), generator.
Departures  none. Weights are clipped after each critic update, as in Alg. 1 (the code clips before the next: the same).
"""

import warnings
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register, rmsprop
from ...networks.pairs import make_pair
from ...penalties import clip_weights


@register
class WGAN(LatentModel):
    """A critic held Lipschitz by clipping every one of its weights."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        n_critic: int = 5                    # critic updates per generator update
        warmup_critic: int = 100             # n_critic in the first warmup_steps steps and every refresh_every-th
        warmup_steps: int = 25               # 0: no warm-up
        refresh_every: int = 500             # 0: never
        clip: float = 0.01                   # c: every critic weight stays in [-c, c]
        network: Literal["dcgan", "resnet", "mlp"] = "dcgan"   # of both players; points always get the MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan critic
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan; maps of the resnet; units of the MLP
        optimizer: Literal["rmsprop", "adam"] = "rmsprop"     # momentum makes the clipped critic unstable: see warning
        lr: float = 5e-5                     # learning rate
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "n_critic", "warmup_critic", "clip", "width", "lr")
            between(self, 0, 1e9, "warmup_steps", "refresh_every", "ema")
            if self.optimizer == "adam":
                warnings.warn("wgan with adam: its critic becomes unstable with momentum (Sec. 4); use rmsprop",
                              stacklevel=3)

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 64, "steps": 200_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "warmup_critic": 20, "steps": 2_000, "ema": 50_000},
        "ring": {"data": "ring", "network": "mlp", "width": 128, "z_dim": 32, "clip": 0.05, "lr": 1e-3,
                 "warmup_critic": 20, "batch_size": 128, "steps": 2_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "n_critic": 2, "warmup_steps": 1,
                 "warmup_critic": 3, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Wasserstein GAN", authors="Arjovsky, Chintala, Bottou", year=2017, arxiv="1701.07875",
        summary="The critic estimates the Wasserstein-1 distance, which stays meaningful where supports are disjoint; "
                "its weights are clipped.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="critic without sigmoid", extra="none",
        objective="Wasserstein-1 distance (IPM)", constraint="weight clipping, no momentum",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.generator, self.critic = make_pair(cfg.network, cfg.z_dim, data.shape, cfg.width, cfg.norm,
                                                generator_norm=cfg.generator_norm)
        clip_weights(self.critic, cfg.clip)

    def players(self) -> dict[str, Player]:
        opt = rmsprop(self.cfg.lr) if self.cfg.optimizer == "rmsprop" else adam(self.cfg.lr, (0.5, 0.999))
        return {"critic": Player(self.critic, opt), "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def critic_updates(self, step: int) -> int:
        """How often the critic moves in this step: near its optimum before the generator follows its gradient."""
        cfg = self.cfg
        often = step < cfg.warmup_steps or (step > 0 and cfg.refresh_every > 0 and step % cfg.refresh_every == 0)
        return cfg.warmup_critic if often else cfg.n_critic

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        for _ in range(self.critic_updates(trainer.step)):                          # lines 2-8
            batch = trainer.batch()
            logs = trainer.update("critic", self.critic_loss, batch)
            clip_weights(self.critic, self.cfg.clip)                                # line 7
        return logs | trainer.update("generator", self.generator_loss, batch)       # lines 9-11

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"wasserstein": self.critic(x_fake).mean() - self.critic(batch.x).mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.critic(self.generator(self.noise(batch))).mean()}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The critic's value of x, (N,): larger = more real."""
        return self.critic(x)

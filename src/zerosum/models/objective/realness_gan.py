"""RealnessGAN: Real or Not Real, that is the Question (Xiangli et al., 2020), arXiv:2002.05512.

    D: min E[KL(A1 || D(x))] + E[KL(A0 || D(G(z)))]                                                Eq. (3)
    G: fake-anchor   min -E[KL(A0 || D(G(z)))]
       relative      min  E[KL(D(x) || D(G(z)))] - E[KL(A0 || D(G(z)))]                            recommended
       anchors       min  E[KL(A1 || D(G(z)))] - E[KL(A0 || D(G(z)))]
    D* = (A1 p + A0 q) / (p + q)                                                                   Eq. (4)

The discriminator answers with a distribution over outcomes, as if several observers judged realness, each from an
angle of its own. With two outcomes, and all of each anchor's mass on one, it is the GAN's.

Players     discriminator (d_steps updates per step), generator (g_steps updates, each on fresh real samples).
Departures  the anchors are fixed: the authors' code draws histograms of the same shapes anew in every step. It descends
            KL(D(x) || D(G(z))) alone for `relative`; here it is the paper's. Features are not resampled.
            Its scores are KL(A0 || D) - KL(A1 || D): larger = more real, and the GAN's logit at two outcomes.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, UsageError, adam, between, positive, register
from ...layers import init_orthogonal
from ...losses import REALNESS_GENERATORS, anchors, divergence, realness_discriminator
from ...networks.features import Embedding
from ...networks.pairs import pair_of
from .gan import GAN


@register
class RealnessGAN(GAN):
    """The GAN game with distributions in place of scores."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        outcomes: int = 20                   # K: how many outcomes D's answers are over
        real_skew: float = 1.0               # how far A1, uniform before, is moved over outcomes in [-1, 1]
        fake_skew: float = -1.0              # how far A0, normal before, is moved
        objective: Literal["fake-anchor", "relative", "anchors"] = "relative"    # what G descends
        d_steps: int = 1                     # discriminator updates per step
        g_steps: int = 1                     # generator updates per step (more outcomes want more of them)
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 1024                    # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 1e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "g_steps", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1, "real_skew")
            between(self, -1, 0, "fake_skew")
            between(self, 0, 1e9, "ema")
            if self.outcomes < 2:
                raise UsageError(f"outcomes must be at least 2, real and not real, not {self.outcomes}")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 128, "batch_size": 32, "steps": 520_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "outcomes": 5, "lr": 1e-3, "batch_size": 128,
                 "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "outcomes": 5, "g_steps": 2,
                 "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Real or Not Real, that is the Question", authors="Xiangli, Deng, Dai, Loy, Lin", year=2020,
        arxiv="2002.05512",
        summary="The discriminator's answer is a distribution over outcomes, drawn to one anchor by real samples and "
                "to another by generated ones; the generator follows the answers to real samples.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="DCGAN or MLP with a softmax over outcomes", extra="none",
        objective="Kullback-Leibler divergences to two anchors", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.objective = REALNESS_GENERATORS[cfg.objective]
        for name, anchor in zip(("a1", "a0"), anchors(cfg.outcomes, cfg.real_skew, cfg.fake_skew), strict=True):
            self.register_buffer(name, anchor, persistent=False)
        self.generator, discriminator = pair_of(cfg, data.shape)
        self.discriminator = Embedding(discriminator, cfg.outcomes)
        if len(data.shape) == 1:
            init_orthogonal(self.discriminator.last, gain=1.4)               # like the toy's other layers

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            logs = trainer.update("discriminator", self.discriminator_loss, trainer.batch())
        for _ in range(self.cfg.g_steps):
            logs |= trainer.update("generator", self.generator_loss, trainer.batch())
        return logs

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": realness_discriminator(self.discriminator(batch.x), self.discriminator(x_fake),
                                                      self.a1, self.a0)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective(self.discriminator(x_fake), self.discriminator(batch.x),
                                              self.a1, self.a0)}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """KL(A0 || D(x)) - KL(A1 || D(x)), (N,): larger = more real."""
        logits = self.discriminator(x)
        return divergence(self.a0, logits) - divergence(self.a1, logits)

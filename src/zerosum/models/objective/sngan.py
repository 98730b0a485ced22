"""SNGAN: Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018), arXiv:1802.05957.

    W_SN = W / sigma(W),   sigma(W) = max_{|h| <= 1} |W h|, by one step of the power method a forward pass      Eq. (8)
    hinge:            L_D = E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))],   L_G = -E[D(G(z))]           Eq. (16), (17)
    non-saturating:   L_D = -E[log s(D(x))] - E[log(1 - s(D(G(z))))],   L_G = -E[log s(D(G(z)))],   s the sigmoid

Players     discriminator (d_steps updates per step, every layer normalised), generator (one update).
Departures  u and v start as the exact singular vectors, not at random. The last convolution of the residual generator,
            and all biases, start as PyTorch starts them. Points get MLPs.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Optimizer, Player, adam, between, positive, register
from ...layers import spectral_norm
from ...losses import OBJECTIVES
from ...networks.dcgan import DCGANDiscriminator, DCGANGenerator
from ...networks.mlp import MLPDiscriminator, MLPGenerator
from ...networks.resnet import ResNetDiscriminator, ResNetGenerator
from ...networks.sngan import SNGANDiscriminator, SNGANGenerator


@register
class SNGAN(LatentModel):
    """A discriminator whose every layer has spectral norm one, which bounds its Lipschitz constant."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        objective: Literal["hinge", "non-saturating"] = "hinge"         # what both descend
        norm: Literal["spectral", "none"] = "spectral"        # of the discriminator's weights
        d_steps: int = 5                     # discriminator updates per generator update (n_dis)
        g_batch: int = 2                     # generated samples in the generator's update, in batches
        network: Literal["resnet", "cnn", "dcgan"] = "resnet"  # of both players (Tables 4 and 3); points get MLPs
        width: int = 256                     # the generator's maps: of the resnet, of the smallest one otherwise
        d_width: int = 128                   # the discriminator's, likewise
        lr: float = 2e-4                     # Adam's learning rate at the start
        betas: tuple[float, float] = (0.0, 0.9)               # of Adam
        decay_steps: int = 50_000            # steps in which the learning rate falls to zero (0: it stays)
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "g_batch", "width", "d_width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "decay_steps", "ema")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 32, "batch_size": 64, "steps": 50_000},
        "small": {"data": "digits", "image_size": 16, "objective": "non-saturating", "network": "dcgan", "width": 64,
                  "d_width": 64, "z_dim": 64, "g_batch": 1, "decay_steps": 0, "batch_size": 32, "steps": 500,
                  "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "network": "cnn", "width": 8, "d_width": 8, "z_dim": 8,
                 "d_steps": 2, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Spectral Normalization for Generative Adversarial Networks",
        authors="Miyato, Kataoka, Koyama, Yoshida", year=2018, arxiv="1802.05957",
        summary="A GAN whose discriminator is held Lipschitz layer by layer: each weight is divided by its largest "
                "singular value.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="residual, convolutional or DCGAN", discriminator="the same without batch normalization",
        extra="none", objective="hinge, or non-saturating GAN",
        constraint="spectral normalization of each of the discriminator's weights",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.generator, self.discriminator = self.networks()
        if cfg.norm == "spectral":
            spectral_norm(self.discriminator)
        self.objective = OBJECTIVES[cfg.objective]

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Build generator and discriminator, which is not normalised yet."""
        cfg, shape = self.cfg, self.data.shape
        if not self.data.is_image:
            return (MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=3, output="none"),
                    MLPDiscriminator(shape, width=cfg.d_width, depth=3, activation="relu", dropout=(0.0, 0.0)))
        channels, size = shape[0], (shape[1], shape[2])
        if cfg.network == "resnet":
            return (ResNetGenerator(cfg.z_dim, size, channels, cfg.width),
                    ResNetDiscriminator(size, channels, cfg.d_width, pool="sum"))
        if cfg.network == "cnn":
            return (SNGANGenerator(cfg.z_dim, size, channels, cfg.width),
                    SNGANDiscriminator(size, channels, cfg.d_width))
        return (DCGANGenerator(cfg.z_dim, size, channels, cfg.width),
                DCGANDiscriminator(size, channels, cfg.d_width, norm="none"))

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        schedule = self.schedule if self.cfg.decay_steps else None
        return {"discriminator": Player(self.discriminator, opt, schedule=schedule),
                "generator": Player(self.generator, opt, ema=self.cfg.ema, schedule=schedule)}

    def schedule(self, optimizer: Optimizer, step: int, images: int) -> None:
        """Adam's learning rate falls linearly to zero (the authors' `iteration_decay_start: 0`)."""
        optimizer.lr = self.cfg.lr * max(0.0, 1 - step / self.cfg.decay_steps)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x), self.discriminator(x_fake))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(self.cfg.g_batch * batch.size))
        return {"adversarial": self.objective.generator(self.discriminator(x_fake))}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

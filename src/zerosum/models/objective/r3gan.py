"""R3GAN: The GAN is dead; long live the GAN! A Modern GAN Baseline (Huang et al., 2024), arXiv:2501.05441.

    D: E[f(D(G(z)) - D(x))] + gamma/2 (E ||grad D(x)||^2 + E ||grad D(G(z))||^2)             Eq. (2), R1 and R2
    G: E[f(D(x) - D(G(z)))],   f(t) = log(1 + e^t)                                           RpGAN, on pairs

The relativistic loss has no minima in which modes are missing, and with a zero-centred penalty on real and on generated
samples its training converges locally (Sec. 2). With that, the tricks of StyleGAN2 go, and plain residual networks
without normalization come (Sec. 3). Learning rate, gamma and Adam's second beta move along half a cosine.

Players     discriminator (one update per step), generator (one update, on a fresh batch of real samples).
Departures  no augmentation, where the authors' code has StyleGAN2-ADA's, of rising probability; no labels, where their
            CIFAR-10 and ImageNet are conditional (the networks take them); the half-life of the generator's average
            grows with the images seen and not along the cosine. Points get the MLPs of 1704.00028's toy code.
"""

from dataclasses import dataclass
from functools import partial
from math import cos, pi
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Optimizer, Player, adam, between, positive, register
from ...losses import relativistic
from ...networks.pairs import make_pair
from ...penalties import r1_r2


@register
class R3GAN(LatentModel):
    """The relativistic game under R1 and R2, between residual networks."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 64                      # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        width: int = 768                     # maps at 4 to 32 pixels, halved at each octave above; units of the MLP
        gamma: float = 0.05                  # weight of R1 and of R2 at the start
        final_gamma: float = 0.005           # after decay_images
        lr: float = 2e-4                     # Adam's learning rate at the start
        final_lr: float = 5e-5               # after decay_images
        beta2: float = 0.9                   # Adam's second beta at the start; the first is 0
        final_beta2: float = 0.99            # after decay_images
        decay_images: int = 20_000_000       # real images until all three are at their final values
        ema: float = 5e6                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "lr", "final_lr", "decay_images")
            between(self, 0, 0.9999, "beta2", "final_beta2")
            between(self, 0, 1e9, "gamma", "final_gamma", "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 512, "images": 20_000_000},
        "small": {"data": "digits", "image_size": 8, "width": 16, "batch_size": 64, "steps": 1_500,
                  "gamma": 0.3, "final_gamma": 0.03, "lr": 4e-3, "final_lr": 1e-3, "decay_images": 192_000,
                  "ema": 5_000},
        "grid": {"data": "grid", "width": 128, "z_dim": 2, "batch_size": 128, "steps": 2_000, "gamma": 0.1,
                 "final_gamma": 0.02, "lr": 2e-3, "final_lr": 5e-4, "decay_images": 512_000, "ema": 0.0},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "batch_size": 8, "steps": 4,
                 "decay_images": 48},
    }

    card = Card(
        title="The GAN is dead; long live the GAN! A Modern GAN Baseline",
        authors="Huang, Gokaslan, Kuleshov, Tompkin", year=2024, arxiv="2501.05441",
        summary="A relativistic loss under zero-centred gradient penalties on real and generated samples, which "
                "converges without tricks, with residual networks that have no normalization.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="residual with grouped convolutions, or MLP", discriminator="likewise", extra="none",
        objective="relativistic, paired", constraint="gradient penalties R1 and R2",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.generator, self.discriminator = make_pair("r3gan", cfg.z_dim, data.shape, cfg.width)

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, (0.0, self.cfg.beta2))
        return {"discriminator": Player(self.discriminator, opt, schedule=self.schedule),
                "generator": Player(self.generator, opt, ema=self.cfg.ema, schedule=self.schedule)}

    def schedule(self, optimizer: Optimizer, step: int, images: int) -> None:
        """Learning rate and second beta of Adam at this point of the training."""
        optimizer.lr = self.decayed("lr", images)
        optimizer.betas = (0.0, self.decayed("beta2", images))

    def decayed(self, name: str, images: int) -> float:
        """A setting on its way, along half a cosine, to its final value."""
        start, final = getattr(self.cfg, name), getattr(self.cfg, f"final_{name}")
        return final + (start - final) * (1 + cos(pi * min(1.0, images / self.cfg.decay_images))) / 2

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        loss = partial(self.discriminator_loss, gamma=self.decayed("gamma", trainer.images))
        logs = trainer.update("discriminator", loss, trainer.batch(), second_order=True)
        return logs | trainer.update("generator", self.generator_loss, trainer.batch())

    def discriminator_loss(self, batch: Batch, gamma: float) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch))
        return {"adversarial": relativistic(self.discriminator(x), self.discriminator(x_fake)),
                "gradient_penalty": gamma * r1_r2(self.discriminator, x, x_fake)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": relativistic(self.discriminator(x_fake), self.discriminator(batch.x))}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

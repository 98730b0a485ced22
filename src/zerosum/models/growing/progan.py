"""ProGAN: Progressive Growing of GANs for Quality, Stability, and Variation (Karras et al., 2017), arXiv:1710.10196.

    L = E[D(x~)] - E[D(x)] + lambda E[(||grad D(x^)|| - 1)^2] + e E[D(x)^2],   x^ = eps x + (1 - eps) x~       App. A

Both players begin at 4x4 pixels. One octave after the other is faded in: alpha rises from 0 to 1, and an image of
G is (1 - alpha) of the smaller one, doubled, and alpha of what the new layers draw; D looks at its images in the same
two ways; and so are the real ones mixed. The layers that were there train on.

Players     discriminator (n_critic updates per step), generator (one update).
Departures  the target of the gradient's norm is 1, as in WGAN-GP; the authors' code has 750 for CIFAR-10 (App. F).
            alpha moves with every step, theirs with every fourth. The moving average begins anew where an octave
            begins or ends to fade in: fades of a few thousand images are over before it has followed. Images need not
            be square.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import ClassVar

import torch
from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...networks.progan import Growth, ProGANDiscriminator, ProGANGenerator, doubled, shrunk
from ...penalties import gradient_penalty


@register
class ProGAN(LatentModel):
    """Generator and discriminator grow together, an octave at a time, and each octave is faded in."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 512                     # numbers in z
        channel_base: int = 16384            # maps at r pixels are this by r (at images of a power of two)
        channel_max: int = 512               # most maps
        group: int = 4                       # images over which the discriminator sees the deviation
        grow: bool = True                    # octave by octave (False: all of them from the start)
        steady_images: int = 800_000         # real images at each size before the next fades in
        fade_images: int = 800_000           # real images of a fade (0: octaves join at once)
        batches: tuple[int, ...] = ()        # real images per step at each size, the smallest first (none: batch_size)
        n_critic: int = 1                    # discriminator updates per generator update
        penalty: float = 10.0                # lambda, weight of the gradient penalty
        target: float = 1.0                  # the norm that it asks for
        drift: float = 1e-3                  # weight of D(x)^2, which keeps scores near 0
        lr: float = 1e-3                     # Adam's learning rate
        beta2: float = 0.99                  # Adam's second beta; the first is 0
        ema: float = 10_000.0                # half-life of the generator's moving average in images (0: none)
        prior: ClassVar[str] = "normal"      # z ~ N(0, I), of which the generator sees the direction alone

        def __post_init__(self) -> None:
            positive(self, "z_dim", "channel_base", "channel_max", "group", "steady_images", "n_critic", "target", "lr")
            between(self, 0, 0.9999, "beta2")
            between(self, 0, 1e9, "penalty", "drift", "fade_images", "ema")
            between(self, 1, 1e6, "batches")

    PRESETS = {
        "paper": {"data": "shapes", "image_size": 256, "batch_size": 16, "images": 12_000_000},
        "small": {"data": "digits", "image_size": 32, "z_dim": 64, "channel_base": 256, "channel_max": 32,
                  "steady_images": 4_000, "fade_images": 4_000, "batch_size": 16, "images": 40_000, "lr": 2e-3,
                  "ema": 2_000},
        "tiny": {"data": "digits", "image_size": 16, "z_dim": 8, "channel_base": 64, "channel_max": 8,
                 "steady_images": 8, "fade_images": 16, "batch_size": 8, "steps": 4, "ema": 100},
    }

    card = Card(
        title="Progressive Growing of GANs for Improved Quality, Stability, and Variation",
        authors="Karras, Aila, Laine, Lehtinen", year=2017, arxiv="1710.10196",
        summary="Both players start with tiny images; layers for finer ones are faded in one octave at a time, while "
                "all others train on.",
        tasks=("generation",), structure="iterative", density="implicit",
        generator="convolutions, grown octave by octave; the norm of each pixel", extra="none",
        discriminator="its mirror image, deviation over groups of the batch", objective="Wasserstein-1 distance (IPM)",
        constraint="gradient penalty, drift of the scores, equalized learning rates", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        size, widths = (data.height, data.width), {"channel_base": cfg.channel_base, "channel_max": cfg.channel_max}
        self.generator = ProGANGenerator(cfg.z_dim, size, data.channels, **widths)
        self.discriminator = ProGANDiscriminator(size, data.channels, group=cfg.group, **widths)
        self.octaves = self.generator.octaves
        if cfg.batches and len(cfg.batches) != self.octaves + 1:
            raise ValueError(f"{data.height}x{data.width} pixels are reached in {self.octaves + 1} sizes, and batches "
                             f"has {len(cfg.batches)}: give one number for each")
        self.growth = Growth(self.octaves, cfg.steady_images, cfg.fade_images)
        self.depth = 0.0 if cfg.grow else float(self.octaves)        # how far the networks have grown

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, (0.0, self.cfg.beta2))
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        self.grow(trainer)
        n = self.cfg.batches[ceil(self.depth)] if self.cfg.batches else None
        for _ in range(self.cfg.n_critic):
            batch = trainer.batch(n)
            batch.x = shrunk(batch.x, self.depth, self.octaves)
            logs = trainer.update("discriminator", self.discriminator_loss, batch, second_order=True)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def grow(self, trainer: Game) -> None:
        """Be as deep as the images seen say; Adam and the average forget where an octave begins or ends to fade in."""
        before = self.depth
        self.depth = self.growth.depth(trainer.images) if self.cfg.grow else float(self.octaves)
        if (floor(before), ceil(before)) != (floor(self.depth), ceil(self.depth)):
            for player in self.players():
                trainer.reset_optimizer(player)          # as the authors' code does
                trainer.reset_average(player)

    # Saved with the weights: samples are drawn at the size that was trained, and a resumed run knows where it was.
    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.depth, dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        self.depth = float(state)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch), self.depth)
        real, fake = self.discriminator(x, self.depth), self.discriminator(x_fake, self.depth)
        return {"wasserstein": fake.mean() - real.mean(),
                "gradient_penalty": self.cfg.penalty / self.cfg.target ** 2 * gradient_penalty(
                    lambda x: self.discriminator(x, self.depth), x, x_fake, target=self.cfg.target),
                "drift": self.cfg.drift * real.square().mean()}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": -self.discriminator(self.generator(self.noise(batch), self.depth), self.depth).mean()}

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) to images (N, C, H, W), doubled to that size while it draws smaller ones."""
        x = self.generator(z, self.depth)
        for _ in range(self.octaves - ceil(self.depth)):
            x = doubled(x)
        return x if self.training else x.clamp(-1, 1)

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The critic's value of x (N, C, H, W), (N,): larger = more real."""
        return self.discriminator(shrunk(x, self.depth, self.octaves), self.depth)

"""StyleGAN: A Style-Based Generator Architecture for GANs (Karras et al., 2018), arXiv:1812.04948.

    w = f(z),   x <- AdaIN(lrelu(conv(x) + noise + b), A_l w_l) for each layer l, from a learned constant        Fig. 1b
    AdaIN(x, y) = y_s (x - mu(x)) / sigma(x) + y_b                                                               Eq. 1
    D: E[softplus(-D(x)) + softplus(D(x_fake))] + gamma / 2 E ||grad D(x)||^2,   G: E[softplus(-D(x_fake))]      App. C

Unlike in ProGAN and all before it, the generator's first layer sees no noise: z acts through styles alone, which set
mean and deviation of every map, and so each layer undoes those of the one before. Noise of its own, in each layer and
pixel, makes what is left to chance. Styles of two noises are mixed from a random layer on, in 9 of 10 steps.

Players     generator, discriminator (one update each per step).
Departures  no progressive growing, which the paper has from 8x8 on: all resolutions train from the start. Average, mean
            style and equalized layers are those of the later code of StyleGAN2. Images need not be square.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, Player, StyleModel, adam, between, positive, register
from ...losses import OBJECTIVES
from ...networks.style import StyleGAN2Discriminator, StyleGANGenerator
from ...penalties import r1


@register
class StyleGAN(StyleModel):
    """Noise acts through a style per layer, by adaptive instance norm."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 512                     # numbers in z
        w_dim: int = 512                     # numbers in a style w
        mapping_layers: int = 8              # from z to w
        channel_base: int = 16384            # maps at r pixels are this by r (at images of a power of two)
        channel_max: int = 512               # most maps
        group: int = 4                       # images over which the discriminator sees the deviation
        style_mixing: float = 0.9            # probability that a batch has styles of two noises each
        gamma: float = 10.0                  # weight of R1
        lr: float = 1e-3                     # Adam's learning rate, 0.003 at 1024 pixels
        beta2: float = 0.99                  # Adam's second beta; the first is 0
        ema: float = 10_000.0                # half-life of the generator's moving average in images (0: none)
        prior: ClassVar[str] = "normal"      # z ~ N(0, I), of which the mapping sees the direction alone

        def __post_init__(self) -> None:
            positive(self, "z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max", "group", "lr")
            between(self, 0, 1, "style_mixing")
            between(self, 0, 0.9999, "beta2")
            between(self, 0, 1e9, "gamma", "ema")

    PRESETS = {
        "paper": {"data": "shapes", "image_size": 256, "batch_size": 32, "images": 25_000_000},
        "small": {"data": "digits", "image_size": 16, "z_dim": 64, "w_dim": 64, "mapping_layers": 2,
                  "channel_base": 256, "channel_max": 64, "batch_size": 32, "steps": 2_000, "gamma": 0.5,
                  "lr": 2.5e-3},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64,
                 "channel_max": 8, "batch_size": 8, "steps": 4, "ema": 100},
    }

    card = Card(
        title="A Style-Based Generator Architecture for Generative Adversarial Networks",
        authors="Karras, Laine, Aila", year=2018, arxiv="1812.04948",
        summary="Noise becomes a style, which sets mean and deviation of every map of a generator that starts from a "
                "learned constant.",
        tasks=("generation", "representation"), structure="direct", density="implicit",
        generator="mapping network; learned constant, convolutions, adaptive instance norm, noise",
        discriminator="convolutional, deviation over groups of the batch", extra="none",
        objective="non-saturating GAN", constraint="R1", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        size, maps = (data.height, data.width), {"channel_base": cfg.channel_base, "channel_max": cfg.channel_max}
        self.generator = StyleGANGenerator(cfg.z_dim, cfg.w_dim, size, data.channels,
                                           mapping={"layers": cfg.mapping_layers}, **maps)
        self.discriminator = StyleGAN2Discriminator(size, data.channels, architecture="orig", group=cfg.group, **maps)
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, (0.0, self.cfg.beta2))
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch, second_order=True)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator.synthesis(self.mixed_styles(batch.size))
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x), self.discriminator(x_fake)),
                "gradient_penalty": self.cfg.gamma * r1(self.discriminator, batch.x, x_fake)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator.synthesis(self.mixed_styles(batch.size))
        return {"adversarial": self.objective.generator(self.discriminator(x_fake))}

"""StyleGAN2: Analyzing and Improving the Image Quality of StyleGAN (Karras et al., 2019), arXiv:1912.04958.

    w = f(z),   x = g(w_1, ..., w_L),   w''_oik = s_i w_oik / sqrt(sum_ik (s_i w_oik)^2 + eps)    demodulation, Eq. 1, 3
    G: E[softplus(-D(x_fake))],               each 4th step: 4 * 2 E[(||J_w^T y|| - a)^2]         path length, Eq. 4
    D: E[softplus(-D(x)) + softplus(D(x_fake))],   each 16th step: 16 gamma / 2 E ||grad D(x)||^2     R1, lazily, App. B

StyleGAN sets mean and variance of each map by its style after an instance norm; a strong spot, the droplet, then passes
signals on. Here the style scales the weights, and the variance is divided out of these: in expectation, not in fact.
Progressive growing goes; the generator adds images of all resolutions, the discriminator is residual. Styles of two
noises are mixed from a random layer on, in 9 of 10 steps. Regularization is lazy, in steps of its own, with Adam's
lr, beta -> c lr, beta^c, c = k / (k + 1), if it comes each k-th step.

Players     generator (one update per step, one more each path_every-th), discriminator (likewise, each r1_every-th).
Departures  none from the code of StyleGAN2-ADA without augmentation, whose configuration F this is: widths are those of
            1024 pixels at every size, and images need not be square. Generated images have the classes of the real
            batch, where the authors draw other ones. Without a penalty its correction of Adam goes, too.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, Player, StyleModel, adam, between, positive, register
from ...core.factories import Factory
from ...losses import OBJECTIVES
from ...networks.style import StyleGAN2Discriminator, StyleGAN2Generator
from ...penalties import PathLength, r1


@register
class StyleGAN2(StyleModel):
    """Demodulated styles, a path length penalty, and lazy R1."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 512                     # numbers in z
        w_dim: int = 512                     # numbers in a style w
        mapping_layers: int = 8              # from z to w
        channel_base: int = 32768            # maps at r pixels are this by r (at images of a power of two)
        channel_max: int = 512               # most maps
        d_architecture: Literal["resnet", "skip", "orig"] = "resnet"   # of the discriminator
        group: int = 4                       # images over which the discriminator sees the deviation
        conditional: bool = False            # whether both players are told the class
        style_mixing: float = 0.9            # probability that a batch has styles of two noises each
        gamma: float = 10.0                  # weight of R1; StyleGAN2-ADA's rule of thumb is 0.0002 pixels / batch
        r1_every: int = 16                   # steps from one R1 to the next
        path_weight: float = 2.0             # of the path length penalty
        path_every: int = 4                  # steps from one path length penalty to the next
        lr: float = 2e-3                     # Adam's learning rate, before the correction for lazy penalties
        beta2: float = 0.99                  # Adam's second beta, likewise; the first is 0
        ema: float = 10_000.0                # half-life of the generator's moving average in images (0: none)
        prior: ClassVar[str] = "normal"      # z ~ N(0, I), of which the mapping sees the direction alone

        def __post_init__(self) -> None:
            positive(self, "z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max", "group", "r1_every",
                     "path_every", "lr")
            between(self, 0, 1, "style_mixing")
            between(self, 0, 0.9999, "beta2")
            between(self, 0, 1e9, "gamma", "path_weight", "ema")

    PRESETS = {
        "paper": {"data": "shapes", "image_size": 256, "batch_size": 32, "images": 25_000_000},
        "cifar": {"data": "photos", "image_size": 32, "batch_size": 64, "images": 100_000_000, "channel_base": 16384,
                  "mapping_layers": 2, "d_architecture": "orig", "group": 32, "style_mixing": 0.0, "gamma": 0.01,
                  "path_weight": 0.0, "lr": 2.5e-3, "ema": 500_000},
        "small": {"data": "digits", "image_size": 16, "z_dim": 64, "w_dim": 64, "mapping_layers": 2,
                  "channel_base": 512, "channel_max": 32, "batch_size": 32, "steps": 2_000, "gamma": 0.5,
                  "lr": 2.5e-3},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64,
                 "channel_max": 8, "batch_size": 8, "steps": 4, "r1_every": 2, "path_every": 2, "ema": 100},
    }

    card = Card(
        title="Analyzing and Improving the Image Quality of StyleGAN",
        authors="Karras, Laine, Aittala, Hellsten, Lehtinen, Aila", year=2019, arxiv="1912.04958",
        summary="Styles scale the weights of convolutions, whose variance is divided out again, and images move evenly "
                "with them.",
        tasks=("generation", "representation"), structure="direct", density="implicit",
        generator="mapping network; learned constant, modulated and demodulated convolutions, noise, image skips",
        discriminator="residual, deviation over groups of the batch", extra="none",
        objective="non-saturating GAN", constraint="lazy R1; lazy path length penalty", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        size = (data.height, data.width)
        shared = {"channel_base": cfg.channel_base, "channel_max": cfg.channel_max, "c_dim": self.c_dim,
                "mapping": {"layers": cfg.mapping_layers}}
        self.generator = StyleGAN2Generator(cfg.z_dim, cfg.w_dim, size, data.channels, **shared)
        self.discriminator = StyleGAN2Discriminator(size, data.channels, group=cfg.group,
                                                    architecture=cfg.d_architecture, **shared)
        self.path_length = PathLength()
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"generator": Player(self.generator, self.optimizer(cfg.path_every if cfg.path_weight else 0),
                                    ema=cfg.ema),
                "discriminator": Player(self.discriminator, self.optimizer(cfg.r1_every if cfg.gamma else 0))}

    def optimizer(self, every: int) -> Factory:
        """Adam of a player with a penalty in each `every`-th step, in a step of its own (0: none)."""
        share = every / (every + 1) or 1.0
        return adam(self.cfg.lr * share, (0.0, self.cfg.beta2 ** share))

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        cfg, batch = self.cfg, trainer.batch()
        logs = trainer.update("generator", self.generator_loss, batch)
        if cfg.path_weight and trainer.step % cfg.path_every == 0:
            logs |= trainer.update("generator", self.path_length_loss, batch, cfg.path_every, second_order=True)
        logs |= trainer.update("discriminator", self.discriminator_loss, batch)
        if cfg.gamma and trainer.step % cfg.r1_every == 0:
            logs |= trainer.update("discriminator", self.r1_loss, batch, cfg.r1_every, second_order=True)
        return logs

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator.synthesis(self.mixed_styles(batch.size, batch.labels))
        return {"adversarial": self.objective.generator(self.judge(x_fake, batch.labels))}

    def path_length_loss(self, batch: Batch) -> dict[str, Tensor]:
        n = max(1, batch.size // 2)          # half of the batch does
        labels = None if batch.labels is None else batch.labels[:n]
        return {"path_length": self.cfg.path_weight * self.path_length(self.generator.synthesis,
                                                                       self.mixed_styles(n, labels))}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator.synthesis(self.mixed_styles(batch.size, batch.labels))
        return {"adversarial": self.objective.discriminator(self.judge(batch.x, batch.labels),
                                                            self.judge(x_fake, batch.labels))}

    def r1_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"gradient_penalty": self.cfg.gamma * r1(lambda x: self.judge(x, batch.labels), batch.x, batch.x)}

    def judge(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """What the players are told of images: the discriminator's scores, (N,)."""
        return self.discriminator(x, self.conditions(labels))

"""StyleGAN2-ADA: Training Generative Adversarial Networks with Limited Data (Karras et al., 2020), arXiv:2006.06676.

    D and G see T_p(x) and T_p(G(z)) wherever StyleGAN2's see images, in the penalty too                  Fig. 2 (b)
    r_t = E[sign(D(T_p(x)))],   p += sign(r_t - target) batch interval / ramp,   p >= 0                   Sec. 3.1

With few images D learns them by heart, and what it then tells G is of no use. Here D never sees an image as it is, but
one to which each of eighteen differentiable operations is applied with the probability p. As G's images go through the
same operations, G must match the images themselves, and not what is done to them, as long as p is below about 0.8: what
is skipped often enough does not leak. p starts at 0, grows while D is too sure of the training images, and falls else.

Players     generator, discriminator: those of StyleGAN2, updated as there.
Departures  those of StyleGAN2. r_t is that of the discriminator's main updates; the authors' also counts the scores of
            its penalty's. Their pipeline for colours is for 1 or 3 channels: choose `bg` for others.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from torch import Tensor

from ...augment.ada import SPECS, AdaptiveAugment
from ...core import Batch, DataSpec, Game, UsageError, between, positive, register
from .stylegan2 import StyleGAN2

COLOURED = (1, 3)                            # channels of images that have colours to change


@register
class StyleGAN2ADA(StyleGAN2):
    """StyleGAN2 whose players see images through augmentations, as many as keep D from learning images by heart."""

    @dataclass(frozen=True)
    class Config(StyleGAN2.Config):
        channel_base: int = 16384            # maps at r pixels are this by r: half of StyleGAN2's
        group: int = 8                       # images over which the discriminator sees the deviation
        gamma: float = 1.0                   # weight of R1, at 256 pixels
        lr: float = 2.5e-3                   # Adam's learning rate, before the correction for lazy penalties
        ema: float = 20_000.0                # half-life of the generator's moving average in images (0: none)
        pipeline: Literal[*SPECS] = "bgc"    # type: ignore[valid-type] # which operations: blit, geometry, colour, ...
        target: float = 0.6                  # of r_t: how sure D may be of what it is trained on
        ramp: float = 500_000                # images in which p goes from 0 to 1 at the fastest (fine-tuning: 100_000)
        interval: int = 4                    # steps from one move of p to the next

        def __post_init__(self) -> None:
            super().__post_init__()
            positive(self, "ramp", "interval")
            between(self, 0, 1, "target")

    PRESETS: dict[str, dict[str, Any]] = {
        "paper": StyleGAN2.PRESETS["paper"] | {"batch_size": 64},
        "cifar": StyleGAN2.PRESETS["cifar"],
        "small": StyleGAN2.PRESETS["small"] | {"group": 4, "ema": 10_000, "ramp": 20_000},
        "tiny": StyleGAN2.PRESETS["tiny"] | {"group": 4, "ramp": 50, "interval": 1, "target": 0.0},
    }

    card = replace(
        StyleGAN2.card, title="Training Generative Adversarial Networks with Limited Data",
        authors="Karras, Aittala, Hellsten, Laine, Lehtinen, Aila", year=2020, arxiv="2006.06676",
        summary="StyleGAN2 for few images: both players see them augmented, as often as keeps D from learning them by "
                "heart, and nothing of it shows in the samples.",
        extra="adaptive discriminator augmentation",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.augment = AdaptiveAugment(cfg.pipeline, cfg.target, cfg.ramp, cfg.interval)
        if data.channels not in COLOURED and self.augment.pipe.spec.hue:
            raise UsageError(f"pipeline {cfg.pipeline} changes the colours of 1 or 3 channels, and this data has "
                             f"{data.channels}: use --pipeline bg")

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        logs = super().train_step(trainer)
        self.augment.move(logs["discriminator/sign"], trainer.images)
        return logs | {"p": self.augment.pipe.p}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator.synthesis(self.mixed_styles(batch.size, batch.labels))
        real = self.judge(batch.x, batch.labels)
        return {"adversarial": self.objective.discriminator(real, self.judge(x_fake, batch.labels)),
                "sign": real.detach().sign().mean()}             # adds nothing to the gradient

    def judge(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return super().judge(self.augment(x), labels)

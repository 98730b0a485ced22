"""StyleGAN3: Alias-Free Generative Adversarial Networks (Karras et al., 2021), arXiv:2106.12423.

    x = g(w),   g(t w_0, w_1, ...) = T_t g(w)       a moved input is a moved image, by fractions of pixels too   Sec. 2
    D: E[softplus(-D(x)) + softplus(D(x_fake))],    each 16th step: 16 gamma / 2 E ||grad D(x)||^2        R1, lazily
    G: E[softplus(-D(x_fake))]

In StyleGAN2 details stick to the pixels: borders, noise inputs, and frequencies that a layer aliases tell it where it
is. Here layers are operations on continuous signals: Fourier features in place of the learned constant, a margin around
the canvas, and each leaky ReLU at twice the rate, between two low-pass filters (Sec. 3). Noise inputs, mixed styles and
the path length penalty go, and the mapping has two layers. R, whose convolutions are 1x1 and whose filters are radial,
has twice the maps and also turns; its discriminator sees blurred images at first, lest it teach sharp pixels (App. F).

Players     discriminator (one update per step, one more each r1_every-th), generator (one update per step).
Departures  no augmentation, as for FFHQ in the paper, and no flips; float32 in place of float16, so that no clamp is
            needed; images need not be square. Generated images have the classes of the real batch, where the authors
            draw other ones.
"""

from dataclasses import dataclass
from math import floor
from typing import ClassVar, Literal

import torch
from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, Player, StyleModel, adam, between, positive, register
from ...losses import OBJECTIVES
from ...networks.style import StyleGAN2Discriminator, StyleGAN3Generator
from ...ops import filter2d
from ...penalties import r1


@register
class StyleGAN3(StyleModel):
    """The alias-free generator, T or R, against the discriminator of StyleGAN2."""

    @dataclass(frozen=True)
    class Config:
        variant: Literal["t", "r"] = "t"     # images move with the input (t), or turn, too (r)
        z_dim: int = 512                     # numbers in z
        w_dim: int = 512                     # numbers in a style w
        mapping_layers: int = 2              # from z to w
        channel_base: int = 32768            # twice the maps of a layer times its cutoff; r has twice as many
        channel_max: int = 512               # most maps; r: twice as many
        num_layers: int = 14                 # of the synthesis, without Fourier features and the last, to colours
        margin_size: int = 10                # samples around the canvas of each layer
        lrelu_upsampling: int = 2            # how much faster than its signals a leaky ReLU is sampled
        magnitude_beta: float = 0.9989       # decay of the mean squares by which inputs are scaled (per step)
        group: int = 4                       # images over which the discriminator sees the deviation
        conditional: bool = False            # whether both players are told the class
        gamma: float = 2.0                   # weight of R1; it grows with the square of the side: this is for 256
        r1_every: int = 16                   # steps from one R1 to the next
        lr: float = 2.5e-3                   # Adam's learning rate of the generator
        d_lr: float = 2e-3                   # of the discriminator, before the correction for lazy R1
        beta2: float = 0.99                  # Adam's second beta, likewise; the first is 0
        blur: float = 10.0                   # r: pixels of the blur before the discriminator, at the start
        blur_images: int = 200_000           # r: images until the blur has gone
        ema: float = 10_000.0                # half-life of the generator's moving average in images (0: none)
        prior: ClassVar[str] = "normal"      # z ~ N(0, I), of which the mapping sees the direction alone

        def __post_init__(self) -> None:
            positive(self, "z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max", "num_layers",
                     "lrelu_upsampling", "group", "r1_every", "lr", "d_lr", "blur_images")
            between(self, 0, 0.9999, "beta2", "magnitude_beta")
            between(self, 0, 1e9, "margin_size", "gamma", "blur", "ema")

    PRESETS = {
        "paper": {"data": "shapes", "image_size": 256, "batch_size": 32, "images": 25_000_000},
        "paper-r": {"variant": "r", "data": "shapes", "image_size": 256, "batch_size": 32, "images": 25_000_000},
        "small": {"data": "digits", "image_size": 16, "z_dim": 64, "w_dim": 64, "channel_base": 256,
                  "channel_max": 32, "num_layers": 6, "margin_size": 6, "batch_size": 16, "steps": 600, "gamma": 0.5,
                  "magnitude_beta": 0.99, "blur": 1.0, "blur_images": 4_000, "ema": 2_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "w_dim": 8, "channel_base": 32, "channel_max": 8,
                 "num_layers": 4, "margin_size": 4, "batch_size": 8, "steps": 4, "r1_every": 2, "ema": 100},
    }

    card = Card(
        title="Alias-Free Generative Adversarial Networks",
        authors="Karras, Aittala, Laine, Härkönen, Hellsten, Lehtinen, Aila", year=2021, arxiv="2106.12423",
        summary="Layers that treat their maps as continuous signals, so that details move with the objects and do not "
                "stick to the pixels.",
        tasks=("generation", "representation"), structure="direct", density="implicit",
        generator="mapping network; Fourier features, modulated convolutions, filtered leaky ReLUs",
        discriminator="residual, deviation over groups of the batch (StyleGAN2's)", extra="none",
        objective="non-saturating GAN", constraint="lazy R1", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        size, turns = (data.height, data.width), cfg.variant == "r"
        self.generator = StyleGAN3Generator(
            cfg.z_dim, size, data.channels, w_dim=cfg.w_dim, c_dim=self.c_dim, mapping_layers=cfg.mapping_layers,
            channel_base=cfg.channel_base << turns, channel_max=cfg.channel_max << turns, num_layers=cfg.num_layers,
            margin_size=cfg.margin_size, lrelu_upsampling=cfg.lrelu_upsampling, conv_kernel=1 if turns else 3,
            use_radial_filters=turns, conv_clamp=None, magnitude_ema_beta=cfg.magnitude_beta)
        self.discriminator = StyleGAN2Discriminator(size, data.channels, c_dim=self.c_dim, group=cfg.group,
                                                    channel_base=cfg.channel_base, channel_max=cfg.channel_max)
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        share = cfg.r1_every / (cfg.r1_every + 1) if cfg.gamma else 1.0          # R1 is a step of its own
        return {"generator": Player(self.generator, adam(cfg.lr, (0.0, cfg.beta2)), ema=cfg.ema),
                "discriminator": Player(self.discriminator, adam(cfg.d_lr * share, (0.0, cfg.beta2 ** share)))}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        cfg, batch = self.cfg, trainer.batch()
        sigma = cfg.blur * max(0.0, 1 - trainer.images / cfg.blur_images) if cfg.variant == "r" else 0.0

        def judge(x: Tensor) -> Tensor:
            return self.discriminator(blurred(x, sigma), self.conditions(batch.labels))

        def generator_loss(batch: Batch) -> dict[str, Tensor]:
            return {"adversarial": self.objective.generator(judge(self.fakes(batch)))}

        def discriminator_loss(batch: Batch) -> dict[str, Tensor]:
            x_fake = self.fakes(batch, update_emas=True)         # the averages move here, as in the authors' code
            return {"adversarial": self.objective.discriminator(judge(batch.x), judge(x_fake))}

        def r1_loss(batch: Batch) -> dict[str, Tensor]:
            return {"gradient_penalty": cfg.gamma * r1(judge, batch.x, batch.x)}

        logs = trainer.update("generator", generator_loss, batch) | \
            trainer.update("discriminator", discriminator_loss, batch)
        if cfg.gamma and trainer.step % cfg.r1_every == 0:
            logs |= trainer.update("discriminator", r1_loss, batch, cfg.r1_every, second_order=True)
        return logs

    def fakes(self, batch: Batch, update_emas: bool = False) -> Tensor:
        return self.generator(self.noise(batch.size), self.conditions(batch.labels), update_emas=update_emas)

    def transformed(self, z: Tensor, matrix: Tensor, labels: Tensor | None = None) -> Tensor:
        """What `generate` shows, moved by a matrix (3, 3) in pixels from the centre, and not clipped to [-1, 1]."""
        back, synthesis = matrix.to(z).inverse(), self.generator.synthesis
        back[:2, 2] /= synthesis.rate        # from pixels to the units of the input
        return synthesis(self.map(z, labels), transform=back)



def blurred(x: Tensor, sigma: float) -> Tensor:
    """Images (N, C, H, W) filtered by 2^(-(d / sigma)^2) at a distance of d pixels, up to 3 sigma."""
    reach = floor(3 * sigma)
    if not reach:
        return x
    line = torch.exp2(-(torch.arange(-reach, reach + 1, device=x.device, dtype=torch.float32) / sigma) ** 2)
    return filter2d(x, (line / line.sum()).to(x))

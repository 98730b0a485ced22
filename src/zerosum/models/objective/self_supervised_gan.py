"""Self-supervised GAN: Self-Supervised GANs via Auxiliary Rotation Loss (Chen et al., 2019), arXiv:1811.11212.

    L_G = -V(G, D) - alpha E_{x ~ p_G} E_r[log Q_D(R = r | x^r)]
    L_D =  V(G, D) - beta  E_{x ~ p}   E_r[log Q_D(R = r | x^r)]                                           Sec. 3
    x^r: x turned by r in {0, 90, 180, 270} degrees;  Q_D: a second head on the features of D

D's task on real images never changes, whatever G does, and so its features are not forgotten; G is asked for images
whose turns D recognises. They compete over real and fake, of upright images alone, and work together on the turns: D
never learns from turned fakes. V is the hinge of SNGAN.

Players     discriminator (d_steps updates per step, every layer of spectral norm one), generator (one update).
Departures  every image is turned once, by an angle of its own; the authors' code turns a quarter of the batch in all
            four ways, which is as many images and the same mean. Not the style and structure GAN, also called SS-GAN.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ...core import Batch, Card, UsageError, between, register
from ...networks.features import TwoHeads
from ...ops import TURNS, turned
from .sngan import SNGAN


@register
class SelfSupervisedGAN(SNGAN):
    """SNGAN whose discriminator also says by how much an image was turned."""

    @dataclass(frozen=True)
    class Config(SNGAN.Config):
        alpha: float = 0.2                   # weight of the turns of generated images in G's loss
        beta: float = 1.0                    # weight of the turns of real images in D's loss
        d_steps: int = 2                     # discriminator updates per generator update (the paper tries 1 and 2)
        g_batch: int = 1                     # generated samples in the generator's update, in batches
        network: Literal["resnet", "cnn", "dcgan"] = "resnet"  # of both players
        decay_steps: int = 0                 # steps in which the learning rate falls to zero (0: it stays)

        def __post_init__(self) -> None:
            super().__post_init__()
            between(self, 0, 1e6, "alpha", "beta")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 32, "batch_size": 64, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "network": "cnn", "width": 64, "d_width": 64, "z_dim": 64,
                  "d_steps": 1, "lr": 2e-3, "betas": (0.5, 0.999), "decay_steps": 1_200, "batch_size": 32,
                  "steps": 1_200, "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "network": "cnn", "width": 8, "d_width": 8, "z_dim": 8,
                 "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Self-Supervised GANs via Auxiliary Rotation Loss", authors="Chen, Zhai, Ritter, Lucic, Houlsby",
        year=2019, arxiv="1811.11212",
        summary="The discriminator also learns by how much real images were turned, which it cannot forget as the "
                "generator changes, and the generator makes images whose turns it recognises.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="residual, convolutional or DCGAN", discriminator="the same, with a second head for four rotations",
        extra="none", objective="hinge, cross-entropy of rotations",
        constraint="spectral normalization of each of the discriminator's weights",
    )

    def networks(self) -> tuple[nn.Module, nn.Module]:
        if not self.data.is_image or self.data.height != self.data.width:
            raise UsageError("self-supervised-gan turns images by right angles, which needs square images, not samples "
                             f"of {'x'.join(map(str, self.data.shape))}: --image-size N crops images; points need "
                             "another model")
        generator, discriminator = super().networks()
        return generator, TwoHeads(discriminator, TURNS)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return super().discriminator_loss(batch) | self.rotation_loss(batch.x, self.cfg.beta)

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(self.cfg.g_batch * batch.size))
        return ({"adversarial": self.objective.generator(self.discriminator(x_fake))}
                | self.rotation_loss(x_fake, self.cfg.alpha))

    def rotation_loss(self, x: Tensor, weight: float) -> dict[str, Tensor]:
        """-weight E[log Q_D(R = r | x^r)], r uniform; ln 4 for a D that guesses. Nothing where the weight is 0."""
        if not weight:
            return {}
        turns = torch.randint(TURNS, (len(x),), device=x.device)
        return {"rotation": weight * cross_entropy(self.discriminator.answers(turned(x, turns)), turns)}

"""DCGAN: Unsupervised Representation Learning with Deep Convolutional GANs (Radford et al., 2015), arXiv:1511.06434.

    The game of GAN (1406.2661, G ascends log D(G(z))) on networks with five guidelines (Sec. 3): strided and
    fractionally-strided convolutions instead of pooling; batch norm in both, but for G's output and D's input; no
    fully connected hidden layer; ReLU in G with tanh at its output; LeakyReLU(0.2) in D.

Players     discriminator, generator (one update each; real and generated batches are normalised apart).
Departures  none at 64 px. Other sizes have fewer or more stages; `upsample=resize` exchanges the transposed
            convolutions for nearest-neighbour upsampling and convolution (Odena et al., 2016).
"""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from ...core import Card, Player, adam, between, positive, register
from ...networks.dcgan import DCGANDiscriminator, DCGANGenerator
from ..objective.gan import GAN


@register
class DCGAN(GAN):
    """The GAN game on all-convolutional networks."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        objective: Literal["saturating", "non-saturating"] = "non-saturating"   # what G descends
        d_steps: int = 1                     # discriminator updates per generator update
        width: int = 1024                    # feature maps at 4x4, halved at each doubling of the resolution
        upsample: Literal["transposed", "resize"] = "transposed"   # how the generator doubles its resolution
        lr: float = 2e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 128, "images": 15_000_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "demo": {"data": "digits", "image_size": 16, "width": 128, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                 "minutes": 2.2, "ema": 20_000, "sample_every": 4.0, "score_every": 30.0},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
        authors="Radford, Metz, Chintala", year=2015, arxiv="1511.06434",
        summary="The first convolutional GAN that trains reliably: five rules on the networks, the loss unchanged.",
        tasks=("generation", "representation"), structure="direct", density="implicit",
        generator="all-convolutional, transposed convolutions, batch norm, ReLU, tanh",
        discriminator="all-convolutional, strided, batch norm, LeakyReLU", extra="none",
        objective="non-saturating GAN", constraint="five architectural guidelines",
    )

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg, size, channels = self.cfg, (self.data.height, self.data.width), self.data.channels
        return (DCGANGenerator(cfg.z_dim, size, channels, cfg.width, cfg.upsample),
                DCGANDiscriminator(size, channels, cfg.width))

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

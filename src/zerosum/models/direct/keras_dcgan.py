"""keras-dcgan: the network of the Keras tutorial (Jacob Gildenblat, 2016), github.com/jacobgil/keras-dcgan.

    D: -1/2B [sum log D(x) + sum log(1 - D(G(z)))]  on one batch of B real and B generated images, labels 1 and 0
    G: -1/B sum log D(G(z))                         on fresh noise

It is not DCGAN: it pools, has dense layers, tanh everywhere and no batch norm in D (four of five guidelines broken).

Players     discriminator, generator (one update each, SGD with Nesterov momentum 0.9).
Departures  none. As Keras' `predict` does, the images that D is trained on come from G in evaluation mode, with the
            running statistics of its batch norm; G's own update uses the statistics of its batch.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, Player, between, positive, register, sgd
from ...networks.keras_dcgan import KerasDCGANDiscriminator, KerasDCGANGenerator
from ..objective.gan import GAN


@register
class KerasDCGAN(GAN):
    """The tutorial's dense-and-pooling network, trained on mixed batches."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1), as in the script
        objective: Literal["saturating", "non-saturating"] = "non-saturating"   # what G descends
        d_steps: int = 1                     # discriminator updates per generator update
        width: int = 64                      # maps of the first convolution; the other layers scale with it
        lr: float = 5e-4                     # of SGD, both players
        momentum: float = 0.9                # Nesterov's
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "width", "lr")
            between(self, 0, 0.9999, "momentum")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 28, "batch_size": 128, "images": 6_000_000},
        "small": {"data": "digits", "image_size": 28, "width": 16, "batch_size": 128, "steps": 1_500},
        "tiny": {"data": "digits", "image_size": 12, "width": 4, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="keras-dcgan, the script of a tutorial", authors="Gildenblat", year=2016,
        arxiv="https://github.com/jacobgil/keras-dcgan",
        summary="The tutorial's network for 28-px digits: dense layers, nearest-neighbour upsampling, max pooling and "
                "tanh, trained by SGD on mixed batches.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="dense, upsampling and convolution, tanh", discriminator="convolution, max pooling, dense, tanh",
        extra="none", objective="non-saturating GAN on mixed batches", constraint="none",
    )

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg, size, channels = self.cfg, (self.data.height, self.data.width), self.data.channels
        return (KerasDCGANGenerator(cfg.z_dim, size, channels, cfg.width),
                KerasDCGANDiscriminator(size, channels, cfg.width))

    def players(self) -> dict[str, Player]:
        opt = sgd(self.cfg.lr, self.cfg.momentum, nesterov=True)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        self.generator.eval()                                # Keras' predict: running statistics
        x_fake = self.generator(self.noise(batch))
        self.generator.train()
        # D has no batch norm, so the mixed batch of 2B is the mean over its two halves.
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x),
                                                            self.discriminator(x_fake)) / 2}

"""EBGAN: Energy-based Generative Adversarial Network (Zhao et al., 2016), arXiv:1609.03126.

    L_D(x, z) = D(x) + max(0, m - D(G(z)))                                                           Eq. (1)
    L_G(z) = D(G(z))                                                                                 Eq. (2)
    D(x) = ||Dec(Enc(x)) - x||                                                                       Eq. (3)
    at a Nash equilibrium p_G = p_data, and E[L_D] = m                                               Thms. 1, 2

The discriminator is an auto-encoder and its energy the error of reconstruction: low at real samples, raised to the
margin at generated ones. There is no probability and no cross-entropy in it.

Players     discriminator (one update per step), generator (one update, on fresh noise).
Departures  The energy is the mean squared error over the numbers of a sample (Fig. 1: MSE); the paper leaves open over
            what it adds up, and with it the scale of its margins. No batch norm in the fully connected networks, whose
            widths are those of the best EBGAN of the grid search (Fig. 4b). Points get the toy's tanh networks.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...layers import init_orthogonal
from ...losses import below_margin
from ...networks.autoencoder import conv_autoencoder, mlp_autoencoder, toy_autoencoder
from ...networks.dcgan import DCGANGenerator
from ...networks.mlp import MLPGenerator


@register
class EBGAN(LatentModel):
    """A generator against an auto-encoder that must reconstruct real samples and not generated ones."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        margin: float = 10.0                 # m: the energy to which generated samples are raised (0: none is)
        network: Literal["mlp", "conv"] = "mlp"               # of both players; points always get a tanh MLP
        width: int = 800                     # units of the generator's hidden layers, or its maps at 4x4
        depth: int = 4                       # hidden layers of the mlp generator
        d_width: int = 1024                  # units of the encoder's layers, or the maps of its first
        d_depth: int = 1                     # layers of the mlp encoder; the decoder is one linear layer
        lr: float = 1e-3                     # Adam's learning rate of both players
        betas: tuple[float, float] = (0.9, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "depth", "d_width", "d_depth", "lr")
            between(self, 0, 1e9, "margin", "ema")
            between(self, 0, 0.9999, "betas")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 32, "batch_size": 64, "images": 3_000_000},
        "small": {"data": "digits", "image_size": 16, "z_dim": 64, "prior": "normal", "margin": 0.3, "width": 128,
                  "depth": 3, "d_width": 128, "d_depth": 3, "betas": (0.5, 0.999), "batch_size": 64, "steps": 3_000,
                  "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 32, "prior": "normal", "margin": 0.3, "width": 128, "depth": 2,
                 "d_width": 128, "d_depth": 2, "betas": (0.5, 0.999), "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "network": "conv", "z_dim": 8, "width": 16, "d_width": 8,
                 "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Energy-based Generative Adversarial Network", authors="Zhao, Mathieu, LeCun", year=2016,
        arxiv="1609.03126",
        summary="The discriminator is an auto-encoder whose reconstruction error is an energy: low at real samples, "
                "raised to a margin at generated ones.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="MLP or DCGAN", discriminator="auto-encoder, fully connected or convolutional", extra="none",
        objective="energy with a margin (total variation)", constraint="margin",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.margin = cfg.margin
        self.generator, self.discriminator = self.networks()

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Build generator and auto-encoder."""
        cfg, shape = self.cfg, self.data.shape
        if not self.data.is_image:
            generator = MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=cfg.depth, activation="tanh",
                                     output="none")
            init_orthogonal(generator, gain=1.4)
            return generator, toy_autoencoder(shape, cfg.d_width, cfg.d_depth)
        if cfg.network == "conv":
            channels, *size = shape
            return DCGANGenerator(cfg.z_dim, tuple(size), channels, cfg.width), conv_autoencoder(shape, cfg.d_width)
        return (MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=cfg.depth),
                mlp_autoencoder(shape, cfg.d_width, cfg.d_depth, "leaky-relu"))

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:                                 # Eq. (1)
        x_fake = self.generator(self.noise(batch))
        return {"reconstruction": self.discriminator(batch.x).energy.mean(),
                "margin": below_margin(self.discriminator(x_fake).energy, self.margin)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:                                     # Eq. (2)
        return {"adversarial": self.discriminator(self.generator(self.noise(batch))).energy.mean()}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Minus the energy of x, (N,): larger = more real."""
        return -self.discriminator(x).energy

    def reconstruct(self, x: Tensor) -> Tensor:
        """What the discriminator makes of x, like x; images are cut off at [-1, 1]."""
        reconstruction = self.discriminator(x).reconstruction
        return reconstruction.clamp(-1, 1) if self.data.is_image else reconstruction

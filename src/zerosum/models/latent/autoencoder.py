"""Autoencoder: Reducing the Dimensionality of Data with Neural Networks (Hinton and Salakhutdinov, 2006),
doi.org/10.1126/science.1127647.

    min over E, G of  E_x[e(x, G(E(x)))],   e(x, y) = mean |x - y| or mean (x - y)^2 over the numbers of a sample

The code is all that G hears of x: with too few numbers it cannot restore x, with as many as x has it need not learn
anything. Nothing ties the law of the codes to one that can be drawn from, so that a random code decodes to no image;
what the VAE and the adversarial encoders of this family add to it is this law.

Players     model (encoder and generator move together).
Departures  trained from random weights with Adam in place of layer by layer as Boltzmann machines, then by conjugate
            gradients; three equal hidden ReLU layers, not 1000-500-250; squared error, not cross-entropy.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import AUXILIARY
from ...networks.coders import coders_of


@register
class Autoencoder(LatentModel):
    """An encoder and a generator that restores what was encoded: no game, no prior."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 30                      # numbers in a code
        prior: Literal["normal"] = "normal"  # of random codes, N(0, I), which nothing in the training knows of
        error: Literal["l1", "l2"] = "l2"    # of a pixel: absolute or squared
        network: Literal["dcgan", "mlp"] = "mlp"              # of both networks; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan encoder
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 1000                    # units of an MLP, maps at 4x4 of the dcgan
        lr: float = 1e-3                     # Adam's learning rate
        betas: tuple[float, float] = (0.9, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 100, "images": 3_000_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 16, "width": 128, "batch_size": 64, "steps": 2_000,
                  "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 1, "width": 128, "batch_size": 128, "steps": 1_500},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 4, "width": 16, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Reducing the Dimensionality of Data with Neural Networks", authors="Hinton, Salakhutdinov", year=2006,
        arxiv="https://doi.org/10.1126/science.1127647",
        summary="An encoder and a decoder that restore their input through a short code; random codes decode to "
                "nothing in particular, which is where GANs and VAEs begin.",
        tasks=("reconstruction",), structure="other", density="implicit",
        generator="decoder, MLP or DCGAN", discriminator="none", extra="encoder, MLP or DCGAN",
        objective="reconstruction error", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.encoder, self.generator = coders_of(cfg, data.shape)

    def players(self) -> dict[str, Player]:
        return {"model": Player(self, adam(self.cfg.lr, self.cfg.betas), ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        return trainer.update("model", self.loss, trainer.batch())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"reconstruction": AUXILIARY[self.cfg.error](self.reconstruct(batch.x), batch.x, None)}

    def preview(self, batch: Batch) -> Tensor:
        """Copies of real samples: what it learns to make."""
        return self.reconstruct(batch.x)

    def encode(self, x: Tensor) -> Tensor:
        """The code E(x), (N, z_dim)."""
        return self.encoder(x)

    def reconstruct(self, x: Tensor) -> Tensor:
        """G(E(x)): like x."""
        return self.generator(self.encoder(x))

"""AGE: It Takes (Only) Two: Adversarial Generator-Encoder Networks (Ulyanov et al., 2017), arXiv:1704.02304.

    V(E, G) = Delta(E(G(z))) - Delta(E(x)),   max over E, min over G                                 Eq. (2)
    Delta(codes) = KL(N(m, s^2) || N(0, I)),   m and s^2 the moments of a batch of codes
    E descends  -V + mu E|x - G(E(x))|_1
    G descends   V + lambda E|z - E(G(z))|^2

There is no discriminator. E sends data to the prior and what G makes away from it; G makes what E sends to the prior.
Codes and z lie on the unit sphere, and z is uniform on it.

Players     encoder; then g_steps updates of generator, each with fresh noise.
Departures  As in the authors' code, every term is a mean over the numbers of a code or a sample, and lambda weighs half
            the squared distance, which on the sphere is 1 - cos. Their code has the variance where Delta has s, which
            there about doubles its gradient; this is the formula. Moments are of codes times sqrt(z_dim), whose
            variance under the prior is 1: that changes Delta by a constant. The rate does not decay. The networks are
            DCGAN's, or perceptrons.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import AUXILIARY, moment_kl
from ...networks.coders import coders_of


@register
class AGE(LatentModel):
    """An encoder and a generator that play against each other, with nobody else at the table."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["sphere"] = "sphere"  # z uniform on the unit sphere
        reconstruction_weight: float = 10.0  # mu, of the mean absolute error of a pixel, in the encoder's loss
        code_weight: float = 1000.0          # lambda, of (1 - cos) / z_dim between z and E(G(z)), in G's loss
        adversarial_weight: float = 1.0      # of Delta(E(G(z))) in the encoder's loss (0: E does not play against G)
        g_steps: int = 2                     # generator updates per encoder update
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan encoder
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 2e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "g_steps", "width", "lr")
            between(self, 0, 1e6, "reconstruction_weight", "code_weight", "adversarial_weight")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 64, "images": 7_500_000},
        "small": {"data": "digits", "image_size": 8, "network": "mlp", "z_dim": 16, "width": 128, "lr": 1e-3,
                  "batch_size": 64, "steps": 3_000, "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 4, "width": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="It Takes (Only) Two: Adversarial Generator-Encoder Networks", authors="Ulyanov, Vedaldi, Lempitsky",
        year=2017, arxiv="1704.02304",
        summary="No discriminator: the encoder sends data to the prior and samples away from it, judged by the moments "
                "of a batch of codes.",
        tasks=("generation", "reconstruction"), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="none", extra="encoder",
        objective="minimax, KL divergence of the codes' moments from the prior",
        constraint="L1 of samples, cosine of codes; codes on the sphere", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.encoder, self.generator = coders_of(cfg, data.shape)

    def players(self) -> dict[str, Player]:
        opt, ema = adam(self.cfg.lr, self.cfg.betas), self.cfg.ema
        return {"encoder": Player(self.encoder, opt, ema=ema), "generator": Player(self.generator, opt, ema=ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("encoder", self.encoder_loss, batch)
        for _ in range(self.cfg.g_steps):
            logs |= trainer.update("generator", self.generator_loss, batch)
        return logs

    def encoder_loss(self, batch: Batch) -> dict[str, Tensor]:
        cfg, codes, x_fake = self.cfg, self.encode(batch.x), self.generator(self.noise(batch))
        return {"kl": self.divergence(codes),
                "adversarial": -cfg.adversarial_weight * self.divergence(self.encode(x_fake)),
                "reconstruction": cfg.reconstruction_weight * AUXILIARY["l1"](self.generator(codes), batch.x, None)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.noise(batch)
        codes = self.encode(self.generator(z))
        return {"adversarial": self.divergence(codes),
                "code": self.cfg.code_weight * AUXILIARY["l2"](codes, z, None) / 2}

    def divergence(self, codes: Tensor) -> Tensor:
        """Delta of codes (N, z_dim) on the unit sphere, a scalar: 0 where their moments are the prior's."""
        return moment_kl(codes * self.cfg.z_dim ** 0.5)

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """Draw z uniformly from the unit sphere, (N, z_dim)."""
        n = n.size if isinstance(n, Batch) else n
        device = self.device if generator is None else generator.device
        return normalize(torch.randn(n, self.cfg.z_dim, device=device, generator=generator)).to(self.device)

    def encode(self, x: Tensor) -> Tensor:
        """The code E(x) on the unit sphere, (N, z_dim)."""
        return normalize(self.encoder(x))

    def reconstruct(self, x: Tensor) -> Tensor:
        """G(E(x)): like x."""
        return self.generator(self.encode(x))

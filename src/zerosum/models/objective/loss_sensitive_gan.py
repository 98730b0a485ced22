"""LS-GAN: Loss-Sensitive Generative Adversarial Networks on Lipschitz Densities (Qi, 2017), arXiv:1701.06264.

    L: min gamma E[L(x)] + E[C(Delta(x, G(z)) + L(x) - L(G(z)))] + decay/2 ||theta||^2       gamma = 1 / lambda
    G: min E[L(G(z))] + decay/2 ||phi||^2
    Delta(x, G(z)) = margin ||x - G(z)||_1,   C(a) = max(a, slope a)

A loss function L in place of a discriminator: a generated sample must lose by as much as it is far from a real one.
C is the hinge (slope 0) in LS-GAN, so L is left alone where margins hold; the generalised GLS-GAN takes any slope up
to 1: at 1 it is WGAN's difference, at -1 it is |a|. Weight decay keeps L and G Lipschitz.

Not to be taken for LSGAN, whose letters stand for least squares.

Players     discriminator (d_steps updates per step; its scores are -L), generator (one update).
Departures  the generator is updated on fresh noise, and weight decay is on, where the authors' code reuses the noise
            and leaves weight decay off. L is not cut off at 0 as in their LS-GAN (`nonnegative`), but free as in their
            GLS-GAN: on the ring, samples that have once reached L = 0 got no gradient ever after, and no mode was
            found. The gradient penalty of the paper's later versions is not built in.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, LatentModel, Player, UsageError, adam, between, positive, register
from ...losses import distance_margin, loss_sensitive, weight_decay
from ...networks.pairs import pair_of
from .gan import GAN


@register
class LossSensitiveGAN(GAN):
    """A game about margins between the losses of real and generated samples."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        margin: float = 2e-4                 # of Delta per unit of L1 distance (2e-4: RGB images of 64 px)
        slope: float = 0.0                   # of C below 0: 0 LS-GAN, 1 WGAN, -1 the absolute value
        data_weight: float = 0.0             # gamma = 1/lambda, the weight of E[L(x)]; 0 in the authors' code
        nonnegative: bool = False            # L = max(0, -score), as in the authors' LS-GAN, not -score, as in GLS-GAN
        weight_decay: float = 5e-5           # of both players
        d_steps: int = 1                     # updates of the loss function per generator update
        network: Literal["dcgan", "resnet", "mlp"] = "dcgan"   # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, maps of the resnet, units of an MLP
        lr: float = 1e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "margin", "d_steps", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "data_weight", "weight_decay", "ema")
            if self.slope > 1:
                raise UsageError(f"slope must be at most 1, where C(a) = max(a, slope a) is WGAN's, not {self.slope:g}")
            if self.data_weight and not self.nonnegative:
                raise UsageError("data_weight needs nonnegative: E[L(x)] alone has no minimum where L may be negative")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "images": 75_000_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "margin": 0.01,
                  "batch_size": 64, "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "prior": "normal", "lr": 1e-3, "margin": 1.0,
                 "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "margin": 0.1, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="Loss-Sensitive Generative Adversarial Networks on Lipschitz Densities", authors="Qi", year=2017,
        arxiv="1701.06264",
        summary="A loss function is learned under which generated samples lose to real ones by margins as large as "
                "their distance, and no more; WGAN is its special case of slope one.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN, residual or MLP", discriminator="a loss function: DCGAN, residual or MLP", extra="none",
        objective="hinge on differences of losses, with margins by distance", constraint="weight decay",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.generator, self.discriminator = self.networks()

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return pair_of(self.cfg, self.data.shape)

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def losses(self, x: Tensor) -> Tensor:
        """L(x), (N,): smaller = more real."""
        return (-self.discriminator(x)).relu() if self.cfg.nonnegative else -self.discriminator(x)

    def decay_of(self, network: nn.Module) -> Tensor:
        return self.cfg.weight_decay * weight_decay(*network.parameters())

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        real, fake = self.losses(batch.x), self.losses(x_fake)
        margin = distance_margin(batch.x, x_fake, self.cfg.margin)
        return {"adversarial": loss_sensitive(real, fake, margin, self.cfg.slope),
                "data": self.cfg.data_weight * real.mean(), "weight_decay": self.decay_of(self.discriminator)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.losses(self.generator(self.noise(batch))).mean(),
                "weight_decay": self.decay_of(self.generator)}

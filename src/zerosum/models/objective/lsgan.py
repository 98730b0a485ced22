"""LSGAN: Least Squares Generative Adversarial Networks (Mao et al., 2016), arXiv:1611.04076.

    D: min 1/2 E[(D(x) - b)^2] + 1/2 E[(D(G(z)) - a)^2],   G: min 1/2 E[(D(G(z)) - c)^2]            Eq. (2)
    D* = (b p + a q) / (p + q)                                                                      Eq. (5)
    b - c = 1, b - a = 2:  2 C(G) = chi^2_Pearson(p + q || 2 q)                                     Eq. (7)

The discriminator has no sigmoid, so a sample that it takes for real is still pulled to the boundary.

Players     discriminator, generator (one update each).
Departures  The networks are DCGAN's, as in the paper's study of stability (Sec. 4.3), not the VGG-like ones for 112 px
            (Fig. 1); points get those of its mixture of Gaussians. The labels are those of Eq. (9), a = 0 and
            b = c = 1, as in all of the paper's experiments; those of Eq. (8) are -1, 1, 0.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import nn

from ...core import Card, DataSpec, Player, UsageError, adam, between, positive, register
from ...losses import least_squares
from ...networks.pairs import pair_of
from .gan import GAN


@register
class LSGAN(GAN):
    """The GAN game with squared distances to labels."""

    @dataclass(frozen=True)
    class Config:
        objective: ClassVar[str] = "least-squares"
        z_dim: int = 1024                    # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        fake_label: float = 0.0              # a: the score that D gives generated samples
        real_label: float = 1.0              # b: the score that D gives real samples
        wanted_label: float = 1.0            # c: the score that G wants for its samples
        d_steps: int = 1                     # discriminator updates per generator update
        network: Literal["dcgan", "resnet", "mlp"] = "dcgan"   # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 1024                    # maps at 4x4 of the dcgan, maps of the resnet, units of an MLP
        lr: float = 1e-3                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")
            if not self.fake_label < self.real_label:
                raise UsageError(f"real_label must be greater than fake_label, {self.fake_label:g}, "
                                 f"not {self.real_label:g}")
            between(self, self.fake_label, self.real_label, "wanted_label")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 112, "batch_size": 64, "images": 64_000_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "prior": "normal", "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Least Squares Generative Adversarial Networks", authors="Mao, Li, Xie, Lau, Wang, Smolley", year=2016,
        arxiv="1611.04076",
        summary="Squared distances to labels instead of cross-entropy: samples far from the boundary are pulled to it "
                "even where D is already fooled; the Pearson chi-squared divergence is minimised.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="DCGAN or MLP without sigmoid", extra="none",
        objective="least squares (Pearson chi-squared)", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = least_squares(cfg.fake_label, cfg.real_label, cfg.wanted_label)

    def networks(self) -> tuple[nn.Module, nn.Module]:
        return pair_of(self.cfg, self.data.shape)

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

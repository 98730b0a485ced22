"""SC-GAN: SCGAN: Disentangled Representation Learning by Adding Similarity Constraint on Generative Adversarial Nets
(Li et al., 2019), https://doi.org/10.1109/ACCESS.2018.2872695.

    G descends  -E[log D(G(z, c))] + lambda SC
    SC = 1/(n(n-1)) sum_{i<j} [<c_i, c_j> d_ij + (1 - <c_i, c_j>)/(d_ij + 1e-5)],   d_ij = |x_i - x_j|_2

Samples of one code are pulled together, samples of two codes apart; what a code means is found without any label, and
without a network beside G and D. D is the GAN's, and is given x alone.

    generate(z, labels)                       samples of these values of the code

Players     discriminator, generator (one update each).
Departures  lambda may fall as the training goes on (`similarity_steps`, `similarity_end`); in the authors' code it is 1
            throughout. The pull between samples of one code does not weaken as they come close, so that at a constant
            lambda that parts the codes each of them becomes one image, and stays so.
            Distances are those that the images would have at the paper's size and range, 28x28 in [0, 1], so that one
            lambda means the same for all sizes. There is one categorical code, no continuous one. The networks are
            DCGAN's of the same widths, without fully connected layers of 1024 units, and have no weight decay.
"""

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, Player, adam, between, positive, register
from ...losses import similarity_constraint
from ...networks.dropout import make_pair
from ...ops import LatentSpec
from ..objective.gan import GAN

PAPERS_PIXELS, PAPERS_RANGE = 28 * 28, 1.0   # of MNIST in the authors' code; ours lie in a range of 2


@register
class SCGAN(GAN):
    """The GAN game, in which the generator pays for samples of one code that differ and of two codes that do not."""

    @dataclass(frozen=True)
    class Config:
        objective: ClassVar[str] = "non-saturating"
        d_steps: ClassVar[int] = 1
        z_dim: int = 90                      # numbers in z that are noise
        prior: Literal["uniform", "normal"] = "uniform"       # of the noise: U(-1, 1) or N(0, I)
        categories: int = 10                 # values of the code
        similarity_weight: float = 1.0       # lambda, at the start
        similarity_steps: int = 0            # steps in which it falls evenly (0: it stays, as in the authors' code)
        similarity_end: float = 0.0          # lambda after these steps
        network: Literal["dcgan", "mlp", "dropout-mlp"] = "dcgan"   # of both players; points always get an MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 128                     # maps at the smallest size of the dcgan, units of an MLP
        lr: float = 1e-3                     # Adam's learning rate of the generator
        d_lr: float = 2e-4                   # that of the discriminator
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of both players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "lr", "d_lr")
            between(self, 2, 1e6, "categories")
            between(self, 0, 1e6, "similarity_weight", "similarity_end")
            between(self, 0, 1e12, "similarity_steps")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 28, "batch_size": 32, "steps": 46_875},
        "small": {"data": "digits", "image_size": 8, "z_dim": 8, "network": "dropout-mlp", "width": 128,
                  "similarity_steps": 3_000, "similarity_end": 0.1, "lr": 1e-3, "d_lr": 1e-3, "batch_size": 32,
                  "steps": 6_000, "ema": 10_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="SCGAN: Disentangled Representation Learning by Adding Similarity Constraint on Generative Adversarial "
              "Nets",
        authors="Li, Chen, Wang, Wu, Tong", year=2019, arxiv="https://doi.org/10.1109/ACCESS.2018.2872695",
        summary="A code beside the noise; samples of one code are pulled together and samples of two codes apart, "
                "without labels and without a third network.",
        tasks=("generation", "disentanglement"), structure="direct", density="implicit",
        generator="DCGAN or MLP on noise and code", discriminator="DCGAN or MLP", extra="none",
        objective="non-saturating GAN", constraint="distances between samples of one code, and of two",
        couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.to_papers = (PAPERS_PIXELS / prod(data.shape)) ** 0.5 * PAPERS_RANGE / 2 if data.is_image else 1.0

    @property
    def latent(self) -> LatentSpec:
        """What z is made of."""
        return LatentSpec(self.cfg.z_dim, (self.cfg.categories,))

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg = self.cfg
        return make_pair(cfg.network, self.latent.size, self.data.shape, cfg.width, cfg.norm,
                         generator_norm=cfg.generator_norm)

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player(self.discriminator, adam(cfg.d_lr, cfg.betas), ema=cfg.ema),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch, weight = trainer.batch(), self.weight_at(trainer.step)
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", partial(self.generator_loss, weight=weight), batch)

    def weight_at(self, step: int) -> float:
        """Lambda after so many steps."""
        start, end, steps = self.cfg.similarity_weight, self.cfg.similarity_end, self.cfg.similarity_steps
        return start + (end - start) * min(1.0, step / steps) if steps else start

    def generator_loss(self, batch: Batch, weight: float) -> dict[str, Tensor]:
        z = self.noise(batch)
        x_fake, code = self.generator(z), self.latent.split(z).categorical[0]
        similarity = similarity_constraint(x_fake * self.to_papers, code)
        return {"adversarial": self.objective.generator(self.discriminator(x_fake)),
                "similarity": weight * similarity}

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """Draw noise and a code, (N, size) with the parts that `latent` names."""
        return self.latent.draw(super().noise(n, generator), generator)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, size) to samples (N, *shape); labels (N,) take the place of its code."""
        return self.generator(self.latent.shares(z if labels is None else self.latent.choose(z, labels)))

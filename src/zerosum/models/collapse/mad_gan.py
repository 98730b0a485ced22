"""MAD-GAN: Multi-Agent Diverse Generative Adversarial Networks (Ghosh et al., 2017), arXiv:1704.02906.

    D(x) = softmax over K + 1 makers: D_i for generator i, D_{K+1} for the data
    k+1:  D ascends  E_x[log D_{K+1}(x)] + sum_i E_z[log D_i(G_i(z))]
          G_i descends  -E_z[log D_{K+1}(G_i(z))];   at the optimum  p = 1/K sum_i p_i                        Thm. 1
    sim:  D(x) is one probability, as in GAN;  all G_i descend
          -1/K sum_i E_z[log D(G_i(z))] + lambda mean_{i<j} E_z[cos(phi(G_i(z)), phi(G_j(z)))]                App. A

All generators share their layers but the last ones, and are given the same z (as in the authors' code); phi are the
features of D's last hidden layer. z ends in K further numbers, the largest of which says whose sample is drawn.

Found here  the best D_{K+1} is p / (p + sum_i p_i), whether D names the generators or not (`named`), and it is all
            that they see of D. On the ring the one discriminator parts the modes: with the K classes merged, a
            generator mostly tells its mode better (0.97, 0.94 nats for 0.87, 0.70 at K = 8; 0.50, 0.86, 1.15 for 0.61,
            0.60, 1.02 at K = 4; 0.82 where no layer is shared), and more samples lie within 3 sigma (0.6 for 0.3).
            The paper lays the parting to the naming; that was not found.
Players     discriminator, generator (all K move together; one update each).
Departures  sim is a penalty on the similarity; the paper's appendix has it as a constraint between the generators'
            scores. The last layer of an MLP discriminator starts as PyTorch starts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import OBJECTIVES, detection, identification, mean_similarity, real_logit
from ...networks.features import Embedding
from ...networks.pairs import pair_of

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


class Generators(nn.Module):
    """K generators of one make, the same but for their last `own_layers` layers with weights (Fig. 2)."""

    def __init__(self, members: Sequence[nn.Module], own_layers: int, shape: tuple[int, ...]):
        super().__init__()
        self.shape = shape
        bodies = [member.body for member in members]
        weighted = [i for i, layer in enumerate(bodies[0]) if isinstance(layer, WEIGHTED)]
        cut = weighted[-min(own_layers, len(weighted))]
        self.shared = bodies[0][:cut]
        self.own = nn.ModuleList(body[cut:] for body in bodies)

    def forward(self, z: Tensor) -> Tensor:
        """What every generator makes of z (N, z_dim): (K, N, *shape)."""
        h = self.shared(z)
        x = torch.stack([own(h) for own in self.own])
        # As in the networks that these are the layers of: vectors are given their shape, maps are cropped.
        return x.unflatten(2, self.shape) if x.dim() == 3 else x[..., :self.shape[1], :self.shape[2]]


@register
class MADGAN(LatentModel):
    """Several generators, and a discriminator that must tell which of them made a sample."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z that the generators see
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        variant: Literal["k+1", "sim"] = "k+1"                # D names the generator, or similar generators pay
        named: bool = True                   # k+1: D names the generator; false: it tells all of them from the data
        generators: int = 3                  # K
        own_layers: int = 1                  # last layers that each generator has for itself; the others are shared
        similarity_weight: float = 1.0       # lambda of the variant sim
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generators
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 2e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generators' moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "own_layers", "width", "lr")
            between(self, 2, 256, "generators")
            between(self, 0, 1e6, "similarity_weight")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 120, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "width": 32, "z_dim": 64, "generators": 4, "lr": 5e-4,
                  "batch_size": 32, "steps": 800, "ema": 10_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "generators": 8, "lr": 1e-3, "batch_size": 32,
                 "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Multi-Agent Diverse Generative Adversarial Networks",
        authors="Ghosh, Kulharia, Namboodiri, Torr, Dokania", year=2017, arxiv="1704.02906",
        summary="Several generators that share most layers; the discriminator also names the one that made a sample, "
                "which drives them to different modes.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="K DCGANs or MLPs that share all but their last layers", discriminator="DCGAN or MLP, K + 1 classes",
        extra="none", objective="cross-entropy over K generators and the data, or non-saturating GAN",
        constraint="generators are told apart, or similar ones pay",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        pairs = [pair_of(cfg, data.shape) for _ in range(cfg.generators)]
        self.generator = Generators([generator for generator, _ in pairs], cfg.own_layers, data.shape)
        self.discriminator = Embedding(pairs[0][1], cfg.generators + 1 if cfg.variant == "k+1" else 1)
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generate_all(self.noise(batch))
        real, fake = self.discriminator(batch.x), self.discriminator(x_fake.flatten(0, 1))
        if self.cfg.variant == "k+1":
            fake = fake.unflatten(0, x_fake.shape[:2])
            return {"identification": identification(real, fake)} if self.cfg.named else {
                "detection": detection(real, fake)}
        return {"adversarial": self.objective.discriminator(real, fake)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generate_all(self.noise(batch))
        if self.cfg.variant == "k+1":
            return {"adversarial": self.objective.generator(self.scores(x_fake.flatten(0, 1)))}
        phi = self.discriminator.features(x_fake.flatten(0, 1))
        return {"adversarial": self.objective.generator(self.discriminator.last(phi).float()),
                "similarity": self.cfg.similarity_weight * mean_similarity(phi.unflatten(0, x_fake.shape[:2]).float())}

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """Draw z, (N, z_dim + K): what the generators see, and K numbers that pick one, all equally often."""
        z = super().noise(n, generator)
        pick = torch.randn(len(z), self.cfg.generators, device=None if generator else z.device, generator=generator)
        return torch.cat([z, pick.to(z.device)], 1)

    def chosen(self, z: Tensor) -> Tensor:
        """The generator that each z (N, z_dim + K) picks: (N,) int64, from 0."""
        return z[:, self.cfg.z_dim:].argmax(1)

    def choose(self, z: Tensor, member: int) -> Tensor:
        """The same z (N, z_dim + K), but picking generator `member` (from 0): `generate(choose(z, 2))`."""
        pick = torch.zeros_like(z[:, self.cfg.z_dim:])
        pick[:, member] = 1
        return torch.cat([z[:, :self.cfg.z_dim], pick], 1)

    def generate_all(self, z: Tensor) -> Tensor:
        """What every generator makes of each z (N, z_dim + K), whichever it picks: (K, N, *shape)."""
        return self.generator(z[:, :self.cfg.z_dim])

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim + K) to samples (N, *shape), each by the generator that it picks."""
        return self.generate_all(z)[self.chosen(z), torch.arange(len(z), device=z.device)]

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x being real, (N,): larger = more real."""
        logits = self.discriminator(x)
        return real_logit(logits) if self.cfg.variant == "k+1" else logits.squeeze(1)

"""InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets (Chen et al.,
2016), arXiv:1606.03657.

    min_{G,Q} max_D V_I(D, G, Q) = V(D, G) - lambda L_I(G, Q)                                        Eq. (6)
    L_I(G, Q) = E_{c, x = G(z, c)}[log Q(c|x)] + H(c) <= I(c; G(z, c))                               Eq. (5)

The latent is noise z and codes c, of which Q must be able to tell again from the sample. No label is ever seen: what a
code comes to mean is found. Q is a softmax for categorical codes, and for continuous ones a Gaussian of standard
deviation 1. It shares all layers with D but its last; D is given x alone.

    generate(z, labels)                       samples of these values of the first categorical code
    generate(latent.turn(z, -0.5))            samples with the first continuous code at -0.5

Players     discriminator (D and Q: both go down -lambda L_I together, as in the authors' code), generator.
Departures  The networks are DCGAN's of the same widths, without fully connected layers of 1024 units. H(c) of a
            continuous code is that of U(-1, 1), from which it is drawn; the authors' code takes a Gaussian's, which
            differs by a constant. Only z is drawn anew for G's update, as there.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, UsageError, adam, between, positive, register
from ...losses import OBJECTIVES, categorical_information, continuous_information
from ...networks import FeatureDiscriminator
from ...networks.dropout import make_pair
from ...ops import Latent, LatentSpec, at_least_float32


@register
class InfoGAN(LatentModel):
    """The GAN game, in which a code must be told again from the sample that was made of it."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 62                      # numbers in z that are noise
        prior: Literal["uniform", "normal"] = "uniform"       # of the noise: U(-1, 1) or N(0, I)
        categorical: tuple[int, ...] = (10,) # values of each categorical code
        continuous: int = 2                  # continuous codes, U(-1, 1)
        information: float = 1.0             # lambda of the categorical codes
        continuous_information: float = 0.1  # lambda of the continuous codes
        network: Literal["dcgan", "mlp", "dropout-mlp"] = "dcgan"   # of both players; points always get an MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 128                     # maps at the smallest size of the dcgan, units of an MLP
        q_width: int = 128                   # units of Q's own hidden layer, with batch norm (0: its last layer alone)
        lr: float = 1e-3                     # Adam's learning rate of the generator
        d_lr: float = 2e-4                   # that of discriminator and Q
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of both players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "lr", "d_lr")
            between(self, 0, 1e6, "information", "continuous_information", "q_width", "continuous")
            between(self, 2, 1e6, "categorical")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")
            if not self.categorical and not self.continuous:
                raise UsageError("an infogan needs a code: give categorical, such as 10, or continuous")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 28, "batch_size": 128, "steps": 5_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 22, "network": "dropout-mlp", "width": 128,
                  "information": 2.0, "continuous_information": 0.4, "lr": 1e-3, "d_lr": 3e-4, "batch_size": 128,
                  "steps": 5_000, "ema": 10_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 8, "q_width": 0, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial Nets",
        authors="Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel", year=2016, arxiv="1606.03657",
        summary="Codes beside the noise, which a head of the discriminator must tell again from the sample; without "
                "any label they come to mean class, slant or width.",
        tasks=("generation", "disentanglement"), structure="direct", density="implicit",
        generator="DCGAN or MLP on noise and codes", discriminator="DCGAN or MLP",
        extra="Q, which tells the codes, shares all layers with the discriminator but its last",
        objective="non-saturating GAN", constraint="lower bound on the mutual information of code and sample",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.told = LatentSpec(0, cfg.categorical, cfg.continuous)           # what Q tells of a sample
        self.generator, judge = make_pair(cfg.network, self.latent.size, data.shape, cfg.width, cfg.norm,
                                          generator_norm=cfg.generator_norm)
        self.discriminator = FeatureDiscriminator(judge)
        features, hidden = self.discriminator.head.in_features, cfg.q_width
        own = [nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.LeakyReLU(0.1)] if hidden else []
        self.recognition = nn.Sequential(*own, nn.Linear(hidden or features, self.told.size))
        self.objective = OBJECTIVES["non-saturating"]

    @property
    def latent(self) -> LatentSpec:
        """What z is made of."""
        return replace(self.told, noise=self.cfg.z_dim)

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player((self.discriminator, self.recognition), adam(cfg.d_lr, cfg.betas),
                                        ema=cfg.ema),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.noise(batch)
        features = self.discriminator.features(self.generate(z))
        fake = self.discriminator.judge(features)
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x), fake),
                **self.information(features, self.latent.split(z))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.noise(batch)
        features = self.discriminator.features(self.generate(z))
        return {"adversarial": self.objective.generator(self.discriminator.judge(features)),
                **self.information(features, self.latent.split(z))}

    def information(self, features: Tensor, asked: Latent) -> dict[str, Tensor]:
        """-lambda L_I of the features (N, F) of what was made of the codes asked for, by kind: it is descended."""
        told, terms = self.tell(features), {}
        if asked.categorical:
            bound = sum(map(categorical_information, told.categorical, asked.categorical))
            terms["categorical_information"] = -self.cfg.information * bound
        if self.cfg.continuous:
            bound = continuous_information(told.continuous, asked.continuous)
            terms["continuous_information"] = -self.cfg.continuous_information * bound
        return terms

    def tell(self, features: Tensor) -> Latent:
        """Q of features (N, F): logits (N, K) of every categorical code, and means (N, d) of the continuous ones."""
        return self.told.split(at_least_float32(self.recognition(features)))

    def recognise(self, x: Tensor) -> Latent:
        """Q of samples x (N, *shape), as in `tell`."""
        return self.tell(self.discriminator.features(x))

    def codes(self, x: Tensor) -> Tensor:
        """Q's word on samples x (N, *shape) as numbers (N, K): what disentanglement is measured on.

        Probabilities of every value of the categorical codes, then means of the continuous ones: z without its noise.
        """
        told = self.recognise(x)
        return torch.cat([*(logits.softmax(1) for logits in told.categorical), told.continuous], 1)

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """Draw noise and codes, (N, size) with the parts that `latent` names."""
        return self.latent.draw(super().noise(n, generator), generator)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, size) to samples (N, *shape); labels (N,) take the place of its first categorical code."""
        return self.generator(self.latent.shares(z if labels is None else self.latent.choose(z, labels)))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x being real, (N,): larger = more real."""
        return self.discriminator(x)

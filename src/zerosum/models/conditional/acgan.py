"""ACGAN: Conditional Image Synthesis with Auxiliary Classifier GANs (Odena et al., 2016), arXiv:1610.09585.

    L_S = E_x[log P(S = real|x)] + E_{c,z}[log P(S = fake|G(c, z))]                                  Eq. (2)
    L_C = E_x[log P(C = c|x)]    + E_{c,z}[log P(C = c|G(c, z))]                                     Eq. (3)
    D ascends L_S + L_C,   G ascends L_C - L_S

D is given x alone: it tells the class of real and of generated samples, and so is a classifier, too.

Players     discriminator (both its heads), generator (one update each, on fresh noise, with the labels of the batch).
Departures  G ascends log P(S = real|G) in the place of -L_S, as GANs are trained. The networks are DCGAN's or an MLP;
            the paper's have 3x3 convolutions, dropout and, on CIFAR-10, noise within D. `class_weight` weighs L_C; it
            is 1 in the paper.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, UsageError, adam, between, positive, register
from ...losses import OBJECTIVES
from ...losses.auxiliary import classification
from ...networks import FeatureDiscriminator
from ...networks.dropout import make_pair
from ...ops import at_least_float32


@register
class ACGAN(LatentModel):
    """The GAN game, in which D names the class of what it sees, and G helps it to."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z, beside the one-hot class
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        class_weight: float = 1.0            # of L_C, for both players
        network: Literal["dcgan", "mlp", "dropout-mlp"] = "dcgan"   # of both players; points always get an MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at the smallest size of the dcgan, units of an MLP
        lr: float = 2e-4                     # Adam's learning rate of both players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of both players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "lr")
            between(self, 0, 1e6, "class_weight")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 32, "batch_size": 100, "steps": 50_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "network": "dropout-mlp", "width": 128,
                  "lr": 1e-3, "batch_size": 64, "steps": 6_000, "ema": 10_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Conditional Image Synthesis with Auxiliary Classifier GANs", authors="Odena, Olah, Shlens", year=2016,
        arxiv="1610.09585",
        summary="The generator is told the class; the discriminator is not, but must tell the class of real and "
                "generated samples, and becomes a classifier.",
        tasks=("generation", "conditional-generation", "classification"), structure="direct", density="implicit",
        generator="DCGAN or MLP on z and class", discriminator="DCGAN or MLP with two heads: real or not, and class",
        extra="none", objective="non-saturating GAN", constraint="cross-entropy of the class, for both players",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("acgan needs labelled data: put images into one subfolder per class, or use digits")
        super().__init__(cfg, data)
        self.generator, judge = make_pair(cfg.network, cfg.z_dim + data.num_classes, data.shape, cfg.width, cfg.norm,
                                          generator_norm=cfg.generator_norm)
        self.discriminator = FeatureDiscriminator(judge)
        self.classifier = nn.Linear(self.discriminator.head.in_features, data.num_classes)
        self.objective = OBJECTIVES["non-saturating"]

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player((self.discriminator, self.classifier), opt, ema=self.cfg.ema),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        real, c_real = self.both(batch.x)
        fake, c_fake = self.both(self.generate(self.noise(batch), batch.labels))
        return {"adversarial": self.objective.discriminator(real, fake),
                "class_real": self.cfg.class_weight * classification(c_real, batch.labels),
                "class_fake": self.cfg.class_weight * classification(c_fake, batch.labels)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake, c_fake = self.both(self.generate(self.noise(batch), batch.labels))
        return {"adversarial": self.objective.generator(fake),
                "class_fake": self.cfg.class_weight * classification(c_fake, batch.labels)}

    def both(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (N,) of samples x (N, *shape), and logits of their classes (N, num_classes): one pass for both."""
        features = self.discriminator.features(x)
        return self.discriminator.judge(features), at_least_float32(self.classifier(features))

    def classify(self, x: Tensor) -> Tensor:
        """The class that D sees on samples x (N, *shape): (N,) int64."""
        return self.both(x)[1].argmax(1)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to samples (N, *shape); without labels they are drawn in turn."""
        labels = torch.arange(len(z), device=z.device) % self.data.num_classes if labels is None else labels
        return self.generator(torch.cat([z, one_hot(labels, self.data.num_classes).to(z)], 1))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x being real, (N,), whatever its class; larger = more real."""
        return self.discriminator(x)

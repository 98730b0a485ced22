"""Projection GAN: cGANs with Projection Discriminator (Miyato and Koyama, 2018), arXiv:1802.05637.

    D(x, y) = psi(phi(x)) + <embed(y), phi(x)>                                                       Sec. 3
    L_D = E_{x,y}[max(0, 1 - D(x, y))] + E_{z,y}[max(0, 1 + D(G(z, y), y))],   L_G = -E_{z,y}[D(G(z, y), y)]

The best D is log q(x|y)/p(x|y) + log q(y)/p(y). Where log q(y|x) is linear in features, as a classifier's is, that is
an inner product of features and a vector of the class, and a rest that does not know y. So the label is not joined to
the input (CGAN), and no classifier is trained (ACGAN). G is told the class by conditional batch norm: every channel has
a gain and a bias of the class. Weights between classes make samples between them (category morphing).

Players     discriminator (d_steps updates per step, every layer of spectral norm one, the embedding too), generator
            (one update, on classes drawn uniformly).
Departures  those of SNGAN, whose networks and training these are at 32 px. In D's update generated samples have the
            labels of the real batch; the authors draw them. `condition` is how D sees the label: "concat" and "none"
            are for comparisons.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, UsageError, best_over_classes, register
from ...networks.conditional import ConcatDiscriminator, ConditionalGenerator, ProjectionDiscriminator
from ..objective.sngan import SNGAN


@register
class ProjectionGAN(SNGAN):
    """SNGAN of classes: D takes the inner product of features and label, G norms by class."""

    @dataclass(frozen=True)
    class Config(SNGAN.Config):
        condition: Literal["projection", "concat", "none"] = "projection"   # how D sees the label; none: not at all
        network: Literal["resnet", "cnn", "dcgan"] = "resnet"  # of both players

    PRESETS = {
        "paper": {"data": "digits", "image_size": 32, "batch_size": 64, "steps": 50_000},
        "small": {"data": "digits", "image_size": 8, "network": "cnn", "width": 32, "d_width": 32, "z_dim": 32,
                  "d_steps": 1, "g_batch": 1, "lr": 1e-3, "betas": (0.5, 0.999), "decay_steps": 1_500,
                  "batch_size": 64, "steps": 1_500, "ema": 10_000},
        "tiny": {"data": "digits", "image_size": 8, "network": "dcgan", "width": 8, "d_width": 8, "z_dim": 8,
                 "d_steps": 2, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="cGANs with Projection Discriminator", authors="Miyato, Koyama", year=2018, arxiv="1802.05637",
        summary="The discriminator takes the inner product of its features and a vector of the class, and the "
                "generator's batch norms have a gain and a bias for each class.",
        tasks=("generation", "conditional-generation"), structure="direct", density="implicit",
        generator="residual, convolutional or DCGAN, conditional batch norm",
        discriminator="the same without batch normalization, projection of the label", extra="none",
        objective="hinge, or non-saturating GAN",
        constraint="spectral normalization of each of the discriminator's weights, the embedding's too",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("projection-gan needs labelled data: put images into one subfolder per class, or use "
                             "digits")
        if not data.is_image:
            raise UsageError(f"projection-gan makes images, and this data is points of {data.shape[0]} numbers: cgan, "
                             "acgan and vacgan make those, too")
        super().__init__(cfg, data)

    def networks(self) -> tuple[nn.Module, nn.Module]:
        generator, discriminator = super().networks()
        classes, condition = self.data.num_classes, self.cfg.condition
        if condition == "concat":
            channels, *size = self.data.shape
            joined = replace(self.data, shape=(channels + classes, *size))
            judge = ConcatDiscriminator(SNGAN(replace(self.cfg, norm="none"), joined).discriminator, classes)
        else:
            judge = ProjectionDiscriminator(discriminator, classes, project=condition == "projection")
        return ConditionalGenerator(generator, classes), judge

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generate(self.noise(batch), batch.labels)
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x, batch.labels),
                                                            self.discriminator(x_fake, batch.labels))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        z = self.noise(self.cfg.g_batch * batch.size)
        labels = torch.randint(self.data.num_classes, (len(z),), device=z.device)
        return {"adversarial": self.objective.generator(self.discriminator(self.generate(z, labels), labels))}

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to images (N, C, H, W); without labels they are drawn in turn."""
        labels = torch.arange(len(z), device=z.device) % self.data.num_classes if labels is None else labels
        return self.generator(z, one_hot(labels, self.data.num_classes).to(z))

    def morph(self, z: Tensor, weights: Tensor) -> Tensor:
        """Map z (N, z_dim) and weights of all classes (N, num_classes), which sum to 1, to images between classes."""
        return self.generator(z, weights)

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x under its labels, (N,); without labels, the best over all classes."""
        if labels is not None:
            return self.discriminator(x, labels)
        return best_over_classes(self.discriminator, x, self.data.num_classes)

"""Conditional R3GAN: the networks of R3GAN that are told a class (Huang et al., 2024), arXiv:2501.05441.

    G(z, y) = g([z, E_G y]),   D(x, y) = <d(x), E_D y>                                     y one-hot, Sec. 4
    D: E[f(D(G(z, y), y) - D(x, y))] + gamma/2 (E ||grad_x D(x, y)||^2 + E ||grad_x D(G(z, y), y)||^2)
    G: E[f(D(x, y) - D(G(z, y), y))],   f(t) = log(1 + e^t)

E_G and E_D are linear and learned. A pair of a real and a generated sample has one class. The authors train on CIFAR-10
and ImageNet so; E_G has as many numbers as z, and E_D as many as the coarsest maps. What is added to all scores of a
class cancels: scores compare images of one class, and not classes.

Players     discriminator (one update per step), generator (one update, on a fresh batch of real samples and classes).
Departures  no augmentation, and the average of the generator, as in R3GAN. Images only.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, LatentModel, UsageError, best_over_classes, register
from ...losses import relativistic
from ...networks.r3gan import R3GANDiscriminator, R3GANGenerator
from ...penalties import r1_r2
from ..objective.r3gan import R3GAN


@register
class ConditionalR3GAN(R3GAN):
    """The relativistic game of classes under R1 and R2, between residual networks."""

    @dataclass(frozen=True)
    class Config(R3GAN.Config):
        pass

    PRESETS = {name: dict(R3GAN.PRESETS[name]) for name in ("paper", "small", "tiny")}

    card = Card(
        title="The GAN is dead; long live the GAN! A Modern GAN Baseline",
        authors="Huang, Gokaslan, Kuleshov, Tompkin", year=2024, arxiv="2501.05441",
        summary="R3GAN whose players are told the class: the generator by an embedding beside z, the discriminator by "
                "the product of its features with one.",
        tasks=("generation", "conditional-generation"), structure="direct", density="implicit",
        generator="residual with grouped convolutions, embedding of the class", discriminator="likewise",
        extra="none", objective="relativistic, paired", constraint="gradient penalties R1 and R2",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("conditional-r3gan needs labelled data: put images into one subfolder per class, or use "
                             "digits; r3gan takes no labels")
        if not data.is_image:
            raise UsageError(f"conditional-r3gan makes images, and this data is points of {data.shape[0]} numbers: "
                             "r3gan, cgan and acgan make those, too")
        LatentModel.__init__(self, cfg, data)            # R3GAN's own would build the networks without classes
        size, classes = ((data.height, data.width), data.channels, cfg.width), data.num_classes
        self.generator = R3GANGenerator(cfg.z_dim, *size, classes=classes, embedding=cfg.z_dim)
        self.discriminator = R3GANDiscriminator(*size, classes=classes, embedding=cfg.width)

    def condition(self, labels: Tensor) -> Tensor:
        """One-hot labels, (N, num_classes) float."""
        return one_hot(labels, self.data.num_classes).float()

    def discriminator_loss(self, batch: Batch, gamma: float) -> dict[str, Tensor]:
        x, y = batch.x, self.condition(batch.labels)
        x_fake, judge = self.generator(self.noise(batch), y), partial(self.discriminator, labels=y)
        return {"adversarial": relativistic(judge(x), judge(x_fake)),
                "gradient_penalty": gamma * r1_r2(judge, x, x_fake)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        y = self.condition(batch.labels)
        x_fake = self.generator(self.noise(batch), y)
        return {"adversarial": relativistic(self.discriminator(x_fake, y), self.discriminator(batch.x, y))}

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to images (N, C, H, W); without labels they are drawn in turn."""
        labels = torch.arange(len(z), device=z.device) % self.data.num_classes if labels is None else labels
        return self.generator(z, self.condition(labels))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x under its labels, (N,); without labels, the best over all classes."""
        if labels is None:
            return best_over_classes(self.scores, x, self.data.num_classes)
        return self.discriminator(x, self.condition(labels))

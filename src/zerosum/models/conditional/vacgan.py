"""VAC+GAN: Versatile Auxiliary Classifier with Generative Adversarial Network, Multi Class Scenarios (Bazrafkan and
Corcoran, 2018), arXiv:1806.07751.

    D descends  the GAN's loss of D(x) and D(G(z, c))
    C descends  -E_x[log P(C = c|x)] - E_{c,z}[log P(C = c|G(c, z))]
    G descends  the GAN's loss of D(G(z, c)) - lambda E_{c,z}[log P(C = c|G(c, z))]

The classifier C stands beside D, with weights, loss and optimizer of its own: no class is in what D learns, so that any
GAN becomes conditional (ACGAN, where one network does both, mixes the losses). Any objective with any penalty is one,
and so is BEGAN (1703.10717), whose score is minus the energy of an auto-encoder:

    L_D = L(x) - k L(G),   L_G = L(G),   k <- k + lambda_k (gamma L(x) - L(G)) in [0, 1]

Players     discriminator (d_steps updates per step), classifier (one update, on real and on generated samples),
            generator (one update, on fresh noise, with the labels of the batch).
Departures  G is given noise and the one-hot class; the authors' gives ten numbers whose signs say the class. Players
            move in turn, not at once. C is D's network, with outputs for the classes. The authors halve the learning
            rates towards the end.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, UsageError, adam, between, positive, register, sgd
from ...layers import init_glorot
from ...losses import OBJECTIVES
from ...losses.auxiliary import classification
from ...networks.autoencoder import ELUDecoder, bottleneck_autoencoder, elu_autoencoder
from ...networks.dropout import make_pair
from ...networks.features import Embedding
from ...networks.mlp import MLPGenerator
from ...penalties import PENALTIES


@register
class VACGAN(LatentModel):
    """Any GAN game, beside which a classifier names the class of samples, and G helps it to."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z, beside the one-hot class
        prior: Literal["uniform", "normal"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        objective: Literal[*OBJECTIVES, "boundary-equilibrium"] = "non-saturating"   # the GAN's; the last is BEGAN's
        penalty: Literal[*PENALTIES] = "none"                 # on the input gradient of D
        penalty_weight: float = 10.0         # of the penalty
        class_weight: float = 4.0            # lambda, of the cross-entropy in G's loss (0.8 / 0.2 in the authors' code)
        d_steps: int = 1                     # discriminator updates per step
        gamma: float = 0.5                   # of BEGAN: L(G) / L(x) to be held
        k_gain: float = 1e-3                 # of BEGAN: lambda_k, gain of the controller
        network: Literal["dcgan", "mlp", "dropout-mlp"] = "dcgan"   # of all players; points always get an MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator and classifier
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 128                     # maps at the smallest size of the dcgan, units of an MLP
        lr: float = 2e-4                     # Adam's learning rate of generator and discriminator
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        c_lr: float = 0.01                   # learning rate of the classifier: SGD with Nesterov's momentum of 0.9
        ema: float = 0.0                     # half-life of all players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "width", "lr", "c_lr")
            between(self, 0, 1e6, "penalty_weight", "class_weight")
            between(self, 0, 1, "gamma", "k_gain")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 28, "batch_size": 16, "images": 50_000_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "prior": "normal", "network": "dropout-mlp",
                  "width": 128, "class_weight": 0.5, "lr": 1e-3, "c_lr": 0.05, "batch_size": 64, "steps": 6_000,
                  "ema": 10_000},
        "ring": {"data": "ring", "z_dim": 4, "prior": "normal", "network": "mlp", "width": 128, "class_weight": 1.0,
                 "lr": 1e-3, "c_lr": 0.05, "batch_size": 128, "steps": 2_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Versatile Auxiliary Classifier with Generative Adversarial Network (VAC+GAN), Multi Class Scenarios",
        authors="Bazrafkan, Corcoran", year=2018, arxiv="1806.07751",
        summary="A classifier of its own stands beside the discriminator of any GAN, and the generator helps it to "
                "name the class that was asked for.",
        tasks=("generation", "conditional-generation", "classification"), structure="direct", density="implicit",
        generator="DCGAN or MLP on z and class", discriminator="DCGAN, MLP or auto-encoder",
        extra="classifier, which shares nothing with the discriminator",
        objective="any: GAN, Wasserstein, least squares, hinge, boundary equilibrium",
        constraint="cross-entropy of the class, for generator and classifier",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        if not data.num_classes:
            raise UsageError("vacgan needs labelled data: put images into one subfolder per class, or use digits")
        super().__init__(cfg, data)
        self.balanced = cfg.objective == "boundary-equilibrium"
        self.objective = OBJECTIVES["wasserstein" if self.balanced else cfg.objective]
        self.generator, self.discriminator = self.boundary_networks() if self.balanced else self.pair()
        self.classifier = Embedding(self.pair()[1], data.num_classes)
        if self.balanced:
            self.register_buffer("k", torch.zeros(()))       # state of the game, saved and resumed

    def pair(self) -> tuple[nn.Module, nn.Module]:
        """Generator and discriminator of any game but BEGAN's."""
        cfg = self.cfg
        norm = "none" if cfg.penalty != "none" else cfg.norm
        return make_pair(cfg.network, cfg.z_dim + self.data.num_classes, self.data.shape, cfg.width, norm,
                         generator_norm=cfg.generator_norm)

    def boundary_networks(self) -> tuple[nn.Module, nn.Module]:
        """BEGAN's generator, and its auto-encoder with as many numbers in its codes as in z."""
        (z_dim, width), shape = (self.cfg.z_dim, self.cfg.width), self.data.shape
        inputs, output = z_dim + self.data.num_classes, "tanh" if self.data.is_image else "none"
        if self.data.is_image and self.cfg.network == "dcgan":
            generator = nn.Sequential(ELUDecoder(inputs, shape, width), nn.Tanh())
            pair = generator, elu_autoencoder(shape, width, z_dim)
        else:
            generator = MLPGenerator(inputs, shape, width=width, depth=1, activation="elu", output=output)
            pair = generator, bottleneck_autoencoder(shape, width, z_dim, 1, "elu")
        for network in pair:
            init_glorot(network)              # else G begins nearly constant in z, and stays so
        return pair

    def players(self) -> dict[str, Player]:
        cfg, opt = self.cfg, adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt, ema=cfg.ema),
                "classifier": Player(self.classifier, sgd(cfg.c_lr, 0.9, nesterov=True), ema=cfg.ema),
                "generator": Player(self.generator, opt, ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch, second_order=True)
        logs |= trainer.update("classifier", self.classifier_loss, batch)
        logs |= trainer.update("generator", self.generator_loss, batch)
        if self.balanced:                     # terms are means over all processes: each has the same k
            real, fake = logs["discriminator/reconstruction"], logs["generator/adversarial"]
            self.k.add_(self.cfg.k_gain * (self.cfg.gamma * real - fake)).clamp_(0, 1)
            logs["k"] = self.k.clone()
        return logs

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generate(self.noise(batch), batch.labels)
        real, fake = self.scores(x), self.scores(x_fake)
        if self.balanced:
            return {"reconstruction": -real.mean(), "adversarial": self.k * fake.mean()}
        penalty = PENALTIES[self.cfg.penalty](self.discriminator, x, x_fake)
        return {"adversarial": self.objective.discriminator(real, fake), "penalty": self.cfg.penalty_weight * penalty}

    def classifier_loss(self, batch: Batch) -> dict[str, Tensor]:
        """Half each of the cross-entropies: the mean over both kinds of samples."""
        x_fake = self.generate(self.noise(batch), batch.labels)
        return {name: classification(self.classifier(x), batch.labels) / 2
                for name, x in (("class_real", batch.x), ("class_fake", x_fake))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generate(self.noise(batch), batch.labels)
        return {"adversarial": self.objective.generator(self.scores(x_fake)),
                "class": self.cfg.class_weight * classification(self.classifier(x_fake), batch.labels)}

    def classify(self, x: Tensor) -> Tensor:
        """The class that C sees on samples x (N, *shape): (N,) int64."""
        return self.classifier(x).argmax(1)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) and labels (N,) to samples (N, *shape); without labels they are drawn in turn."""
        labels = torch.arange(len(z), device=z.device) % self.data.num_classes if labels is None else labels
        return self.generator(torch.cat([z, one_hot(labels, self.data.num_classes).to(z)], 1))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's score of x, (N,), whatever its class, or minus its energy; larger = more real."""
        return -self.discriminator(x).energy if self.balanced else self.discriminator(x)

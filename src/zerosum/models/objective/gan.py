"""GAN: Generative Adversarial Nets (Goodfellow et al., 2014), arXiv:1406.2661.

    min_G max_D V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]                              Eq. (1)
    saturating:       G descends  E_z[log(1 - D(G(z)))]                                      Alg. 1
    non-saturating:   G ascends   E_z[log D(G(z))]                                           Sec. 3
    D* = p / (p + q),   V(D*, G) = 2 JSD(p || q) - log 4                                     Prop. 1, Thm. 1

Players     discriminator (d_steps updates per step), generator (one update, on fresh noise).
Departures  The generator's sigmoid is written as a tanh, since images lie in [-1, 1]; its output bias starts at 0 and
            not at the marginal of the data; no column-norm bound. Points (2-D data) get a linear output.
            The default objective is the one the authors' code trains; Algorithm 1's is `objective=saturating`.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Optimizer,
    Player,
    adam,
    between,
    positive,
    register,
    sgd,
)
from ...layers import init_orthogonal, init_uniform
from ...losses import OBJECTIVES
from ...networks.mlp import MLPDiscriminator, MLPGenerator


@register
class GAN(LatentModel):
    """Two multilayer perceptrons in the minimax game."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        objective: Literal["saturating", "non-saturating"] = "non-saturating"   # what G descends
        d_steps: int = 1                     # k of Algorithm 1: discriminator updates per generator update
        width: int = 1200                    # hidden units of the generator's layers
        depth: int = 2                       # hidden layers of both players
        d_width: int = 240                   # hidden units of the discriminator's layers
        activation: Literal["relu", "tanh", "leaky-relu"] = "relu"   # of the generator's hidden layers
        d_activation: Literal["maxout", "relu", "tanh", "leaky-relu"] = "maxout"   # of the discriminator's
        pieces: int = 5                      # linear pieces per maxout unit
        init: Literal["uniform", "orthogonal", "default"] = "uniform"   # U(-.05, .05) in G, U(-.005, .005) in D
        dropout: float = 0.5                 # share of the discriminator's hidden units dropped
        input_dropout: float = 0.2           # share of its inputs dropped
        optimizer: Literal["sgd", "adam"] = "sgd"   # sgd has momentum and a decaying rate, as in the authors' code
        lr: float = 0.1                      # learning rate of both players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        momentum: tuple[float, float] = (0.5, 0.7)  # of SGD: at the start, and from momentum_images on
        momentum_images: int = 12_500_000    # real images until the final momentum (250 epochs of 50,000)
        lr_decay: float = 1.000004           # SGD: the rate is divided by this after each step, down to 1e-6
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "d_steps", "width", "depth", "d_width", "pieces", "lr", "lr_decay",
                     "momentum_images")
            between(self, 0, 0.999, "dropout", "input_dropout", "betas", "momentum")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 100, "images": 50_000_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "width": 128, "d_width": 128,
                  "activation": "relu", "d_activation": "leaky-relu", "init": "default", "dropout": 0.3,
                  "input_dropout": 0.0, "optimizer": "adam", "lr": 3e-4, "batch_size": 64,
                  "steps": 12_000, "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 32, "width": 128, "d_width": 128, "activation": "tanh",
                 "d_activation": "tanh", "init": "orthogonal", "dropout": 0.0, "input_dropout": 0.0,
                 "optimizer": "adam", "lr": 1e-3, "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 16, "d_width": 8, "pieces": 2,
                 "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Generative Adversarial Nets",
        authors="Goodfellow, Pouget-Abadie, Mirza, Xu, Warde-Farley, Ozair, Courville, Bengio",
        year=2014, arxiv="1406.2661",
        summary="A generator and a discriminator play the minimax game of Eq. (1); at its optimum the "
                "Jensen-Shannon divergence is minimised.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="MLP, ReLU", discriminator="MLP, maxout with dropout", extra="none",
        objective="minimax (Jensen-Shannon), saturating or non-saturating", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = OBJECTIVES[cfg.objective]
        self.generator, self.discriminator = self.networks()

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Build generator and discriminator; papers that change only these override this."""
        cfg, shape = self.cfg, self.data.shape
        output = "tanh" if self.data.is_image else "none"
        pair = (MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=cfg.depth, activation=cfg.activation,
                             output=output),
                MLPDiscriminator(shape, width=cfg.d_width, depth=cfg.depth, activation=cfg.d_activation,
                                 pieces=cfg.pieces, dropout=(cfg.input_dropout, cfg.dropout)))
        for network, limit in zip(pair, (0.05, 0.005), strict=True):         # irange in mnist.yaml
            if cfg.init == "uniform":
                init_uniform(network, limit)
            elif cfg.init == "orthogonal":
                init_orthogonal(network, gain=1.4)
        return pair

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        if cfg.optimizer == "adam":
            factory, schedule = adam(cfg.lr, cfg.betas), None
        else:
            factory, schedule = sgd(cfg.lr, cfg.momentum[0]), self.schedule
        return {"discriminator": Player(self.discriminator, factory, schedule=schedule),
                "generator": Player(self.generator, factory, ema=cfg.ema, schedule=schedule)}

    def schedule(self, optimizer: Optimizer, step: int, images: int) -> None:
        """Learning rate and momentum of SGD at this point of the training (the authors' mnist.yaml)."""
        start, final = self.cfg.momentum
        optimizer.lr = max(self.cfg.lr * self.cfg.lr_decay ** -step, 1e-6)
        optimizer.momentum = start + (final - start) * min(1.0, images / self.cfg.momentum_images)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        for _ in range(self.cfg.d_steps):                                           # lines 2-6
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("generator", self.generator_loss, batch)       # lines 7-8, fresh noise

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x), self.discriminator(x_fake))}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.objective.generator(self.discriminator(self.generator(self.noise(batch))))}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

"""f-GAN: Training Generative Neural Samplers (Nowozin, Cseke and Tomioka, 2016), arXiv:1606.00709.

    D_f(P || Q) = E_Q[f(p/q)] >= F = E_P[g_f(V(x))] - E_Q[f*(g_f(V(G(z))))]                        Eqs. (2), (4), (6)
    single step:  V ascends F and G descends F from one forward and backward pass                  Alg. 1
    heuristic:    G ascends E_Q[g_f(V(G(z)))] instead                                              Sec. 3.2
    V* = g_f^-1(f'(p/q)),  F(V*) = D_f(P || Q);  T > f'(1) means real                              Eq. (5), Sec. 2.4

Players     discriminator (the paper's variational function V) and generator, which move at the same time.
Departures  The generator's sigmoid is written as a tanh, since images lie in [-1, 1]; points get a linear output.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...layers import init_orthogonal, init_uniform, make_activation
from ...losses import DIVERGENCES
from ...networks.mlp import MLPDiscriminator


@register
class FGAN(LatentModel):
    """Two perceptrons in the game whose value is an f-divergence, any of a table."""

    @dataclass(frozen=True)
    class Config:
        divergence: Literal["kl", "reverse-kl", "pearson", "hellinger", "jensen-shannon", "gan",
                            "total-variation"] = "kl"   # D_f(data || model)
        objective: Literal["bound", "heuristic"] = "bound"    # G descends F, or ascends E[g_f(V(G(z)))]
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ N(0, I) or U(-1, 1)
        width: int = 1200                    # hidden units of the generator's layers
        depth: int = 2                       # hidden layers of the generator (0: an affine map of z)
        activation: Literal["relu", "tanh", "leaky-relu", "elu"] = "relu"   # of the generator's hidden layers
        norm: Literal["batch", "none"] = "batch"              # of the generator's hidden layers
        d_width: int = 240                   # hidden units of the discriminator's layers
        d_depth: int = 2                     # hidden layers of the discriminator
        d_activation: Literal["elu", "tanh", "leaky-relu", "relu"] = "elu"   # of the discriminator's hidden layers
        init: Literal["uniform", "orthogonal", "default"] = "uniform"   # U(-.05, .05) in G, U(-.005, .005) in V
        lr: float = 2e-4                     # Adam's learning rate of both players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "d_width", "d_depth", "lr")
            between(self, 0, 100, "depth")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 4096, "steps": 20_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "width": 128, "d_width": 128, "init": "default",
                  "lr": 3e-4, "batch_size": 64, "steps": 12_000, "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 32, "prior": "normal", "width": 128, "d_width": 128, "activation": "tanh",
                 "d_activation": "tanh", "norm": "none", "init": "orthogonal", "lr": 1e-3, "batch_size": 128,
                 "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 16, "d_width": 8, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="f-GAN: Training Generative Neural Samplers using Variational Divergence Minimization",
        authors="Nowozin, Cseke, Tomioka", year=2016, arxiv="1606.00709",
        summary="Any f-divergence, bounded from below through the convex conjugate of f, is the value of the game.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="MLP, ReLU with batch norm", discriminator="MLP, ELU", extra="none",
        objective="f-divergence by name: KL, reverse KL, Pearson, Hellinger, Jensen-Shannon, GAN, total variation",
        constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.divergence = DIVERGENCES[cfg.divergence]
        self.generator = self.sampler()
        self.discriminator = MLPDiscriminator(data.shape, width=cfg.d_width, depth=cfg.d_depth,
                                              activation=cfg.d_activation, dropout=(0.0, 0.0))
        for network, limit in ((self.generator, 0.05), (self.discriminator, 0.005)):
            if cfg.init == "uniform":
                init_uniform(network, limit)
            elif cfg.init == "orthogonal":
                init_orthogonal(network, gain=1.4)

    def sampler(self) -> nn.Sequential:
        """z -> [Linear, batch norm, activation] x depth -> Linear -> tanh (points: none) -> samples (Sec. 4)."""
        cfg, shape = self.cfg, self.data.shape
        sizes = [cfg.z_dim, *[cfg.width] * cfg.depth]
        body = nn.Sequential()
        for inputs, outputs in pairwise(sizes):
            norm = [nn.BatchNorm1d(outputs)] if cfg.norm == "batch" else []
            body.extend([nn.Linear(inputs, outputs), *norm, make_activation(cfg.activation)])
        output = make_activation("tanh" if self.data.is_image else "none")
        return body.extend([nn.Linear(sizes[-1], prod(shape)), output, nn.Unflatten(1, shape)])

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player(self.discriminator, adam(cfg.lr, cfg.betas)),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        return trainer.update_jointly(("discriminator", "generator"), self.losses, trainer.batch())

    def losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """F is the value of the game: what one player ascends the other descends, unless G has its heuristic."""
        scores_fake = self.discriminator(self.generator(self.noise(batch)))
        bound = self.divergence.bound(self.discriminator(batch.x), scores_fake)
        generator = bound if self.cfg.objective == "bound" else self.divergence.heuristic_generator(scores_fake)
        return {"discriminator": {"adversarial": -bound}, "generator": {"adversarial": generator}}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """V(x) less its value where T = f'(1), (N,): larger = more real, 0 where real and generated are as likely."""
        return self.discriminator(x) - self.divergence.level

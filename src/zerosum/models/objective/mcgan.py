"""McGan: Mean and Covariance Feature Matching GAN (Mroueh, Sercu and Goel, 2017), arXiv:1702.08398.

    IPM_mu(P, Q) = max_w max_(|v|_p <= 1) <v, E_P Phi_w - E_Q Phi_w> = max_w |E_P Phi_w - E_Q Phi_w|_q        Sec. 3
    IPM_Sigma(P, Q) = max_w max_(U, V) E_P <U^T Phi_w, V^T Phi_w> - E_Q <U^T Phi_w, V^T Phi_w>                Sec. 4
                    = max_w sum of the k largest singular values of E_P Phi_w Phi_w^T - E_Q Phi_w Phi_w^T
    critic:     ascends both in (v, U, V, w); then v is projected on the l_p ball, U and V on the matrices with k
                orthonormal columns by QR, and every weight of w on [-c, c]                              Algs. 1, 3
    generator:  descends -E <v, Phi(G(z))> - E <U^T Phi(G(z)), V^T Phi(G(z))>                            Algs. 1, 3

So the critic is a function f(x) = <v, Phi(x)> + <U^T Phi(x), V^T Phi(x)> of bounded features, and the game is WGAN's.

Players     critic (n_critic updates per step, 100 in the first 25 steps and every 500th, as in WGAN), generator.
Departures  Phi is a critic's body with a last layer of `features` outputs, not the last map of a convolution. Only the
            primal forms are trained; the dual ones, the norms above, are `losses.mean_ipm` and `covariance_ipm`.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Card, DataSpec, Game, LatentModel, UsageError, between, positive, register
from ...networks.features import Embedding
from ...networks.pairs import make_pair
from ...ops import to_ball, to_orthonormal
from ...penalties import clip_weights
from .wgan import WGAN


class Statistics(nn.Module):
    """f(x) = <v, Phi(x)> + <U^T Phi(x), V^T Phi(x)>; a part is left out where it is not asked for."""

    def __init__(self, features: nn.Module, size: int, match: str, components: int):
        super().__init__()
        self.features = features
        self.v = nn.Parameter(torch.randn(size) / size ** 0.5) if match != "covariance" else None
        self.U, self.V = (nn.Parameter(to_orthonormal(torch.randn(size, components))) if match != "mean" else None
                          for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Score x (N, *shape): (N,), float32."""
        phi = self.features(x)
        scores = phi.new_zeros(len(phi)) if self.v is None else phi @ self.v
        return scores if self.U is None else scores + ((phi @ self.U) * (phi @ self.V)).sum(1)

    @torch.no_grad()
    def project(self, p: float, clip: float) -> None:
        """Bring every parameter back to where it may be."""
        clip_weights(self.features, clip)
        if self.v is not None:
            self.v.copy_(to_ball(self.v, p))
        for matrix in (self.U, self.V):
            if matrix is not None:
                matrix.copy_(to_orthonormal(matrix))


@register
class McGan(WGAN):
    """The WGAN game with a critic that is linear and quadratic in bounded features."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        match: Literal["mean", "covariance", "both"] = "both"  # statistics of the features to match
        p: float = 2.0                       # of the ball |v|_p <= 1: 1, 2 or inf
        components: int = 16                 # k: columns of U and V
        features: int = 128                  # m: outputs of Phi
        n_critic: int = 5                    # critic updates per generator update
        warmup_critic: int = 100             # n_critic in the first warmup_steps steps and every refresh_every-th
        warmup_steps: int = 25               # 0: no warm-up
        refresh_every: int = 500             # 0: never
        clip: float = 0.01                   # c: every weight of Phi stays in [-c, c]
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get the MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan critic
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan; units of the MLP
        optimizer: Literal["rmsprop", "adam"] = "rmsprop"     # adam has betas .5, .999
        lr: float = 5e-5                     # learning rate of both players
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "components", "features", "n_critic", "warmup_critic", "clip", "width", "lr")
            between(self, 0, 1e9, "warmup_steps", "refresh_every", "ema")
            if self.p not in (1, 2, inf):
                raise UsageError(f"p must be 1, 2 or inf, not {self.p:g}")
            if self.components > self.features:
                raise UsageError(f"components must be at most features, {self.features}, not {self.components}")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "steps": 200_000},
        "small": {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "features": 64,
                  "n_critic": 3, "warmup_critic": 20, "lr": 1e-3, "batch_size": 64, "steps": 2_000, "ema": 20_000},
        "ring": {"data": "ring", "network": "mlp", "width": 128, "z_dim": 2, "features": 16, "components": 4,
                 "clip": 0.02, "lr": 1e-3, "warmup_steps": 0, "refresh_every": 0, "batch_size": 128, "steps": 1_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "features": 4, "components": 2,
                 "n_critic": 2, "warmup_steps": 1, "warmup_critic": 3, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="McGan: Mean and Covariance Feature Matching GAN", authors="Mroueh, Sercu, Goel", year=2017,
        arxiv="1702.08398",
        summary="The critic finds bounded features whose mean, covariance or both differ most between real and "
                "generated samples; with one feature and its mean it is WGAN.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="feature map with linear and quadratic readout", extra="none",
        objective="mean and covariance feature matching (IPM)",
        constraint="weight clipping, norm ball, orthonormal matrices",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.generator, critic = make_pair(cfg.network, cfg.z_dim, data.shape, cfg.width, cfg.norm,
                                           generator_norm=cfg.generator_norm)
        self.critic = Statistics(Embedding(critic, cfg.features), cfg.features, cfg.match, cfg.components)
        self.critic.project(cfg.p, cfg.clip)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithms 1 and 3
        for _ in range(self.critic_updates(trainer.step)):
            logs = trainer.update("critic", self.critic_loss, trainer.batch())
            self.critic.project(self.cfg.p, self.cfg.clip)
        return logs | trainer.update("generator", self.generator_loss, trainer.batch())

"""Unrolled GAN: Unrolled Generative Adversarial Networks (Metz et al., 2016), arXiv:1611.02163.

    f(theta_G, theta_D) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]                                      Eq. (4)
    theta_D^0 = theta_D,   theta_D^(k+1) = theta_D^k + eta df(theta_G, theta_D^k) / dtheta_D^k       Eqs. (6), (7)
    G descends f_K = f(theta_G, theta_D^K(theta_G, theta_D)), with what theta_D^K owes to theta_G:   Eqs. (9), (10)
    df_K/dtheta_G = df/dtheta_G + df/dtheta_D^K dtheta_D^K/dtheta_G                                  Eq. (12)
    D ascends f(theta_G, theta_D), one step from theta_D, not from theta_D^K                         Eq. (11)

Players     discriminator (one update per step), generator (g_steps updates; 10 make the max-min game, which collapses).
Departures  none from the authors' notebook, but that the players move in turn. As there, the K virtual steps go on from
            the present moments of D's Adam, on one batch and one draw of noise, and the derivative passes through Adam.
            Images get a tanh at the output. Of several processes, each looks ahead on its own share of the batch.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register, sgd
from ...layers import init_orthogonal
from ...losses import OBJECTIVES
from ...networks.mlp import MLPDiscriminator, MLPGenerator
from ...ops import Moments, adam_step, at_least_float32, sgd_step


class Point(NamedTuple):
    """Where virtual steps begin: all parameters of the discriminator as one vector, and Adam's moments of them."""

    theta: Tensor
    moments: Moments


@register
class UnrolledGAN(LatentModel):
    """The generator answers the discriminator that will be, K steps ahead, and not the one that is."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 256                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        unroll_steps: int = 5                # K: virtual steps of the discriminator (0: the plain saturating GAN)
        g_steps: int = 1                     # generator updates per discriminator update (10: the max-min game)
        width: int = 128                     # units of the hidden layers
        depth: int = 2                       # hidden layers of both players, tanh
        d_optimizer: Literal["adam", "sgd"] = "adam"          # what moves D, both really and virtually
        lr: float = 1e-3                     # Adam's learning rate of the generator
        d_lr: float = 1e-4                   # eta: learning rate of the discriminator, both real and virtual
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "g_steps", "width", "depth", "lr", "d_lr")
            between(self, 0, 1_000, "unroll_steps")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "ring", "batch_size": 512, "steps": 25_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "d_lr": 1e-3, "batch_size": 64, "steps": 6_000,
                  "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 32, "g_steps": 10, "d_lr": 1e-3, "batch_size": 128, "steps": 400},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 16, "unroll_steps": 2, "g_steps": 2,
                 "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Unrolled Generative Adversarial Networks", authors="Metz, Poole, Pfau, Sohl-Dickstein", year=2016,
        arxiv="1611.02163",
        summary="The generator's loss is that of the discriminator K steps ahead, differentiated through those steps: "
                "modes given up today would be punished tomorrow.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="MLP, tanh", discriminator="MLP, tanh", extra="none",
        objective="minimax (Jensen-Shannon), at a discriminator unrolled K steps", constraint="none",
        couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = OBJECTIVES["saturating"]            # -f and f of Eq. (4)
        same = {"width": cfg.width, "depth": cfg.depth, "activation": "tanh"}
        self.generator = MLPGenerator(cfg.z_dim, data.shape, output="tanh" if data.is_image else "none", **same)
        self.discriminator = MLPDiscriminator(data.shape, dropout=(0.0, 0.0), **same)
        for network in (self.generator, self.discriminator):
            init_orthogonal(network, gain=1.4)

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        d_optimizer = adam(cfg.d_lr, cfg.betas) if cfg.d_optimizer == "adam" else sgd(cfg.d_lr)
        return {"discriminator": Player(self.discriminator, d_optimizer),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)                       # Eq. (11)
        start = self.present(trainer.optimizer_state("discriminator"))
        for _ in range(self.cfg.g_steps):                                                            # Eq. (10)
            logs |= trainer.update("generator", partial(self.generator_loss, start=start), batch, second_order=True)
        return logs

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x), self.discriminator(x_fake))}

    def generator_loss(self, batch: Batch, start: Point) -> dict[str, Tensor]:
        x_fake = at_least_float32(self.generator(self.noise(batch)))
        # As penalties do, what differentiates through gradients leaves autocast.
        with torch.autocast(x_fake.device.type, enabled=False):
            both = torch.cat([batch.x, x_fake])              # judged in one pass, which is half the overhead
            return {"adversarial": -self.loss_at(self.unroll(start, both), both)}

    def present(self, state: dict[str, Tensor]) -> Point:
        """theta_D, and the moments of D's Adam as the engine has them; zeros before its first step."""
        parameters = list(self.discriminator.parameters())

        def flat(slot: str) -> Tensor:
            return torch.cat([state.get(f"{i}.{slot}", torch.zeros_like(parameter)).flatten()
                              for i, parameter in enumerate(parameters)])

        theta = torch.cat([parameter.detach().flatten() for parameter in parameters])
        return Point(theta, Moments(int(state.get("0.step", 0)), flat("exp_avg"), flat("exp_avg_sq")))

    def unroll(self, start: Point, both: Tensor) -> Tensor:
        """theta_D^K, a vector that can be differentiated by the fake half of `both`, and so by theta_G (Eqs. 6, 7)."""
        cfg, theta, moments = self.cfg, start.theta.detach().requires_grad_(), start.moments
        for _ in range(cfg.unroll_steps):
            grad, = torch.autograd.grad(self.loss_at(theta, both), theta, create_graph=True)
            if cfg.d_optimizer == "adam":
                theta, moments = adam_step(theta, grad, moments, lr=cfg.d_lr, betas=cfg.betas)
            else:
                theta = sgd_step(theta, grad, cfg.d_lr)
        return theta

    def loss_at(self, theta: Tensor, both: Tensor) -> Tensor:
        """-f(theta_G, theta), what D would descend with its parameters in the vector theta; its own do not move."""
        own = dict(self.discriminator.named_parameters())
        parts = theta.split([p.numel() for p in own.values()])
        named = {name: part.view_as(own[name]) for name, part in zip(own, parts, strict=True)}
        return self.objective.discriminator(*torch.func.functional_call(self.discriminator, named, (both,)).chunk(2))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

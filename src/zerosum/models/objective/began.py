"""BEGAN: Boundary Equilibrium Generative Adversarial Networks (Berthelot et al., 2017), arXiv:1703.10717.

    L(v) = |v - D(v)|,  D an auto-encoder                                                            Sec. 3.1
    L_D = L(x) - k_t L(G(z_D)),   L_G = L(G(z_G))                                                    Sec. 3.4
    k_{t+1} = k_t + lambda_k (gamma L(x) - L(G(z_G))), kept in [0, 1],  k_0 = 0                      Sec. 3.4
    M = L(x) + |gamma L(x) - L(G(z_G))|                                                              Sec. 3.4.1

The two losses are distributions of energies, whose means the players pull apart and together (a bound of their
Wasserstein distance). Proportional control of k holds E[L(G(z))] at gamma E[L(x)]: a small gamma asks for fidelity, a
large one for diversity. M says how far the training is.

Players     discriminator (one update per step), generator (one update, on fresh noise).
Departures  The generator moves after the discriminator, not at once with it, and ends in a tanh, since images lie in
            [-1, 1]. None of the skip connections that the paper calls optional (Sec. 3.5.1). "M stalls" is: its mean
            over `patience` steps did not fall by 1 %. The fully connected networks are ours, for small images and
            points; on points the generator collapses, since an auto-encoder of two numbers reconstructs too much.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Optimizer, Player, adam, between, positive, register
from ...layers import init_glorot
from ...networks.autoencoder import ELUDecoder, bottleneck_autoencoder, elu_autoencoder
from ...networks.mlp import MLPGenerator
from .ebgan import EBGAN

STALLED = 0.99                               # a window's mean of M, over that of the window before


@register
class BEGAN(EBGAN):
    """A generator and an auto-encoder, held in balance by a controller."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 64                      # numbers in z, and in the auto-encoder's codes
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        gamma: float = 0.5                   # L(G(z)) / L(x) to be held: small for fidelity, large for diversity
        k_gain: float = 1e-3                 # lambda_k: gain of the controller (0: k stays 0)
        network: Literal["conv", "mlp"] = "conv"              # of both players; points always get the mlp
        width: int = 128                     # maps of the conv, units of the mlp
        depth: int = 3                       # hidden layers of the mlp: generator, encoder and decoder each
        lr: float = 1e-4                     # Adam's learning rate of the generator, halved where M stalls
        d_lr: float = 1e-4                   # and that of the discriminator
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        patience: int = 100_000              # steps over which M is averaged to see whether it stalls
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "depth", "lr", "d_lr", "patience")
            between(self, 0, 1, "gamma", "k_gain")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 16, "steps": 500_000},
        "small": {"data": "digits", "image_size": 8, "network": "mlp", "depth": 1, "z_dim": 16, "prior": "normal",
                  "gamma": 0.7, "k_gain": 0.05, "lr": 5e-4, "d_lr": 5e-4, "patience": 250, "batch_size": 64,
                  "steps": 2_500, "ema": 8_000},
        "ring": {"data": "ring", "z_dim": 1, "depth": 2, "gamma": 0.7, "k_gain": 0.05, "lr": 1e-3, "d_lr": 1e-3,
                 "patience": 500, "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 16, "z_dim": 8, "width": 8, "patience": 2, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="BEGAN: Boundary Equilibrium Generative Adversarial Networks", authors="Berthelot, Schumm, Metz",
        year=2017, arxiv="1703.10717",
        summary="The discriminator is an auto-encoder; a controller holds the energy of generated samples at a chosen "
                "share of that of real ones, and with it the trade of diversity for fidelity.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="convolutional, ELU and nearest upsampling, or MLP",
        discriminator="auto-encoder, convolutional or fully connected", extra="none",
        objective="difference of mean energies (Wasserstein between their distributions)",
        constraint="equilibrium: L(G(z)) = gamma L(x)",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.generator, self.discriminator = self.networks()
        # As in carpedm20/BEGAN-tensorflow. PyTorch's smaller weights make a generator that begins nearly constant in z,
        # and D, with k = 0 at first, has nothing against that.
        for network in (self.generator, self.discriminator):
            init_glorot(network)
        # State of the game: buffers, so that it is saved and resumed with the networks.
        for name in ("k", "measured", "measured_before", "halvings"):
            self.register_buffer(name, torch.zeros(()))

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Build generator and auto-encoder."""
        cfg, shape = self.cfg, self.data.shape
        if self.data.is_image and cfg.network == "conv":
            return (nn.Sequential(ELUDecoder(cfg.z_dim, shape, cfg.width), nn.Tanh()),
                    elu_autoencoder(shape, cfg.width, cfg.z_dim))
        generator = MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=cfg.depth, activation="elu",
                                 output="tanh" if self.data.is_image else "none")
        return generator, bottleneck_autoencoder(shape, cfg.width, cfg.z_dim, cfg.depth, "elu")

    def players(self) -> dict[str, Player]:
        def player(network: nn.Module, lr: float, ema: float = 0.0) -> Player:
            return Player(network, adam(lr, self.cfg.betas), ema=ema, schedule=partial(self.halve, lr))

        return {"discriminator": player(self.discriminator, self.cfg.d_lr),
                "generator": player(self.generator, self.cfg.lr, self.cfg.ema)}

    def halve(self, lr: float, optimizer: Optimizer, step: int, images: int) -> None:
        """Set the learning rate: that of the start, halved as often as the training stalled."""
        optimizer.lr = lr * 0.5 ** int(self.halvings)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        logs |= trainer.update("generator", self.generator_loss, batch)
        # What `update` returns is averaged over all processes: each has the same k.
        real, fake = logs["discriminator/reconstruction"], logs["generator/adversarial"]
        measure = self.control(real, fake)
        self.watch(measure, trainer.step)
        return logs | {"k": self.k.clone(), "measure": measure}

    def control(self, real: Tensor, fake: Tensor) -> Tensor:
        """Move k by the mean energies L(x) and L(G(z_G)); returns M."""
        balance = self.cfg.gamma * real - fake
        self.k.add_(self.cfg.k_gain * balance).clamp_(0, 1)
        return real + balance.abs()

    def watch(self, measure: Tensor, step: int) -> None:
        """Count a halving of the learning rate wherever the mean of M over `patience` steps has stalled."""
        self.measured.add_(measure)
        if (step + 1) % self.cfg.patience:
            return
        if step >= self.cfg.patience:
            self.halvings.add_((self.measured > STALLED * self.measured_before).float())
        self.measured_before.copy_(self.measured)
        self.measured.zero_()

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))
        return {"reconstruction": self.discriminator(batch.x).energy.mean(),
                "adversarial": -self.k * self.discriminator(x_fake).energy.mean()}

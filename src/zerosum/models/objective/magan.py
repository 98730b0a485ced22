"""MAGAN: Margin Adaptation for Generative Adversarial Networks (Wang et al., 2017), arXiv:1704.03817.

    pre-training: D descends E_x[D(x)] for two epochs, then m_0 = E_x[D(x)]                          Alg. 1
    L_D = D(x) + max(0, m_t - D(G(z))),   L_G = D(G(z))                                              Sec. 3
    after epoch t:  m_{t+1} = E_x[D(x)]  if  E_x[D(x)] < m_t,  E_x[D(x)] < E_z[D(G(z))]
                    and E_z[D(G(z))] did not fall since epoch t - 1;  else  m_{t+1} = m_t            Alg. 1

EBGAN whose margin follows the energy of real samples down: a fixed margin is soon far above it, and then D spends
itself on generated samples that the generator could not make better.

Players     discriminator (alone in the epochs of pre-training, then one update per step), generator (one update).
Departures  Adam in place of Adamax. An epoch is a number of steps. E_x[D(x)] is the mean over the epoch just trained,
            for m_0 too. Networks and energy are EBGAN's here.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ...core import Batch, DataSpec, Game, LatentModel, between, positive, register
from .ebgan import EBGAN


def next_margin(margin: Tensor, real: Tensor, fake: Tensor, fake_before: Tensor) -> Tensor:
    """m_{t+1} from m_t, the epoch's mean energies, and that of generated samples the epoch before (Alg. 1)."""
    falls = (real < margin) & (real < fake) & (fake_before <= fake)
    return torch.where(falls, real, margin)


@register
class MAGAN(EBGAN):
    """EBGAN with a margin that comes down with the energy of real samples."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 50                      # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ U(-1, 1) or N(0, I)
        pretrain: int = 1_874                # steps in which D alone learns to reconstruct real samples: two epochs
        epoch: int = 937                     # steps between looks at the margin (60,000 samples in batches of 64)
        adaptive: bool = True                # whether the margin follows; false: it stays at m_0
        network: Literal["mlp", "conv"] = "conv"              # of both players; points always get a tanh MLP
        width: int = 512                     # maps of the generator at 4x4, or units of its hidden layers
        depth: int = 3                       # hidden layers of the mlp generator
        d_width: int = 64                    # maps of the encoder's first layer, or units of its layers
        d_depth: int = 3                     # layers of the mlp encoder; the decoder is one linear layer
        lr: float = 5e-4                     # Adam's learning rate of both players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "epoch", "pretrain", "width", "depth", "d_width", "d_depth", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "image_size": 32, "batch_size": 64, "steps": 50_000},
        # Epochs of the 1,350 digits; a third as many codes as pixels, as the paper's 256 for MNIST: with more codes
        # than pixels D learns the identity, and the margin follows its energy to 0.
        "small": {"data": "digits", "image_size": 8, "z_dim": 64, "prior": "normal", "pretrain": 42, "epoch": 21,
                  "network": "mlp", "width": 128, "depth": 2, "d_width": 21, "d_depth": 2, "lr": 1e-3,
                  "batch_size": 64, "steps": 5_000, "ema": 8_000},
        "ring": {"data": "ring", "z_dim": 32, "prior": "normal", "pretrain": 8, "epoch": 400, "width": 128,
                 "depth": 2, "d_width": 128, "d_depth": 2, "lr": 1e-3, "batch_size": 128, "steps": 2_500},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "pretrain": 1, "epoch": 2, "width": 16, "d_width": 8,
                 "batch_size": 8, "steps": 4},
    }

    card = replace(
        EBGAN.card, title="MAGAN: Margin Adaptation for Generative Adversarial Networks",
        authors="Wang, Cully, Chang, Demiris", year=2017, arxiv="1704.03817",
        summary="EBGAN whose margin starts at the energy of real samples after pre-training and follows it down, "
                "whenever the generator has stopped gaining.",
        objective="energy with an adaptive margin", constraint="margin, non-increasing",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        LatentModel.__init__(self, cfg, data)
        self.generator, self.discriminator = self.networks()
        # State of the game: buffers, so that it is saved and resumed with the networks. No epoch went before the first.
        for name, value in (("margin", 0.0), ("real_energy", 0.0), ("fake_energy", 0.0),
                            ("fake_before", torch.finfo(torch.float32).max)):
            self.register_buffer(name, torch.tensor(value))

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        played = trainer.step + 1 - self.cfg.pretrain        # rounds of the game, this one included
        if played <= 0:
            logs = trainer.update("discriminator", self.reconstruction_loss, trainer.batch())
            self.settle(logs["discriminator/reconstruction"], played)
        else:
            logs = super().train_step(trainer)
            self.adapt(logs["discriminator/reconstruction"], logs["generator/adversarial"], played)
        # What `update` returns is averaged over all processes: each has the same margin.
        return logs | {"margin": self.margin.clone()}

    def settle(self, real: Tensor, played: int) -> None:
        """Make m_0 the mean energy of real samples over the second half of pre-training, which ends at played = 0."""
        counted = (self.cfg.pretrain + 1) // 2
        if played > -counted:
            self.margin.add_(real / counted)

    def adapt(self, real: Tensor, fake: Tensor, played: int) -> None:
        """Add up the mean energies of an epoch; at its end let the margin follow."""
        self.real_energy.add_(real / self.cfg.epoch)
        self.fake_energy.add_(fake / self.cfg.epoch)
        if played % self.cfg.epoch:
            return
        if self.cfg.adaptive:
            self.margin.copy_(next_margin(self.margin, self.real_energy, self.fake_energy, self.fake_before))
        self.fake_before.copy_(self.fake_energy)
        self.real_energy.zero_()
        self.fake_energy.zero_()

    def reconstruction_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"reconstruction": self.discriminator(batch.x).energy.mean()}

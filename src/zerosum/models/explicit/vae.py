"""VAE: Auto-Encoding Variational Bayes (Kingma and Welling, 2013), arXiv:1312.6114.

    log p(x) >= ELBO = E_q(z|x)[log p(x|z)] - KL(q(z|x) || N(0, I))                                  Eq. (3)
    KL = -1/2 sum_j (1 + log s_j^2 - m_j^2 - s_j^2),   q(z|x) = N(m, s^2)                            App. B
    z = m + s eps,   eps ~ N(0, I)                                                                   Sec. 2.4
    beta > 1, beta-VAE (Higgins et al., ICLR 2017):   E_q(z|x)[log p(x|z)] - beta KL(q(z|x) || N(0, I))

With beta > 1 a number of z is used only where it pays, which tends to give factors of the data a number each.

Players     model (encoder and decoder move together down -ELBO).
Departures  no weight decay (the paper's prior on weights). Adam may replace Adagrad.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adagrad, adam, between, positive, register
from ...networks.mlp import MLPGenerator


class Encoder(nn.Module):
    """x -> hidden tanh -> mean and log-variance of q(z|x) (App. C.2)."""

    def __init__(self, size: int, z_dim: int, width: int, activation: nn.Module):
        super().__init__()
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(size, width), activation)
        self.mean, self.log_variance = nn.Linear(width, z_dim), nn.Linear(width, z_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (N, ...) to the mean and log-variance of q(z|x), each (N, z_dim)."""
        h = self.hidden(x)
        return self.mean(h), self.log_variance(h)


@register
class VAE(LatentModel):
    """An encoder and a decoder, trained on a lower bound of the likelihood."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 20                      # numbers in z
        prior: Literal["normal"] = "normal"  # z ~ N(0, I)
        width: int = 500                     # hidden units of encoder and decoder
        likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"   # p(x|z); gaussian learns its variance
        beta: float = 1.0                    # weight of the KL divergence; above 1 it is beta-VAE
        optimizer: Literal["adagrad", "adam"] = "adagrad"     # adagrad is the paper's
        lr: float = 0.01                     # learning rate
        ema: float = 0.0                     # half-life of the moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "beta", "lr")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 100, "images": 100_000_000},
        "small": {"data": "digits", "image_size": 8, "z_dim": 32, "width": 512, "likelihood": "gaussian",
                  "optimizer": "adam", "lr": 1e-3, "batch_size": 64, "steps": 3_000, "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 4, "width": 16, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Auto-Encoding Variational Bayes", authors="Kingma, Welling", year=2013, arxiv="1312.6114",
        summary="A likelihood model: encoder and decoder maximise a lower bound of log p(x) by reparameterisation.",
        tasks=("generation", "density-estimation", "reconstruction"), structure="other", density="approximate",
        generator="decoder, MLP", discriminator="none", extra="encoder, MLP",
        objective="evidence lower bound", constraint="KL divergence to the prior",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.encoder = Encoder(data.size, cfg.z_dim, cfg.width, nn.Tanh())
        self.decoder = MLPGenerator(cfg.z_dim, data.shape, width=cfg.width, depth=1, activation="tanh", output="none")
        self.log_sigma = nn.Parameter(torch.tensor(-1.0))     # of p(x|z); unused under Bernoulli

    def players(self) -> dict[str, Player]:
        opt = adagrad(self.cfg.lr) if self.cfg.optimizer == "adagrad" else adam(self.cfg.lr)
        return {"model": Player(self, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1, L = 1
        return trainer.update("model", self.loss, trainer.batch())

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        mean, log_variance = self.encoder(batch.x)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return {"reconstruction": -self.log_likelihood(batch.x, z).mean(),
                "kl": self.cfg.beta * self.kl(mean, log_variance).mean()}

    @staticmethod
    def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
        """KL(N(mean, e^log_variance) || N(0, I)) of each sample, (N,) in nats (App. B)."""
        return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats, (N,): of pixels scaled to [0, 1] under Bernoulli, of x itself under the Gaussian."""
        output = self.decoder(z).float()
        if self.cfg.likelihood == "bernoulli":
            return -binary_cross_entropy_with_logits(output, (x + 1) / 2, reduction="none").flatten(1).sum(1)
        error = ((x - self._mean(output)) / self.log_sigma.exp()).square().flatten(1).sum(1)
        return -0.5 * error - x[0].numel() * (self.log_sigma + 0.5 * math.log(2 * math.pi))

    def _mean(self, output: Tensor) -> Tensor:
        """The mean of p(x|z) in the range of the data."""
        if self.cfg.likelihood == "bernoulli":
            return torch.sigmoid(output) * 2 - 1
        return torch.tanh(output) if self.data.is_image else output

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) to the mean of p(x|z), (N, *shape)."""
        return self._mean(self.decoder(z))

    def encode(self, x: Tensor) -> Tensor:
        """The mean of q(z|x), (N, z_dim)."""
        return self.encoder(x)[0]

    def reconstruct(self, x: Tensor) -> Tensor:
        """Decode the mean of q(z|x): like x."""
        return self.generate(self.encode(x))

    @torch.no_grad()
    def log_prob(self, x: Tensor, importance_samples: int = 1) -> Tensor:
        """A lower bound of log p(x) in nats, (N,): the ELBO, or with more samples the tighter IWAE (1509.00519)."""
        mean, log_variance = self.encoder(x)
        if importance_samples == 1:
            z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            return self.log_likelihood(x, z) - self.kl(mean, log_variance)
        weights = []
        for _ in range(importance_samples):
            noise = torch.randn_like(mean)
            z = mean + torch.exp(log_variance / 2) * noise
            log_ratio = 0.5 * (noise.square() - z.square() + log_variance).sum(1)     # log p(z) - log q(z|x)
            weights.append(self.log_likelihood(x, z) + log_ratio)
        return torch.logsumexp(torch.stack(weights), 0) - math.log(importance_samples)

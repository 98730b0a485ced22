"""BiGAN: Adversarial Feature Learning (Donahue, Krähenbühl and Darrell, 2016), arXiv:1605.09782.

    V(D, E, G) = E_x[log D(x, E(x))] + E_z[log(1 - D(G(z), z))]                                      Eq. (2), (3)
    D ascends V;   E descends -E_x[log(1 - D(x, E(x)))],   G descends -E_z[log D(G(z), z)]           Sec. 3.4
    encoder = gaussian:  E(x) = m(x) + s(x) eps,   eps ~ N(0, I)                     ALI, 1606.00704, Sec. 2.1, 2.2

D is shown pairs, and says whether a code was read off an image or an image made of a code. Where it cannot tell, the
two joint laws are one, and E inverts G; no term compares x with G(E(x)). E and G descend D's loss with the labels
swapped. BiGAN's encoder is deterministic; that of ALI, the same game by Dumoulin et al. in the same year, is Gaussian.

Players     discriminator; then, in one joint update at the same point, encoder and generator.
Departures  no weight decay (2.5e-5), no decaying rate. D joins its branches for x and z, as ALI's does, where BiGAN's
            perceptron takes z into every layer. The perceptrons have three hidden layers, not two, and no batch norm;
            ALI's networks are DCGAN's. G is deterministic. Points get two hidden tanh layers in each network.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import OBJECTIVES, binary_cross_entropy
from ...networks.coders import coders_of
from ...networks.features import Apart, before_the_score
from ...networks.mlp import MLPDiscriminator
from ...networks.pairs import pair_of


class PairDiscriminator(nn.Module):
    """(x, z) -> a branch for each -> their features side by side -> hidden layer -> score.

    The branch of x is `network` without its last layer, that of z has two hidden layers; `width` and `dropout` are of
    that branch and of the joint layer.
    """

    def __init__(self, network: Apart, z_dim: int, width: int, dropout: float):
        super().__init__()
        options = {"width": width, "activation": "leaky-relu", "dropout": (0.0, dropout)}
        self.x_branch, last = before_the_score(network)
        self.z_branch, _ = before_the_score(MLPDiscriminator((z_dim,), depth=2, **options))
        self.joint = MLPDiscriminator((last.weight[0].numel() + width,), depth=1, **options)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Score pairs of x (N, *shape) and z (N, z_dim): (N,), float32, larger = more like (x, E(x))."""
        return self.joint(torch.cat([self.x_branch(x), self.z_branch(z)], 1))


@register
class BiGAN(LatentModel):
    """A GAN of pairs: an encoder learns the inverse of the generator without ever comparing images."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 50                      # numbers in z
        prior: Literal["normal", "uniform"] = "uniform"       # z ~ N(0, I) or U(-1, 1)
        encoder: Literal["deterministic", "gaussian"] = "deterministic"      # BiGAN's, or ALI's
        pair_width: int = 1024               # units of D's branch for z, and of its layer for pairs
        dropout: float = 0.0                 # share of these units dropped
        network: Literal["dcgan", "mlp"] = "mlp"              # of all players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator and encoder
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 1024                    # units of an MLP, maps at 4x4 of the dcgan
        lr: float = 2e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the averages of encoder and generator in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "pair_width", "width", "lr")
            between(self, 0, 0.999, "dropout", "betas")
            between(self, 0, 1e9, "ema")

    SMALL = {"data": "digits", "image_size": 8, "network": "dcgan", "norm": "none", "z_dim": 8, "width": 32,
             "pair_width": 256, "dropout": 0.2, "lr": 1e-3, "batch_size": 64, "steps": 2_000, "ema": 20_000}
    ALI = {"encoder": "gaussian", "prior": "normal", "dropout": 0.2}
    PRESETS = {
        "paper": {"data": "digits", "batch_size": 128, "images": 20_000_000},
        "ali-paper": {"data": "photos", "image_size": 64, "network": "dcgan", "z_dim": 256, "width": 512, "lr": 1e-4,
                      "batch_size": 100, "images": 20_000_000} | ALI,
        "small": SMALL,
        "ali": SMALL | ALI,
        "ring": {"data": "ring", "z_dim": 16, "prior": "normal", "width": 128, "pair_width": 128, "dropout": 0.2,
                 "lr": 1e-3, "batch_size": 128, "steps": 2_000, "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 4, "width": 16, "pair_width": 8, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="Adversarial Feature Learning", authors="Donahue, Krähenbühl, Darrell", year=2016, arxiv="1605.09782",
        summary="The discriminator judges pairs of image and code, so that an encoder learns to invert the generator "
                "without any reconstruction term; with a Gaussian encoder it is ALI.",
        tasks=("generation", "reconstruction"), structure="direct", density="implicit",
        generator="MLP or DCGAN", discriminator="of pairs, a branch each for image and code", extra="encoder",
        objective="non-saturating GAN of pairs", constraint="none",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = OBJECTIVES["non-saturating"]
        gaussian = cfg.encoder == "gaussian"
        self.encoder, self.generator = coders_of(cfg, data.shape, 2 * cfg.z_dim if gaussian else cfg.z_dim)
        self.discriminator = PairDiscriminator(pair_of(cfg, data.shape)[1], cfg.z_dim, cfg.pair_width, cfg.dropout)

    def players(self) -> dict[str, Player]:
        opt, ema = adam(self.cfg.lr, self.cfg.betas), self.cfg.ema
        return {"discriminator": Player(self.discriminator, opt), "encoder": Player(self.encoder, opt, ema=ema),
                "generator": Player(self.generator, opt, ema=ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        return (trainer.update("discriminator", self.discriminator_loss, batch)
                | trainer.update_jointly(["encoder", "generator"], self.swapped_losses, batch))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.objective.discriminator(*self.pairs(batch))}

    def swapped_losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """What D descends, with the labels of both kinds of pairs exchanged."""
        scores_encoded, scores_generated = self.pairs(batch)
        return {"encoder": {"adversarial": binary_cross_entropy(scores_encoded, 0.0)},
                "generator": {"adversarial": self.objective.generator(scores_generated)}}

    def pairs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The scores of (x, E(x)), which D is to call real, and of (G(z), z), each (N,)."""
        z = self.noise(batch)
        return self.discriminator(batch.x, self.code(batch.x)), self.discriminator(self.generator(z), z)

    def code(self, x: Tensor) -> Tensor:
        """A code of x as the game sees it, (N, z_dim): E(x), or a draw from the Gaussian q(z|x)."""
        if self.cfg.encoder == "deterministic":
            return self.encoder(x)
        mean, log_variance = self.encoder(x).chunk(2, 1)
        return mean + torch.exp(log_variance / 2) * torch.randn_like(mean)

    def encode(self, x: Tensor) -> Tensor:
        """The code E(x), (N, z_dim): of a Gaussian encoder the mean."""
        return self.encoder(x)[:, :self.cfg.z_dim]

    def reconstruct(self, x: Tensor) -> Tensor:
        """G(E(x)), which no term of the game compares with x: like x."""
        return self.generator(self.encode(x))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """D(x, E(x)), the logits of x with its own code, (N,): larger = more real."""
        return self.discriminator(x, self.encode(x))

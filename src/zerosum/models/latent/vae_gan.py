"""VAE/GAN: Autoencoding beyond pixels using a learned similarity metric (Larsen et al., 2015), arXiv:1512.09300.

    L_prior = KL(q(z|x) || N(0, I)),   q(z|x) = Enc(x)                                               Sec. 2.1
    L_llike = -E_q[log N(Dis_l(x) | Dis_l(x~), I)],   x~ = Dec(z),   z ~ q(z|x)                      Sec. 2.3
    L_GAN   = -log Dis(x) - log(1 - Dis(x~)) - log(1 - Dis(x_p)),   x_p = Dec(z_p),   z_p ~ N(0, I)  Sec. 2.3
    Enc descends L_prior + L_llike,   Dec  gamma L_llike - L_GAN,   Dis  L_GAN                       Alg. 1

Likeness is measured in a hidden layer of the discriminator instead of in pixels; but L_llike moves no discriminator,
which would make all features equal, and L_GAN no encoder.

Players     encoder, and, in one joint update at the same point, decoder and discriminator; who of these two is ahead
            waits (`balance`), judged by the losses of the same samples.
Departures  The networks are DCGAN's, with the last hidden layer for l, or those of the VAE here; no weight decay, no
            decaying rate. As in the authors' code, Dec descends -L_GAN itself (`saturating`). The GAN term of Dec has
            the paper's weight 1, not the code's 1 - gamma. Points get two hidden tanh layers in each network.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, between, positive, register, rmsprop
from ...losses import (
    OBJECTIVES,
    Policy,
    Standing,
    accuracy_below,
    always,
    binary_cross_entropy,
    loss_margin,
    standing,
)
from ...networks.dcgan import DCGANDiscriminator
from ...networks.features import FeatureDiscriminator
from ...networks.mlp import MLPDiscriminator, MLPGenerator
from ...networks.pairs import make_pair, toy_pair
from ..explicit.vae import VAE


class Encoder(nn.Module):
    """x -> the hidden layers of a discriminator -> mean and log-variance of q(z|x)."""

    def __init__(self, network: MLPDiscriminator | DCGANDiscriminator, z_dim: int):
        super().__init__()
        cut = FeatureDiscriminator(network)
        self.hidden, width = cut.trunk, cut.head.in_features
        self.mean, self.log_variance = nn.Linear(width, z_dim), nn.Linear(width, z_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map x (N, *shape) to the mean and log-variance of q(z|x), each (N, z_dim), float32."""
        h = self.hidden(x)
        return self.mean(h).float(), self.log_variance(h).float()


@register
class VAEGAN(LatentModel):
    """A VAE whose likelihood is of the features of a discriminator, and whose decoder is a GAN's generator."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal"] = "normal"  # z ~ N(0, I)
        similarity: Literal["features", "pixels"] = "features"      # where x and its reconstruction are compared
        gamma: float = 1e-2                  # weight of the reconstruction, against the GAN, in the decoder's loss
        objective: Literal["saturating", "non-saturating"] = "saturating"     # of the decoder
        balance: Literal["loss-margin", "accuracy", "always"] = "loss-margin"   # who sits a round out
        equilibrium: float = 0.68            # of the discriminator's two losses
        margin: float = 0.4                  # how far off a loss may be before the player that is ahead waits
        accuracy: float = 0.8                # balance accuracy: how often D may be right before it waits
        network: Literal["dcgan", "mlp"] = "dcgan"            # of all players; mlp: encoder and decoder of the VAE
        norm: Literal["batch", "none"] = "batch"              # of the dcgan networks
        width: int = 256                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 3e-4                     # RMSProp's learning rate
        ema: float = 0.0                     # half-life of the moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "gamma", "equilibrium", "margin", "width", "lr")
            between(self, 0, 1, "accuracy")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "images": 9_600_000},
        "small": {"data": "digits", "image_size": 16, "z_dim": 32, "width": 64, "batch_size": 64, "steps": 3_000,
                  "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 2, "width": 128, "lr": 1e-3, "batch_size": 128, "steps": 1_500},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 4, "width": 16, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Autoencoding beyond pixels using a learned similarity metric",
        authors="Larsen, Sønderby, Larochelle, Winther", year=2015, arxiv="1512.09300",
        summary="A VAE and a GAN share the decoder; reconstructions are compared in the discriminator's features, a "
                "similarity that is learned, instead of pixel by pixel.",
        tasks=("generation", "reconstruction"), structure="direct", density="implicit",
        generator="decoder, DCGAN or MLP", discriminator="DCGAN or MLP", extra="encoder, DCGAN or MLP",
        objective="minimax (Jensen-Shannon), feature reconstruction",
        constraint="KL divergence to the prior; the player ahead waits",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = OBJECTIVES[cfg.objective]
        self.policy: Policy = {"loss-margin": loss_margin(cfg.equilibrium, cfg.margin),
                               "accuracy": accuracy_below(cfg.accuracy), "always": always}[cfg.balance]
        encoder, self.decoder, discriminator = self.networks()
        self.encoder, self.discriminator = Encoder(encoder, cfg.z_dim), FeatureDiscriminator(discriminator)

    def networks(self) -> tuple[nn.Module, nn.Module, nn.Module]:
        """What becomes the encoder, the decoder, and what becomes the discriminator."""
        cfg, shape = self.cfg, self.data.shape
        tanh = {"width": cfg.width, "activation": "tanh", "dropout": (0.0, 0.0)}
        if not self.data.is_image:
            return MLPDiscriminator(shape, depth=2, **tanh), *toy_pair(cfg.z_dim, shape, cfg.width)
        decoder, discriminator = make_pair(cfg.network, cfg.z_dim, shape, cfg.width, cfg.norm, generator_norm=cfg.norm)
        if cfg.network == "mlp":
            decoder = MLPGenerator(cfg.z_dim, shape, width=cfg.width, depth=1, activation="tanh", output="tanh")
            return MLPDiscriminator(shape, depth=1, **tanh), decoder, discriminator
        return DCGANDiscriminator(shape[1:], shape[0], cfg.width, cfg.norm), decoder, discriminator

    def players(self) -> dict[str, Player]:
        opt, ema = rmsprop(self.cfg.lr, alpha=0.9), self.cfg.ema
        return {"encoder": Player(self.encoder, opt, ema=ema), "decoder": Player(self.decoder, opt, ema=ema),
                "discriminator": Player(self.discriminator, opt)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        logs = trainer.update("encoder", self.encoder_loss, batch)
        # A game that only writes down who moves hands out no terms.
        now = Standing(*(float(logs[f"encoder/{name}"]) for name in Standing._fields)) if logs else Standing()
        moves = self.policy(now)
        free = {"decoder": moves.generator, "discriminator": moves.discriminator}
        return logs | trainer.update_jointly([name for name, may in free.items() if may], self.joint_losses, batch)

    def encoder_loss(self, batch: Batch) -> dict[str, Tensor]:
        """L_prior + L_llike; and, to be averaged over processes like a term, how the discriminator stands."""
        mean, log_variance = self.encoder(batch.x)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        z_prior = self.noise(batch)
        batch.keep(z=z, z_prior=z_prior)
        likeness, real, *fakes = self.compare(batch.x, z, z_prior)
        return {"kl": VAE.kl(mean, log_variance).mean(), "reconstruction": likeness,
                **standing(real, torch.cat(fakes))}          # constants: the gradient is of the two before

    def joint_losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        """gamma L_llike - L_GAN, and L_GAN, on the samples that the encoder's update saw."""
        likeness, real, *fakes = self.compare(batch.x, batch.z, batch.z_prior)
        return {"decoder": {"reconstruction": self.cfg.gamma * likeness,
                            "adversarial": sum(self.objective.generator(scores) for scores in fakes)},
                "discriminator": {"adversarial": binary_cross_entropy(real, 1.0)
                                  + sum(binary_cross_entropy(scores, 0.0) for scores in fakes)}}

    def compare(self, x: Tensor, z: Tensor, z_prior: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """L_llike up to its constant, a scalar, and the scores of x, Dec(z) and Dec(z_prior), each (N,)."""
        samples = x, self.decoder(z), self.decoder(z_prior)
        features = [self.discriminator.features(each) for each in samples]
        one, other, _ = samples if self.cfg.similarity == "pixels" else features
        likeness = 0.5 * (one - other).float().square().flatten(1).sum(1).mean()
        return likeness, *map(self.discriminator.judge, features)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim) to samples (N, *shape)."""
        return self.decoder(z)

    def encode(self, x: Tensor) -> Tensor:
        """The mean of q(z|x), (N, z_dim)."""
        return self.encoder(x)[0]

    def reconstruct(self, x: Tensor) -> Tensor:
        """Decode the mean of q(z|x): like x."""
        return self.generate(self.encode(x))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

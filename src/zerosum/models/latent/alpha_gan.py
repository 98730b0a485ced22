"""alpha-GAN: Variational Approaches for Auto-Encoding Generative Adversarial Networks (Rosca et al., 2017),
arXiv:1706.04987.

    R(s) = -log D + log(1 - D) = -s,   D = sigmoid(s)                                                Sec. 3.3
    E descends  lambda |x - G(E(x))|_1 + R(C(E(x)))
    G descends  lambda |x - G(E(x))|_1 + R(D(G(E(x)))) + R(D(G(z)))
    D descends  -log D(x) - log(1 - D(G(E(x)))) - log(1 - D(G(z)))
    C descends  -log C(z) - log(1 - C(E(x))),   z ~ N(0, I)                                          Alg. 1

The VAE's bound with both of its densities replaced by ratios that classifiers estimate: C stands for the KL divergence
of the codes from the prior, D for the likelihood beside the L1 error. So no law of the codes is assumed but the prior.

Players     encoder, generator, discriminator, code_discriminator: each updated by itself, in this order.
Departures  lambda weighs the mean error of a pixel. As the authors confirmed to their readers, C calls the prior real
            (the first version prints the two exchanged). The networks are DCGAN's, or perceptrons of three layers. The
            preset for small digits gives C eight times its weight and twice the rate of the others, or else codes keep
            further from the prior.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import AUXILIARY, binary_cross_entropy
from ...networks.coders import coders_of
from ...networks.mlp import MLPDiscriminator
from ...networks.pairs import pair_of

Terms = dict[str, Tensor]


@register
class AlphaGAN(LatentModel):
    """An autoencoder whose codes and whose images are each held to their law by a discriminator."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal"] = "normal"  # z ~ N(0, I)
        reconstruction_weight: float = 40.0  # lambda, of the mean absolute error of a pixel
        code_weight: float = 1.0             # of the code discriminator in the encoder's loss (0: nothing holds codes)
        network: Literal["dcgan", "mlp"] = "dcgan"            # of encoder, generator, discriminator; points: tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator and encoder
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        code_width: int = 750                # units of the code discriminator's three hidden layers
        lr: float = 2e-4                     # Adam's learning rate
        code_lr: float = 2e-4                # that of the code discriminator
        betas: tuple[float, float] = (0.5, 0.9)     # of Adam
        ema: float = 0.0                     # half-life of the averages of encoder and generator in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "width", "code_width", "lr", "code_lr")
            between(self, 0, 1e6, "reconstruction_weight", "code_weight")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "steps": 100_000},
        "small": {"data": "digits", "image_size": 8, "network": "mlp", "z_dim": 8, "width": 192, "code_width": 256,
                  "code_weight": 8.0, "lr": 1e-3, "code_lr": 2e-3, "betas": (0.0, 0.9), "batch_size": 64,
                  "steps": 2_000, "ema": 2_000},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 4, "width": 8, "code_width": 8, "batch_size": 8,
                 "steps": 4},
    }

    card = Card(
        title="Variational Approaches for Auto-Encoding Generative Adversarial Networks",
        authors="Rosca, Lakshminarayanan, Warde-Farley, Mohamed", year=2017, arxiv="1706.04987",
        summary="A discriminator of codes takes the place of the VAE's KL divergence, and one of images joins its "
                "reconstruction error.",
        tasks=("generation", "reconstruction"), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="two: of images, DCGAN or MLP; of codes, MLP", extra="encoder",
        objective="log-ratio GAN of images and of codes", constraint="L1 reconstruction",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.encoder, self.generator = coders_of(cfg, data.shape)
        self.discriminator = pair_of(cfg, data.shape)[1]
        self.code_discriminator = MLPDiscriminator((cfg.z_dim,), width=cfg.code_width, depth=3,
                                                   activation="leaky-relu", dropout=(0.0, 0.0))

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        opt = adam(cfg.lr, cfg.betas)
        return {"encoder": Player(self.encoder, opt, ema=cfg.ema),
                "generator": Player(self.generator, opt, ema=cfg.ema),
                "discriminator": Player(self.discriminator, opt),
                "code_discriminator": Player(self.code_discriminator, adam(cfg.code_lr, cfg.betas))}

    def train_step(self, trainer: Game) -> Terms:                                                    # Algorithm 1
        batch = trainer.batch()
        logs = trainer.update("encoder", self.encoder_loss, batch)
        logs |= trainer.update("generator", self.generator_loss, batch)
        logs |= trainer.update("discriminator", self.discriminator_loss, batch)
        return logs | trainer.update("code_discriminator", self.code_discriminator_loss, batch)

    def encoder_loss(self, batch: Batch) -> Terms:
        codes = self.encoder(batch.x)
        return {"reconstruction": self.error(self.generator(codes), batch.x),
                "code": self.cfg.code_weight * log_ratio(self.code_discriminator(codes))}

    def generator_loss(self, batch: Batch) -> Terms:
        copies, x_fake = self.fakes(batch)
        return {"reconstruction": self.error(copies, batch.x),
                "adversarial": log_ratio(self.discriminator(copies)) + log_ratio(self.discriminator(x_fake))}

    def discriminator_loss(self, batch: Batch) -> Terms:
        fakes = sum(binary_cross_entropy(self.discriminator(x), 0.0) for x in self.fakes(batch))
        return {"adversarial": binary_cross_entropy(self.discriminator(batch.x), 1.0) + fakes}

    def code_discriminator_loss(self, batch: Batch) -> Terms:
        scores_prior, scores_codes = map(self.code_discriminator, (self.noise(batch), self.encoder(batch.x)))
        return {"adversarial": binary_cross_entropy(scores_prior, 1.0) + binary_cross_entropy(scores_codes, 0.0)}

    def fakes(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """G(E(x)) and G(z), each (N, *shape)."""
        return self.reconstruct(batch.x), self.generator(self.noise(batch))

    def error(self, copies: Tensor, x: Tensor) -> Tensor:
        """lambda E|x - copies|, a scalar."""
        return self.cfg.reconstruction_weight * AUXILIARY["l1"](copies, x, None)

    def encode(self, x: Tensor) -> Tensor:
        """The code E(x), (N, z_dim)."""
        return self.encoder(x)

    def reconstruct(self, x: Tensor) -> Tensor:
        """G(E(x)): like x."""
        return self.generator(self.encoder(x))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)


def log_ratio(scores: Tensor) -> Tensor:
    """E[-log D + log(1 - D)] = -E[s], D = sigmoid(s) (Sec. 3.3), a scalar."""
    return -scores.mean()

"""MRGAN: Mode Regularized Generative Adversarial Networks (Che et al., 2016), arXiv:1612.02136.

    regularised:         D ascends  E_x[log D(x)] + E_z[log(1 - D(G(z)))]
                         G descends  -E_z[log D(G(z))] + T_E
                         E descends  T_E = E_x[lambda_1 d(x, G(E(x))) - lambda_2 log D(G(E(x)))]           Sec. 3.2
    manifold-diffusion:  manifold step    D_M ascends  E_x[log D_M(x) + log(1 - D_M(G(E(x))))]
                                          G, E descend  E_x[d(x, G(E(x))) - lambda log D_M(G(E(x)))]
                         diffusion step   D_D ascends  E_x[log D_D(G(E(x)))] + E_z[log(1 - D_D(G(z)))]
                                          G descends  -E_z[log D_D(G(z))]                        Sec. 3.3, App. A

d(x, y) = |x - y|^2. Every x has a code E(x), so G is pulled to every mode, also where D would not send it. D_D compares
two kinds of samples that G made, which lie on one manifold, and never sees x.

Players     regularised: discriminator; manifold-diffusion: manifold_discriminator, diffusion_discriminator; in both,
            generator and encoder. g_steps updates of G and E per update of a discriminator (10: the max-min game).
Departures  Sec. 3.2 prints the mode term as + lambda_2 log D; its text, and the algorithm of App. A, ask for what is
            descended here. d is that of App. A; pixels, not learned features.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, adam, between, positive, register
from ...losses import OBJECTIVES
from ...networks.features import Embedding
from ...networks.pairs import pair_of

Terms = dict[str, Tensor]


@register
class MRGAN(LatentModel):
    """An encoder gives every real sample a code, and the generator must lead back from it."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        variant: Literal["regularised", "manifold-diffusion"] = "regularised"   # one discriminator, or two in turn
        reconstruction_weight: float = 0.2   # lambda_1 of the variant regularised
        mode_weight: float = 0.4             # lambda_2 of the variant regularised
        manifold_weight: float = 0.01        # lambda of the variant manifold-diffusion
        g_steps: int = 1                     # updates of generator and encoder per discriminator update
        network: Literal["dcgan", "mlp"] = "dcgan"            # of all players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminators and encoder
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 2e-4                     # Adam's learning rate
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the averages of generator and encoder in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "g_steps", "width", "lr")
            between(self, 0, 1e6, "reconstruction_weight", "mode_weight", "manifold_weight")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "ema")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64,
                  "reconstruction_weight": 0.02, "mode_weight": 0.2, "lr": 1e-3, "batch_size": 64, "steps": 2_000,
                  "ema": 20_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "g_steps": 10, "lr": 1e-3, "batch_size": 128,
                 "steps": 800},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="Mode Regularized Generative Adversarial Networks", authors="Che, Li, Jacob, Bengio, Li", year=2016,
        arxiv="1612.02136",
        summary="An encoder maps data to codes from which the generator must reconstruct them, so that no mode is "
                "forgotten; in MDGAN a second discriminator compares samples with reconstructions.",
        tasks=("generation", "reconstruction"), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="DCGAN or MLP; MDGAN has two", extra="encoder",
        objective="non-saturating GAN", constraint="reconstructions are close to the data and taken for real",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = OBJECTIVES["non-saturating"]
        self.generator, discriminator = pair_of(cfg, data.shape)
        self.encoder = Embedding(pair_of(cfg, data.shape)[1], cfg.z_dim)
        if cfg.variant == "regularised":
            self.discriminator = discriminator
        else:
            self.manifold_discriminator, self.diffusion_discriminator = discriminator, pair_of(cfg, data.shape)[1]

    def players(self) -> dict[str, Player]:
        cfg, opt = self.cfg, adam(self.cfg.lr, self.cfg.betas)
        names = [name for name, _ in self.named_children() if name.endswith("discriminator")]
        return ({name: Player(getattr(self, name), opt) for name in names}
                | {name: Player(getattr(self, name), opt, ema=cfg.ema) for name in ("generator", "encoder")})

    def train_step(self, trainer: Game) -> Terms:
        if self.cfg.variant == "regularised":
            return self.regularised_step(trainer)
        return self.manifold_step(trainer) | self.diffusion_step(trainer)

    def regularised_step(self, trainer: Game) -> Terms:
        batch = trainer.batch()
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        for _ in range(self.cfg.g_steps):
            logs |= trainer.update_jointly(["generator", "encoder"], self.regularised_losses, batch)
        return logs

    def manifold_step(self, trainer: Game) -> Terms:
        batch = trainer.batch()
        logs = trainer.update("manifold_discriminator", self.manifold_discriminator_loss, batch)
        for _ in range(self.cfg.g_steps):
            logs |= trainer.update_jointly(["generator", "encoder"], self.manifold_losses, batch)
        return logs

    def diffusion_step(self, trainer: Game) -> Terms:
        batch = trainer.batch()
        logs = trainer.update("diffusion_discriminator", self.diffusion_discriminator_loss, batch)
        for _ in range(self.cfg.g_steps):
            logs |= trainer.update("generator", self.diffusion_loss, batch)
        return logs

    def discriminator_loss(self, batch: Batch) -> Terms:
        x_fake = self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(self.discriminator(batch.x), self.discriminator(x_fake))}

    def regularised_losses(self, batch: Batch) -> dict[str, Terms]:
        """T_G and T_E."""
        cfg, copy = self.cfg, self.reconstruct(batch.x)
        both = {"reconstruction": cfg.reconstruction_weight * distance(batch.x, copy),
                "mode": cfg.mode_weight * self.objective.generator(self.discriminator(copy))}
        scores_fake = self.discriminator(self.generator(self.noise(batch)))
        return {"generator": {"adversarial": self.objective.generator(scores_fake)} | both, "encoder": both}

    def manifold_discriminator_loss(self, batch: Batch) -> Terms:
        judge = self.manifold_discriminator
        return {"adversarial": self.objective.discriminator(judge(batch.x), judge(self.reconstruct(batch.x)))}

    def manifold_losses(self, batch: Batch) -> dict[str, Terms]:
        copy = self.reconstruct(batch.x)
        scores_copy = self.manifold_discriminator(copy)
        both = {"reconstruction": distance(batch.x, copy),
                "manifold": self.cfg.manifold_weight * self.objective.generator(scores_copy)}
        return {"generator": both, "encoder": both}

    def diffusion_discriminator_loss(self, batch: Batch) -> Terms:
        judge, copy, x_fake = self.diffusion_discriminator, self.reconstruct(batch.x), self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(judge(copy), judge(x_fake))}

    def diffusion_loss(self, batch: Batch) -> Terms:
        return {"diffusion": self.objective.generator(self.diffusion_discriminator(self.generator(self.noise(batch))))}

    def encode(self, x: Tensor) -> Tensor:
        """The code E(x), (N, z_dim)."""
        return self.encoder(x)

    def reconstruct(self, x: Tensor) -> Tensor:
        """G(E(x)): like x."""
        return self.generator(self.encoder(x))

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The logits of x of the discriminator that sees data, (N,): larger = more real."""
        return self.discriminator(x) if self.cfg.variant == "regularised" else self.manifold_discriminator(x)


def distance(x: Tensor, copy: Tensor) -> Tensor:
    """E|x - copy|^2, over samples (N, ...)."""
    return (x - copy).float().square().flatten(1).sum(1).mean()

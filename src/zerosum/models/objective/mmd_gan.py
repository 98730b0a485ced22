"""MMD-GAN: Towards Deeper Understanding of Moment Matching Network (Li et al., 2017), arXiv:1705.08584.

    M_k^2(P, Q) = E k(x, x') - 2 E k(x, y) + E k(y, y'),   k = sum of Gaussian kernels                      Sec. 2
    min_G max_phi  M_(k o phi)(P, G(Z)) - lambda E_(P and G) |y - psi(phi(y))|^2                            Sec. 3
    feasibility:   phi also ascends, and G descends, lambda_rg min(E phi(x) - E phi(G(z)), 0)               Sec. 3
    every weight of phi stays in [-c, c]; those of psi are free                                             Alg. 1
    GMMN (Li, Swersky and Zemel, 2015, arXiv:1502.02761):  min_G M_k(P, G(Z)), no critic          `kernel=fixed`

phi must be injective for M_(k o phi) to be zero only at P = G(Z): the decoder psi sees to that.

Players     critic (phi and psi; n_critic updates per step, 100 in the first 25 steps and every 500th: the authors'
            code), generator (one update, on fresh real samples); with `kernel=fixed` the generator alone.
Departures  M is the root of the biased estimate, as in both papers' code; reconstruction errors are means over
            pixels. With several processes M is that of each one's part of the batch. GMMN without its autoencoder.
            Nothing bounds the feasibility term but the tanh of images: for points, G would run away; it is off there.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.functional import mse_loss

from ...core import (
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Player,
    UsageError,
    adam,
    between,
    positive,
    register,
    rmsprop,
)
from ...losses import mmd
from ...networks.features import Embedding
from ...networks.pairs import make_pair
from ...ops import at_least_float32
from ...penalties import clip_weights


@register
class MMDGAN(LatentModel):
    """A two-sample test by kernels, on features that learn to tell the samples apart."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 128                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        kernel: Literal["learned", "fixed"] = "learned"       # on features of a critic, or on samples: GMMN
        widths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)   # sigma of the Gaussian kernels that are summed
        features: int = 128                  # numbers that the critic encodes a sample in
        reconstruction: float = 8.0          # lambda: weight of the critic's reconstruction of samples
        feasibility: float = 16.0            # lambda_rg: weight of the order of mean features
        clip: float = 0.01                   # c: every weight of the encoder stays in [-c, c]
        n_critic: int = 5                    # critic updates per generator update
        warmup_critic: int = 100             # n_critic in the first warmup_steps steps and every refresh_every-th
        warmup_steps: int = 25               # 0: no warm-up
        refresh_every: int = 500             # 0: never
        network: Literal["dcgan", "mlp"] = "dcgan"            # of all networks; points always get the MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan encoder
        width: int = 512                     # maps at 4x4 of the dcgan; units of the MLP
        optimizer: Literal["rmsprop", "adam"] = "rmsprop"     # adam has betas .5, .999
        lr: float = 5e-5                     # learning rate of both players
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "features", "clip", "n_critic", "warmup_critic", "width", "lr")
            between(self, 0, 1e9, "reconstruction", "feasibility", "warmup_steps", "refresh_every", "ema")
            if not self.widths or min(self.widths) <= 0:
                raise UsageError(f"widths must be numbers above 0, not {self.widths}")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 64, "steps": 150_000},
        "small": {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "features": 16,
                  "clip": 0.05, "n_critic": 2, "warmup_steps": 0, "refresh_every": 0, "lr": 1e-3, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "ring": {"data": "ring", "network": "mlp", "width": 128, "z_dim": 2, "features": 16, "clip": 0.1,
                 "feasibility": 0.0, "lr": 1e-3, "n_critic": 2, "warmup_steps": 0, "refresh_every": 0,
                 "batch_size": 128, "steps": 1_000},
        "gmmn": {"data": "digits", "image_size": 16, "kernel": "fixed", "widths": (2.0, 5.0, 10.0, 20.0, 40.0, 80.0),
                 "network": "mlp", "width": 256, "z_dim": 10, "prior": "uniform", "optimizer": "adam", "lr": 1e-3,
                 "batch_size": 512, "steps": 4_000, "ema": 50_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "features": 4, "n_critic": 2,
                 "warmup_steps": 1, "warmup_critic": 3, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="MMD GAN: Towards Deeper Understanding of Moment Matching Network",
        authors="Li, Chang, Cheng, Yang, Póczos", year=2017, arxiv="1705.08584",
        summary="The generator descends a kernel two-sample statistic on features that a critic, an autoencoder, "
                "learns against it; with a fixed kernel and no critic it is the generative moment matching network.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP", discriminator="autoencoder, whose code is compared", extra="none",
        objective="maximum mean discrepancy (IPM)",
        constraint="weight clipping, reconstruction, order of mean features", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.generator, _ = make_pair(cfg.network, cfg.z_dim, data.shape, cfg.width, cfg.norm)
        if cfg.kernel == "learned":
            self.decoder, critic = make_pair(cfg.network, cfg.features, data.shape, cfg.width, cfg.norm)
            self.encoder = Embedding(critic, cfg.features)
            clip_weights(self.encoder, cfg.clip)

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        opt = rmsprop(cfg.lr) if cfg.optimizer == "rmsprop" else adam(cfg.lr, (0.5, 0.999))
        critic = {"critic": Player((self.encoder, self.decoder), opt)} if cfg.kernel == "learned" else {}
        return critic | {"generator": Player(self.generator, opt, ema=cfg.ema)}

    def critic_updates(self, step: int) -> int:
        """How often the critic moves in this step: near its optimum before the generator follows its gradient."""
        cfg = self.cfg
        if cfg.kernel == "fixed":
            return 0
        often = step < cfg.warmup_steps or (step > 0 and cfg.refresh_every > 0 and step % cfg.refresh_every == 0)
        return cfg.warmup_critic if often else cfg.n_critic

    def train_step(self, trainer: Game) -> dict[str, Tensor]:                       # Algorithm 1
        logs: dict[str, Tensor] = {}
        for _ in range(self.critic_updates(trainer.step)):                          # lines 2-8
            logs = trainer.update("critic", self.critic_loss, trainer.batch())
            clip_weights(self.encoder, self.cfg.clip)
        return logs | trainer.update("generator", self.generator_loss, trainer.batch())      # lines 9-11

    def embed(self, x: Tensor) -> Tensor:
        """What the kernel compares: features of samples, (N, features), or the samples themselves, flat."""
        return self.encoder(x) if self.cfg.kernel == "learned" else at_least_float32(x.flatten(1))

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch))
        code, code_fake = self.encoder(x), self.encoder(x_fake)
        error = mse_loss(self.decoder(code), x) + mse_loss(self.decoder(code_fake), x_fake)
        return {"mmd": -mmd(code, code_fake, self.cfg.widths), "feasibility": self.disorder(code, code_fake),
                "reconstruction": self.cfg.reconstruction * error}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        real, fake = self.embed(batch.x), self.embed(self.generator(self.noise(batch)))
        terms = {"mmd": mmd(real, fake, self.cfg.widths)}
        return terms if self.cfg.kernel == "fixed" else terms | {"feasibility": -self.disorder(real, fake)}

    def disorder(self, code: Tensor, code_fake: Tensor) -> Tensor:
        """-lambda_rg min(E phi(x) - E phi(G(z)), 0), averaged over features: above 0 where a fake mean is larger."""
        return self.cfg.feasibility * (code_fake.mean(0) - code.mean(0)).relu().mean()

"""recipe: one GAN put together from four slots, for comparisons in which one thing changes at a time.

    network x objective x penalty x augmentation T, each looked up by name

    D: objective.discriminator(D(T(x)), D(T(G(z)))) + lambda penalty(D o T, x, G(z)) [+ LeCam]
    G: objective.generator(D(T(G(z)))); a relativistic one of D(T(x)) too, x being D's last batch

A penalty sees the discriminator through the augmentation: its gradient is that of D(T(x)) in x, as in the code of
StyleGAN2-ADA (2006.06676) and R3GAN (2501.05441). R1 and R2 carry their 1/2 with them, so that lambda is gamma.

With `ada`, T is the pipeline of StyleGAN2-ADA: blits and geometry, and colours where there are three channels. Its p
moves with every fourth update of D, by how sure D is of what it is trained on: E[sign(D(T(x)))] is held at 0.6.

Players     discriminator (d_steps updates per step), generator (one update).
Departures  not a paper: `recipe` with the slots of a paper is that paper's system, up to its schedule. A penalty draws
            augmentations of its own, where the code above penalises the images that were scored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from ...augment import AUGMENTATIONS
from ...augment.ada import AdaptiveAugment
from ...core import (
    OPTIMIZERS,
    Batch,
    Card,
    DataSpec,
    Game,
    LatentModel,
    Player,
    UsageError,
    between,
    make_optimizer,
    positive,
    register,
    unknown,
)
from ...losses import OBJECTIVES, RELATIVISTIC
from ...networks.described import described_pair, read_description
from ...networks.pairs import PAIRS, make_pair
from ...penalties import PENALTIES, LeCam


@register
class Recipe(LatentModel):
    """Any network with any objective, penalty and augmentation."""

    @dataclass(frozen=True)
    class Config:
        network: str = "dcgan"               # dcgan, resnet, mlp (points always get it), or FILE.toml with layers
        objective: Literal[*OBJECTIVES, *RELATIVISTIC] = "non-saturating"   # what D and G minimise
        penalty: Literal[*PENALTIES] = "none"                 # on the input gradient of D
        penalty_weight: float = 10.0         # lambda; gamma of r1 and r2
        lecam_weight: float = 0.0            # lambda of LeCam, which ties scores to past ones (0: none; paper: 0.3)
        augmentation: Literal[*AUGMENTATIONS, "ada"] = "none"  # of real and generated samples alike, before D
        ada_ramp: float = 500_000            # real images in which ada's p goes from 0 to 1 at the fastest
        norm: Literal["auto", "batch", "none"] = "auto"       # of D; auto: none under a penalty, else batch
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        d_steps: int = 1                     # discriminator updates per generator update
        width: int = 512                     # maps at 4x4 of the dcgan, maps of the resnet, units of the mlp
        optimizer: Literal[*OPTIMIZERS] = "adam"              # of the generator
        d_optimizer: Literal["same", *OPTIMIZERS] = "same"    # of the discriminator
        lr: float = 2e-4                     # learning rate of the generator
        d_lr: float = 0.0                    # of the discriminator (0: the same)
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        d_betas: tuple[float, ...] = ()      # of the discriminator's Adam (empty: the same)
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            if self.network.endswith(".toml"):        # its text is the setting: a run folder needs no other file
                try:
                    object.__setattr__(self, "network", read_description(Path(self.network)))
                except ValueError as error:
                    raise UsageError(str(error)) from None
            elif self.network not in PAIRS and not self.network.startswith("{"):
                raise unknown("network", self.network, PAIRS)
            positive(self, "z_dim", "d_steps", "width", "lr", "ada_ramp")
            between(self, 0, 0.9999, "betas", "d_betas")
            between(self, 0, 1e9, "penalty_weight", "lecam_weight", "d_lr", "ema")
            if len(self.d_betas) not in (0, 2):
                raise UsageError(f"d_betas are two numbers, like 0.5,0.999, and not {len(self.d_betas)}")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 64, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "ttur": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 1e-4, "d_lr": 4e-4,
                 "betas": (0.0, 0.9), "batch_size": 64, "steps": 3_000, "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "penalty": "gradient-penalty",
                 "augmentation": "diffaugment", "lecam_weight": 0.3, "batch_size": 8, "steps": 4},
    }

    card = Card(
        title="recipe: network x objective x penalty x augmentation", authors="zerosum", year=2026,
        arxiv="",
        summary="One GAN with four exchangeable parts, so that a comparison changes one thing at a time.",
        tasks=("generation", "comparison"), structure="direct", density="implicit",
        generator="by name", discriminator="by name", extra="none", objective="by name", constraint="by name",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        if cfg.augmentation != "none" and not data.is_image:
            raise UsageError(f"augmentation {cfg.augmentation} is for images, and this data is points: "
                             "use --augmentation none")
        self.generator, self.discriminator = self.networks()
        self.objective, self.penalty = (OBJECTIVES | RELATIVISTIC)[cfg.objective], PENALTIES[cfg.penalty]
        self.augment = self.augmentation()
        self.lecam = LeCam() if cfg.lecam_weight else None

    def networks(self) -> tuple[nn.Module, nn.Module]:
        cfg, shape = self.cfg, self.data.shape
        if cfg.network.startswith("{"):
            return described_pair(cfg.network, cfg.z_dim, shape)
        norm = ("none" if cfg.penalty != "none" else "batch") if cfg.norm == "auto" else cfg.norm
        return make_pair(cfg.network, cfg.z_dim, shape, cfg.width, norm, generator_norm=cfg.generator_norm)

    def augmentation(self) -> Callable[[Tensor], Tensor]:
        if self.cfg.augmentation == "ada":                    # has a state, and so belongs to one model
            return AdaptiveAugment("bgc" if self.data.channels == 3 else "bg", ramp=self.cfg.ada_ramp)
        return AUGMENTATIONS[self.cfg.augmentation]

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        d_optimizer = cfg.optimizer if cfg.d_optimizer == "same" else cfg.d_optimizer
        return {"discriminator": Player(self.discriminator,
                                        make_optimizer(d_optimizer, cfg.d_lr or cfg.lr, cfg.d_betas or cfg.betas)),
                "generator": Player(self.generator, make_optimizer(cfg.optimizer, cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch, second_order=True)
            if self.lecam is not None:
                self.lecam.move(batch.scores_real, batch.scores_fake)
            if isinstance(self.augment, AdaptiveAugment):
                self.augment.move(logs["discriminator/sign"], trainer.images)
                logs["p"] = self.augment.pipe.p
        return logs | trainer.update("generator", self.generator_loss, batch)

    def judge(self, x: Tensor) -> Tensor:
        """Scores of augmented samples."""
        return self.discriminator(self.augment(x))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch))
        scores_real, scores_fake = self.judge(x), self.judge(x_fake)
        terms = {"adversarial": self.objective.discriminator(scores_real, scores_fake),
                 "penalty": self.cfg.penalty_weight * self.penalty(self.judge, x, x_fake)}
        if self.lecam is not None:
            batch.keep(scores_real=scores_real, scores_fake=scores_fake)
            terms["lecam"] = self.cfg.lecam_weight * self.lecam(scores_real, scores_fake)
        if isinstance(self.augment, AdaptiveAugment):
            terms["sign"] = scores_real.detach().sign().mean()        # adds nothing to the gradient
        return terms

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        scores_fake = self.judge(self.generator(self.noise(batch)))
        scores_real = self.judge(batch.x) if self.cfg.objective in RELATIVISTIC else None
        return {"adversarial": self.objective.generator(scores_fake, scores_real)}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

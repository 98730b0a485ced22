"""recipe: one GAN put together from four slots, for comparisons in which one thing changes at a time.

    network x objective x penalty x augmentation, each looked up by name

    D: objective.discriminator(D(T(x)), D(T(G(z)))) + lambda penalty(D, x, G(z));   G: objective.generator(D(T(G(z))))

Players     discriminator (d_steps updates per step), generator (one update).
Departures  not a paper: `recipe` with the slots of a paper is that paper's system, up to its schedule.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from ...augment import AUGMENTATIONS
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
    unknown,
)
from ...losses import OBJECTIVES
from ...networks.pairs import PAIRS, make_pair
from ...penalties import PENALTIES


@register
class Recipe(LatentModel):
    """Any network with any objective, penalty and augmentation."""

    @dataclass(frozen=True)
    class Config:
        network: str = "dcgan"               # dcgan, resnet or mlp; points always get the mlp
        objective: str = "non-saturating"    # saturating, non-saturating, least-squares, hinge or wasserstein
        penalty: str = "none"                # none or gradient-penalty
        penalty_weight: float = 10.0         # lambda
        augmentation: str = "none"           # none, flip or translation, of real and generated samples alike
        norm: Literal["auto", "batch", "none"] = "auto"       # of D; auto: none under a penalty, else batch
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        d_steps: int = 1                     # discriminator updates per generator update
        width: int = 512                     # maps at 4x4 of the dcgan, maps of the resnet, units of the mlp
        lr: float = 2e-4                     # Adam's learning rate of the generator
        d_lr: float = 0.0                    # of the discriminator (0: the same)
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            slots = (("network", PAIRS), ("objective", OBJECTIVES), ("penalty", PENALTIES),
                     ("augmentation", AUGMENTATIONS))
            for slot, choices in slots:
                if getattr(self, slot) not in choices:
                    raise unknown(slot, getattr(self, slot), choices)
            positive(self, "z_dim", "d_steps", "width", "lr")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "penalty_weight", "d_lr", "ema")

    PRESETS = {
        "paper": {"data": "digits", "batch_size": 64, "steps": 100_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "lr": 5e-4, "batch_size": 64,
                  "steps": 3_000, "ema": 20_000},
        "tiny": {"data": "digits", "image_size": 8, "width": 16, "z_dim": 8, "penalty": "gradient-penalty",
                 "augmentation": "translation", "batch_size": 8, "steps": 4},
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
        norm = ("none" if cfg.penalty != "none" else "batch") if cfg.norm == "auto" else cfg.norm
        self.generator, self.discriminator = make_pair(cfg.network, cfg.z_dim, data.shape, cfg.width, norm,
                                                       generator_norm=cfg.generator_norm)
        self.objective, self.penalty = OBJECTIVES[cfg.objective], PENALTIES[cfg.penalty]
        self.augment = AUGMENTATIONS[cfg.augmentation]

    def players(self) -> dict[str, Player]:
        cfg = self.cfg
        return {"discriminator": Player(self.discriminator, adam(cfg.d_lr or cfg.lr, cfg.betas)),
                "generator": Player(self.generator, adam(cfg.lr, cfg.betas), ema=cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        for _ in range(self.cfg.d_steps):
            batch = trainer.batch()
            logs = trainer.update("discriminator", self.discriminator_loss, batch, second_order=True)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def judge(self, x: Tensor) -> Tensor:
        """Scores of augmented samples."""
        return self.discriminator(self.augment(x))

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x, x_fake = batch.x, self.generator(self.noise(batch))
        return {"adversarial": self.objective.discriminator(self.judge(x), self.judge(x_fake)),
                "penalty": self.cfg.penalty_weight * self.penalty(self.judge, x, x_fake)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": self.objective.generator(self.judge(self.generator(self.noise(batch))))}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real."""
        return self.discriminator(x)

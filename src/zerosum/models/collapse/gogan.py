"""GoGAN: Gang of GANs, GANs with Maximum Margin Ranking (Juefei-Xu et al., 2017), arXiv:1704.04865.

    stage 1:      D descends  E[eps - D(x) + D(G_1(z))]^+
    stage i + 1:  starts from G_i and D of stage i; G_i stands still; eps is half of what it was
                  D descends  E[eps - D(x) + D(G_{i+1}(z))]^+ + lambda E[2 eps - D(x) + D(G_i(z))]^+
    all stages:   G descends  -E[D(G(z))];   every weight of D is clipped to [-c, c]

A pair of scores that is far enough apart asks for nothing more: D works where it still fails, and ranks the data above
the new generator, and that above the old one.

Found here  on digits the critic ranks, its scores spread less, and the second stage completes images better than the
            first ended; but as many more steps of the first do as well (FID 2.7, 3.1, 3.7 for 3.4, 2.4, 3.2 after 1000;
            3.4, 2.9, 3.6 for 2.9, 2.7, 4.2 with seeds 10 to 12). What the ranking mends is too wide a margin: with
            margin 2 and rank_weight 1, the defaults of the authors' released code, the second stage has 3.9, 3.8, 3.2
            where the first gone on has 6.9, 5.6, 3.7 (seeds 10 to 12), and where, in the median, a first stage of
            margin 1 gone on is better than both. At margin 1 a rank_weight of 1 or 2 and stages of 1000 steps gained
            nothing clear. The order of a fast critic's scores comes and goes; that of its averaged weights stays.

Players     critic (n_critic updates per step), generator (one update). The stage before's generator is of no player.
            With `ema`, an average of the critic's weights is kept beside the generator's; no one trains on it.
Departures  G_i is scored by the present critic, as in the authors' released code. Optimizers go on from stage to stage.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from torch import Tensor

from ...core import Batch, Card, DataSpec, Game, Player, between, positive, register, rmsprop
from ...layers import frozen
from ...losses import ranking
from ...penalties import clip_weights
from ..objective.wgan import WGAN


@register
class GoGAN(WGAN):
    """A gang of GANs, one after the other, each of which must beat the one before."""

    @dataclass(frozen=True)
    class Config:
        optimizer: ClassVar[str] = "rmsprop"
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform"] = "normal"        # z ~ N(0, I) or U(-1, 1)
        stages: int = 3                      # GANs in the gang
        stage_steps: int = 50_000            # steps of each stage; the last goes on to the end
        margin: float = 1.0                  # epsilon of the first stage, halved from stage to stage
        rank_weight: float = 0.5             # lambda: how much the ranking above the last stage's generator counts
        n_critic: int = 5                    # critic updates per generator update
        clip: float = 0.01                   # c: every critic weight stays in [-c, c]
        network: Literal["dcgan", "resnet", "mlp"] = "dcgan"   # of both players; points always get the MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan critic
        generator_norm: Literal["batch", "none"] = "batch"    # of the dcgan generator
        width: int = 512                     # maps at 4x4 of the dcgan; maps of the resnet; units of the MLP
        lr: float = 5e-5                     # learning rate of RMSProp
        critic_lr: float = 0.0               # of the critic (0: the same)
        ema: float = 0.0                     # half-life of both players' moving averages in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "stages", "stage_steps", "margin", "n_critic", "clip", "width", "lr")
            between(self, 0, 1e6, "rank_weight")
            between(self, 0, 1, "critic_lr")
            between(self, 0, 1e9, "ema")

    # The small critic, without batch norm, is the slower one: where a step moves its weights by a fortieth of their
    # range, the order of its scores comes and goes with the steps.
    PRESETS = {
        "paper": {"data": "photos", "image_size": 64, "batch_size": 64, "steps": 150_000},
        "small": {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "stages": 2,
                  "stage_steps": 500, "n_critic": 3, "clip": 0.04, "lr": 1e-3, "critic_lr": 5e-4, "batch_size": 64,
                  "steps": 1_500, "ema": 8_000},
        "ring": {"data": "ring", "width": 128, "z_dim": 32, "stages": 2, "stage_steps": 600, "clip": 0.05,
                 "lr": 1e-3, "batch_size": 64, "steps": 1_200},
        "tiny": {"data": "digits", "image_size": 8, "width": 8, "z_dim": 8, "stage_steps": 2, "n_critic": 2,
                 "batch_size": 8, "steps": 5},
    }

    card = Card(
        title="Gang of GANs: Generative Adversarial Networks with Maximum Margin Ranking",
        authors="Juefei-Xu, Boddeti, Savvides", year=2017, arxiv="1704.04865",
        summary="GANs trained in stages: a margin in place of the Wasserstein critic's endless gap, and a ranking of "
                "the data above the present generator and that of the stage before.",
        tasks=("generation",), structure="hierarchical", density="implicit",
        generator="DCGAN or MLP", discriminator="critic without sigmoid", extra="generator of the stage before",
        objective="margin ranking of scores", constraint="weight clipping, margins halved per stage",
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.previous = frozen(self.generator)

    def players(self) -> dict[str, Player]:
        critic = Player(self.critic, rmsprop(self.cfg.critic_lr or self.cfg.lr), ema=self.cfg.ema)
        return super().players() | {"critic": critic}

    def stage_of(self, step: int) -> int:
        """The stage that a step belongs to, from 0; it follows from the step, and so needs no state of its own."""
        return min(step // self.cfg.stage_steps, self.cfg.stages - 1)

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        stage = self.stage_of(trainer.step)
        if trainer.step and stage != self.stage_of(trainer.step - 1):
            self.previous.load_state_dict(self.generator.state_dict())
        for _ in range(self.cfg.n_critic):
            batch = trainer.batch()
            logs = trainer.update("critic", partial(self.critic_loss, stage=stage), batch)
            clip_weights(self.critic, self.cfg.clip)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def critic_loss(self, batch: Batch, stage: int = 0) -> dict[str, Tensor]:
        z, margin = self.noise(batch), self.cfg.margin / 2 ** stage
        scores_real = self.critic(batch.x)
        terms = {"margin": ranking(scores_real, self.critic(self.generator(z)), margin)}
        if stage:
            scores_old = self.critic(self.generate_previous(z))
            terms["ranking"] = self.cfg.rank_weight * ranking(scores_real, scores_old, 2 * margin)
        return terms

    def generate_previous(self, z: Tensor) -> Tensor:
        """Map z (N, z_dim) to samples (N, *shape) of the stage before; in the first, of the generator's start."""
        training = self.previous.training
        x = self.previous.eval()(z)          # as it samples: its running statistics stand still too
        self.previous.train(training)
        return x

"""Improved GAN: Improved Techniques for Training GANs (Salimans et al., 2016), arXiv:1606.03498.

    feature matching            G descends ||E_x f(x) - E_z f(G(z))||^2 instead, f a hidden layer of D        Sec. 3.1
    minibatch discrimination    D sees of each sample how many others of its batch are close to it           Sec. 3.2
    historical averaging        both costs gain w ||theta - (1/t) sum_i theta[i]||^2                         Sec. 3.3
    one-sided label smoothing   real samples have the target 0.9, and generated ones keep 0                  Sec. 3.4
    virtual batch norm          G normalizes by a reference batch, chosen once, and not by the one at hand   Sec. 3.5

Each is a switch. They start as in the authors' code for CIFAR-10: all but feature matching, which is the alternative
to minibatch discrimination, and historical averaging, whose weight w the paper does not name.

Players     discriminator (one update per step), generator (g_steps updates; 10 make the max-min game, which collapses).
Departures  unconditional: no labels. The networks are DCGAN's, without weight norm, noise and dropout in D; the
            minibatch layer is not scaled by the first batch; the learning rate stays. Of several processes, each looks
            at its own share of the batch. Points get two hidden tanh layers.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from ...core import Batch, Card, DataSpec, Game, LatentModel, Player, UsageError, adam, between, positive, register
from ...layers import HistoricalAverage, VirtualBatch
from ...losses import feature_matching, label_smoothing
from ...networks.features import FeatureDiscriminator
from ...networks.mlp import MLPGenerator
from ...networks.pairs import make_pair, toy_pair


@register
class ImprovedGAN(LatentModel):
    """The GAN game with five techniques against collapse, overconfidence and orbits."""

    @dataclass(frozen=True)
    class Config:
        z_dim: int = 100                     # numbers in z
        prior: Literal["normal", "uniform", "unit"] = "unit"  # z ~ N(0, I), U(-1, 1) or U(0, 1)
        feature_matching: bool = False       # G matches the mean of D's features instead of fooling D
        kernels: int = 100                   # B: measures of closeness in minibatch discrimination (0: none)
        kernel_dims: int = 5                 # C: numbers that each of them compares
        real_target: tuple[float, float] = (0.9, 0.9)         # of D, drawn between the two: 0.8,1 is random, 1,1 plain
        historical_weight: float = 0.0       # w: of the distance from the average of past parameters, for both players
        generator_norm: Literal["virtual", "batch", "none"] = "virtual"       # virtual: by a reference batch
        reference_size: int = 100            # samples in the reference batch
        g_steps: int = 3                     # generator updates per discriminator update
        network: Literal["dcgan", "mlp"] = "dcgan"            # of both players; points always get a tanh MLP
        norm: Literal["batch", "none"] = "batch"              # of the dcgan discriminator
        width: int = 512                     # maps at 4x4 of the dcgan, units of an MLP
        lr: float = 3e-4                     # Adam's learning rate of both players
        betas: tuple[float, float] = (0.5, 0.999)   # of Adam
        ema: float = 0.0                     # half-life of the generator's moving average in images (0: none)

        def __post_init__(self) -> None:
            positive(self, "z_dim", "kernel_dims", "reference_size", "g_steps", "width", "lr")
            between(self, 0, 10_000, "kernels")
            between(self, 0, 1, "real_target")
            between(self, 0, 0.9999, "betas")
            between(self, 0, 1e9, "historical_weight", "ema")
            if self.real_target[0] > self.real_target[1]:
                raise UsageError(f"real_target is the lowest and the highest, not {self.real_target}")

    PRESETS = {
        "paper": {"data": "photos", "image_size": 32, "batch_size": 100, "steps": 600_000},
        "small": {"data": "digits", "image_size": 16, "width": 64, "z_dim": 64, "kernels": 16, "reference_size": 32,
                  "g_steps": 1, "lr": 5e-4, "batch_size": 64, "steps": 2_000, "ema": 20_000},
        "ring": {"data": "ring", "z_dim": 32, "prior": "normal", "kernels": 4, "real_target": (1.0, 1.0),
                 "generator_norm": "none", "g_steps": 10, "width": 128, "lr": 1e-3, "batch_size": 128, "steps": 800},
        "tiny": {"data": "digits", "image_size": 8, "z_dim": 8, "width": 16, "kernels": 3, "reference_size": 4,
                 "historical_weight": 0.1, "g_steps": 2, "batch_size": 8, "steps": 3},
    }

    card = Card(
        title="Improved Techniques for Training GANs",
        authors="Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen", year=2016, arxiv="1606.03498",
        summary="Five techniques, each a switch: a discriminator that sees how alike the samples of a batch are, "
                "smoothed labels, virtual batch norm, feature matching and historical averaging.",
        tasks=("generation",), structure="direct", density="implicit",
        generator="DCGAN or MLP, virtual batch norm", discriminator="DCGAN or MLP, minibatch discrimination",
        extra="none", objective="non-saturating with one-sided label smoothing, or feature matching",
        constraint="historical averaging", couples_batch=True,
    )

    def __init__(self, cfg: Config, data: DataSpec):
        super().__init__(cfg, data)
        self.objective = label_smoothing(*cfg.real_target)
        generator, discriminator = self.networks()
        self.discriminator = FeatureDiscriminator(discriminator, cfg.kernels, cfg.kernel_dims)
        virtual = cfg.generator_norm == "virtual"
        self.generator = VirtualBatch(generator, self.noise(cfg.reference_size)) if virtual else generator
        self.history = nn.ModuleDict({name: HistoricalAverage(network) for name, network in self.named_children()}
                                     if cfg.historical_weight else {})

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """The pair of networks, with batch norm in the generator where a norm is asked for."""
        cfg, shape = self.cfg, self.data.shape
        norm = "none" if cfg.generator_norm == "none" else "batch"
        if self.data.is_image:
            pair = make_pair(cfg.network, cfg.z_dim, shape, cfg.width, cfg.norm, generator_norm=norm)
        else:
            pair = toy_pair(cfg.z_dim, shape, cfg.width)
        if norm == "batch" and isinstance(pair[0], MLPGenerator):
            pair[0].body = _with_batch_norm(pair[0].body)
        return pair

    def players(self) -> dict[str, Player]:
        opt = adam(self.cfg.lr, self.cfg.betas)
        return {"discriminator": Player(self.discriminator, opt),
                "generator": Player(self.generator, opt, ema=self.cfg.ema)}

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        batch = trainer.batch()
        self.record("discriminator")
        logs = trainer.update("discriminator", self.discriminator_loss, batch)
        for _ in range(self.cfg.g_steps):
            self.record("generator")
            logs |= trainer.update("generator", self.generator_loss, batch)
        return logs

    def discriminator_loss(self, batch: Batch) -> dict[str, Tensor]:
        x_fake = self.generator(self.noise(batch))           # judged apart from x: minibatch statistics must not mix
        scores = self.discriminator(batch.x), self.discriminator(x_fake)
        return {"adversarial": self.objective.discriminator(*scores)} | self.historical("discriminator")

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        features = self.discriminator.features(self.generator(self.noise(batch)))
        if self.cfg.feature_matching:
            loss = {"matching": feature_matching(self.discriminator.features(batch.x), features)}
        else:
            loss = {"adversarial": self.objective.generator(self.discriminator.judge(features))}
        return loss | self.historical("generator")

    def record(self, player: str) -> None:
        """Remember where a player is, before it moves."""
        if player in self.history:
            self.history[player].record(self.get_submodule(player))

    def historical(self, player: str) -> dict[str, Tensor]:
        """The term of a player's cost that keeps it near its past."""
        if player not in self.history:
            return {}
        return {"historical": self.cfg.historical_weight * self.history[player](self.get_submodule(player))}

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """The discriminator's logits of x, (N,): larger = more real; with kernels, of x as one batch."""
        return self.discriminator(x)


def _with_batch_norm(body: nn.Sequential) -> nn.Sequential:
    """The layers of an MLP with batch norm behind each hidden linear one."""
    *hidden, last, output = body
    normed = nn.Sequential()
    for layer in hidden:
        normed.extend([layer, nn.BatchNorm1d(layer.out_features)] if isinstance(layer, nn.Linear) else [layer])
    return normed.extend([last, output])

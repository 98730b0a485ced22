"""Claim of WGAN (1701.07875): its critic measures a distance that stays meaningful where supports are disjoint.

Sec. 4.3 adds that its generator needs no batch norm, where DCGAN, trained with the -log D trick, fails (64 px, five
layers of as many filters). At 16 px and three layers -log D, measured beside it, trains. What does not, in this budget,
is Algorithm 1 of the GAN paper: D's loss falls to 0.001 and G's gradient with it. Later some seeds recover (one had by
step 1000), others do not (one had not by step 3000).

In one dimension the optimal map between two laws is the monotone one. A generator that starts as the identity of z gets
there: the critic's gradient moves samples at one place alike, so that they keep their order. But no loss asks for that
order, and from random weights G may fold. That start is measured beside it; no check asks it to be monotone.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..core import Batch, DataSpec, Model
from ..data import ArrayDataset, Dataset
from ..engine import Trainer
from ..metrics.distribution.wasserstein import wasserstein
from ..penalties import clip_weights
from .claim import Check, Claim, Side
from .digits import judged
from .panels import curves_panel
from .points import covered
from .trial import Trial

THETAS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)    # distances between the lines
LINE_UPDATES = 600                           # of critic and discriminator at each distance
EVERY, MATCHED = 50, 500                     # steps between looks at W1, and samples matched in each
HEAD_START, LEVELS = 200, 2_000              # updates that make G the identity, and values of z to judge its map at


class Line(nn.Module):
    """A generator that makes (theta, U[0, 1]) exactly (Example 1)."""

    def __init__(self, theta: float):
        super().__init__()
        self.theta = theta

    def forward(self, z: Tensor) -> Tensor:
        height = torch.special.ndtr(z[:, :1])
        return torch.cat([torch.full_like(height, self.theta), height], 1)


def line() -> Dataset:
    """The line at 0: (0, U[0, 1])."""
    height = torch.linspace(0, 1, 10_001)
    x = torch.stack([torch.zeros_like(height), height], 1)
    return ArrayDataset(x.numpy(), DataSpec(shape=(2,)), name="(0, U[0, 1])")


def estimates(trial: Trial, side: str, player: str, after: Callable[[Model], None]) -> list[float]:
    """Minus the loss of a fully trained critic or discriminator, for lines at each distance."""
    found = []
    for theta in THETAS:
        trainer = trial.start(side)
        model = trainer.model
        model.generator = Line(theta)
        loss = getattr(model, f"{player}_loss")
        for _ in range(LINE_UPDATES):
            trainer.update(player, loss, trainer.batch())
            after(model)
        found.append(-float(sum(loss(trainer.batch(1_000)).values())))
    return found


def parallel_lines(trial: Trial) -> dict[str, float | list[float]]:
    """Example 1: W(theta) = theta, while JS = log 2 for every theta > 0."""
    distance = estimates(trial, "lines, wgan", "critic", lambda model: clip_weights(model.critic, model.cfg.clip))
    divergence = [(value + math.log(4)) / 2
                  for value in estimates(trial, "lines, gan", "discriminator", lambda model: None)]
    correlation = torch.corrcoef(torch.tensor([THETAS, distance]))[0, 1]
    top = distance[-1]
    trial.panel("parallel lines at distance theta", curves_panel(
        {"W estimate (scaled)": (THETAS, [value / top for value in distance]),
         "JS estimate": (THETAS, divergence)}, "theta"))
    return {"W estimates": distance, "JS estimates": divergence, "R2 of W against theta": float(correlation ** 2),
            "distance of JS from log 2": max(abs(value - math.log(2)) for value in divergence)}


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's."""
    from scipy.stats import spearmanr

    return float(spearmanr(x, y).statistic)


class Look:
    """Follows a training: the estimate of its critic, and the exact W1 to the data."""

    def __init__(self, term: str):
        self.term, self.estimates, self.exact, self.recent, self.reach = term, [], [], [], 0.0

    def __call__(self, trainer: Trainer, terms: dict[str, Tensor]) -> None:
        self.recent.append(-float(terms[self.term]))
        model = trainer.model
        if hasattr(model, "critic"):
            bound = torch.tensor(model.cfg.clip)          # in the precision of the weights
            self.reach = max(self.reach, *(float(p.abs().max() / bound) for p in model.critic.parameters()))
        if trainer.step % EVERY == 0:
            real = trainer.data.all()[:MATCHED]
            self.exact.append(wasserstein(real, model.sample(MATCHED, seed=trainer.step)))
            self.estimates.append(sum(self.recent) / len(self.recent))
            self.recent.clear()

    def correlation(self) -> float:
        """Between the estimates and the exact distances."""
        return rank_correlation(self.estimates, self.exact)


def training(trial: Trial) -> dict[str, float | list[float]]:
    """Train both on the ring, and set their losses against the exact distance."""
    look, baseline = Look("critic/wasserstein"), Look("discriminator/adversarial")
    done, plain = trial.train("wgan", look), trial.train("gan", baseline)
    found: dict[str, float | list[float]] = {
        "largest weight over c": look.reach, **covered(trial, "wgan", done), **covered(trial, "gan", plain)}
    for side, seen in (("wgan", look), ("gan", baseline)):
        found |= {f"rank correlation with W1, {side}": seen.correlation(), f"W1 at the end, {side}": seen.exact[-1],
                  f"W1, {side}": seen.exact, f"estimates, {side}": seen.estimates}
    return found


def without_norm(trial: Trial) -> dict[str, float]:
    """Train generators without batch norm, and one with it in the game that fails without; judge 1000 samples each."""
    found: dict[str, float] = {}
    for side in ("no norm, wgan", "no norm, minimax", "no norm, -log D", "norm, minimax"):
        found |= judged(trial, side, trial.train(side))
    return found | {"fid ratio, no norm": found["fid, no norm, wgan"] / found["fid, no norm, minimax"]}


def levels(count: int) -> Tensor:
    """Levels of probability, (count, 1): the midpoints of as many equal parts of [0, 1]."""
    return ((torch.arange(count, dtype=torch.float64) + 0.5) / count).unsqueeze(1)


def exponential(level: Tensor) -> Tensor:
    """The quantiles of Exp(1) - 1, whose mean is 0 and whose standard deviation is 1."""
    return -torch.log1p(-level) - 1


def exponential_data() -> Dataset:
    return ArrayDataset(exponential(levels(10_000)).float().numpy(), DataSpec(shape=(1,)), name="Exp(1) - 1")


def transport(trial: Trial) -> dict[str, float]:
    """Play in one dimension, and set G(z) against the monotone map from N(0, 1) to the data.

    Once from the identity, and once, stored but not judged, from random weights.
    """
    found, curves = {}, {}                   # the map is drawn first, and widest
    for start in ("identity", "random weights"):
        along, x, real = _carried(trial, identity=start == "identity")
        suffix = "" if start == "identity" else ", from random weights"
        found |= {f"rank correlation of z and G(z){suffix}": abs(rank_correlation(along.tolist(), x.tolist())),
                  f"W1 of G(z), 1-D{suffix}": wasserstein(x[:, None], real[:, None])}
        curves.setdefault("monotone map", (along.tolist(), real.tolist()))
        curves[f"G, {start}"] = (along.tolist(), x.tolist())
    trial.panel("G in one dimension", curves_panel(curves, "z"))
    return found


def _carried(trial: Trial, identity: bool) -> tuple[Tensor, Tensor, Tensor]:
    """z, G(z) and the map's value, at equal levels, not drawn: two draws of 2000 are 0.04 apart by chance."""
    trainer = trial.start("transport")
    model = trainer.model

    def as_identity(batch: Batch) -> dict[str, Tensor]:
        z = model.noise(batch)
        return {"identity": (model.generator(z) - z).square().mean()}

    for _ in range(HEAD_START if identity else 0):
        trainer.update("generator", as_identity, trainer.batch())
    trainer.reset_optimizer("generator")
    trainer.fit()
    z = torch.special.ndtri(levels(LEVELS))
    with trainer.averaged() as done, torch.no_grad():
        x = done.generate(z.float()).double()
    return z[:, 0], x[:, 0], exponential(levels(LEVELS))[:, 0]


def measure(trial: Trial) -> dict[str, float | list[float]]:
    return training(trial) | parallel_lines(trial) | transport(trial) | without_norm(trial)


LINES = {"z_dim": 1, "batch_size": 128}
DIGITS = {"steps": 500}                      # of the generator, in every game

CLAIM = Claim(
    statement="The critic's loss follows the Wasserstein distance while training, and grows linearly with the distance "
              "of disjoint supports, where the Jensen-Shannon divergence is flat at log 2. "
              "It carries a one-dimensional generator from the identity to the optimal transport map, and trains one "
              "without batch norm in 500 steps, in which the minimax game learns nothing yet.",
    baseline="the GAN game; for the generator without batch norm, its Algorithm 1 (at this size -log D trains)",
    sides={
        "wgan": Side("wgan", "ring"),
        "gan": Side("gan", "ring", {"steps": 2_000}),
        "lines, wgan": Side("wgan", "ring", LINES | {"clip": 0.01, "lr": 5e-4}, line),
        "lines, gan": Side("gan", "ring", LINES, line),
        "transport": Side("wgan", "ring", {"z_dim": 1, "width": 64, "lr": 5e-5, "batch_size": 256, "steps": 1_800,
                                           "ema": 128_000}, exponential_data),
        "no norm, wgan": Side("wgan", "small", DIGITS | {"generator_norm": "none"}),
        "no norm, minimax": Side("recipe", "small", DIGITS | {"generator_norm": "none", "objective": "saturating"}),
        "no norm, -log D": Side("recipe", "small", DIGITS | {"generator_norm": "none"}),
        "norm, minimax": Side("recipe", "small", DIGITS | {"objective": "saturating"}),
    },
    checks=(
        Check("minus the critic's loss follows the exact W1", "rank correlation with W1, wgan", "at least", 0.8,
              "catalogue OBJ-05 (i); 1701.07875, Fig. 3"),
        Check("the GAN's does not", "rank correlation with W1, gan", "below", 0.5,
              "catalogue OBJ-05 (i); 1701.07875, Fig. 4"),
        Check("the estimate of W is linear in theta", "R2 of W against theta", "above", 0.98,
              "catalogue OBJ-05 (ii); 1701.07875, Example 1"),
        Check("the estimate of JS is log 2 at every theta", "distance of JS from log 2", "below", 0.05,
              "catalogue OBJ-05 (ii); 1701.07875, Example 1"),
        Check("no weight of the critic leaves [-c, c]", "largest weight over c", "at most", 1,
              "1701.07875, Alg. 1"),
        Check("in 1-D, G(z) follows the order of z", "rank correlation of z and G(z)", "at least", 0.995,
              "catalogue OBJ-05 (optimal transport): 1 to two decimals"),
        Check("and transports z to the data", "W1 of G(z), 1-D", "at most", 0.05,
              "catalogue OBJ-05 (optimal transport); the data has standard deviation 1"),
        Check("without batch norm in G, all ten digits among 1000 samples", "classes, no norm, wgan", "at least", 10,
              "catalogue OBJ-05 (iii); 1701.07875, Sec. 4.3: no mode collapse"),
        Check("and at most half the FID of the minimax game without it", "fid ratio, no norm", "at most", 0.5,
              "catalogue OBJ-05 (iii); weaker than 1701.07875, Fig. 6, where -log D fails too"),
    ),
    measure=measure,
)

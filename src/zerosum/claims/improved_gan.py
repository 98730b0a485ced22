"""Claim of Improved GAN (1606.03498): each technique does what its section says, and minibatch features keep modes."""

import math

import torch
from torch import nn

from ..layers import HistoricalAverage
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .known import Fixed, P, Q, gaussian, samples_of
from .panels import curves_panel, images_panel, points_panel
from .stacked_digits import PLAIN_STACKED, REGIME, against_plain, modes_of
from .trial import Trial

SAMPLES = 2_500                              # of which a mode must receive 20
ALPHA = 0.9                                  # the smoothed target
HEAD_START = 200                             # updates of a discriminator alone
GAME_STEPS, GAME_RATE, GAME_WEIGHT = 1_500, 0.02, 0.1


def collapse(trial: Trial, side: str) -> dict[str, float]:
    """Play the max-min game on the ring; how many modes are left?"""
    done = trial.train(side)
    x = done.model.sample(SAMPLES, seed=trial.seed)
    modes = count_modes(x, done.data.modes, done.data.mode_std)
    trial.panel(f"{side}: {modes.reached} of 8 modes", points_panel(x, done.data.all()[:SAMPLES]))
    return {f"modes, {side}": modes.reached, f"modes within 3 sigma, {side}": modes.reached_narrowly,
            f"high quality, {side}": modes.high_quality}


def digits(trial: Trial, side: str) -> dict[str, float]:
    """Train on digits; let the judges look at 1000 samples, and see whether a sample depends on its batch."""
    done = trial.train(side)
    model, z = done.trainer.model, done.model.noise(64, torch.Generator().manual_seed(trial.seed))
    change = (model.generate(z)[:32] - model.generate(z[:32])).abs().max()      # of the live model, as it trains
    x = done.model.sample(1_000, seed=trial.seed)
    fid = judge_fid(x, done.data)
    trial.panel(f"{side}: FID {fid:.2f}", images_panel(x))
    return {f"change by the batch, {side}": float(change), f"fid, {side}": fid, f"classes, {side}": coverage(x)}


def confidence_of_d(trial: Trial, side: str) -> float:
    """Give the discriminator a head start; the mean D(x) of real digits."""
    trainer = trial.start(side)
    for _ in range(HEAD_START):
        trainer.update("discriminator", trainer.model.discriminator_loss, trainer.batch())
    batches = trainer.data.all().split(trainer.config.batch_size)[:-1]
    return float(torch.cat([torch.sigmoid(trainer.model.scores(x)) for x in batches]).mean())


def optimum(trial: Trial) -> dict[str, float]:
    """Train D alone between two known Gaussians; compare it with alpha p / (p + q)."""
    trainer = trial.start("known Gaussians")
    model = trainer.model
    model.generator = Fixed(1)
    for _ in range(2_000):
        trainer.update("discriminator", model.discriminator_loss, trainer.batch())
    model.eval()
    axis = torch.linspace(-3, 3, 601)[:, None]
    p, q = (gaussian(*density, 1).log_prob(axis) for density in (P, Q))
    best, found = ALPHA * torch.sigmoid(p - q), torch.sigmoid(model.scores(axis))
    trial.panel("D between two known Gaussians", curves_panel(
        {"0.9 p/(p+q)": (axis[:, 0].tolist(), best.tolist()), "trained D": (axis[:, 0].tolist(), found.tolist())}, "x"))
    return {"error of D": float((found - best).abs().mean()), "largest D": float(found.max())}


class Number(nn.Module):
    """A player that is one number."""

    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))


def game(weight: float) -> list[float]:
    """Distances from the equilibrium (1, 1) of the paper's game: x minimises and y maximises (f(x) - 1)(y - 1).

    f(x) = x for x < 0 and x^2 otherwise (Sec. 3.3). Both follow their gradient at the same time.
    """
    players, distances = (Number(1.5), Number(0.5)), []
    history = [HistoricalAverage(player) for player in players]
    for _ in range(GAME_STEPS):
        for player, average in zip(players, history, strict=True):
            average.record(player)
        x, y = (player.value for player in players)
        value = (torch.where(x < 0, x, x.square()) - 1) * (y - 1)
        costs = (sign * value + weight * average(player)
                 for sign, player, average in zip((1, -1), players, history, strict=True))
        grads = [torch.autograd.grad(cost, player.value, retain_graph=True)[0]
                 for cost, player in zip(costs, players, strict=True)]
        with torch.no_grad():
            for player, grad in zip(players, grads, strict=True):
                player.value -= GAME_RATE * grad
        distances.append(math.hypot(x.item() - 1, y.item() - 1))
    return distances


def orbits(trial: Trial) -> dict[str, float]:
    """The paper's example of a game that gradient descent cannot solve, with and without historical averaging."""
    found = {name: game(weight) for name, weight in (("plain", 0.0), ("historical averaging", GAME_WEIGHT))}
    trial.panel("distance from equilibrium", curves_panel(
        {name: (range(GAME_STEPS), distances) for name, distances in found.items()}, "steps"))
    return {f"distance at the end, {name}": distances[-1] for name, distances in found.items()}


def measure(trial: Trial) -> dict[str, float]:
    found = {f"D of real digits, {name}": confidence_of_d(trial, side)
             for name, side in (("smoothed", "improved, digits"), ("not smoothed", "not smoothed, digits"))}
    for side in RING:
        found |= collapse(trial, side)
    for side in ("improved, digits", "plain, digits"):
        found |= digits(trial, side)
    return (found | optimum(trial) | orbits(trial) | against_plain(trial, "improved")
            | modes_of(trial, "without minibatch discrimination"))


RING = {"minibatch discrimination": {}, "plain": {"kernels": 0},
        "feature matching": {"kernels": 0, "feature_matching": True}}
DIGITS = {"network": "mlp", "width": 128, "prior": "normal", "kernels": 8, "lr": 1e-3, "steps": 1_500}
OFF = {"kernels": 0, "real_target": (1.0, 1.0), "generator_norm": "batch"}

CLAIM = Claim(
    statement="Where the plain game collapses, a discriminator that sees how alike the samples of a batch are keeps "
              "the modes; smoothed labels bring D to 0.9 p/(p+q); virtual batch norm makes a sample independent of its "
              "batch; and historical averaging ends the orbits of gradient descent in the paper's example. The first "
              "three together find more of the 1000 modes of stacked digits than the plain GAN.",
    baseline="the same networks, optimiser, batch and steps with the techniques switched off; on digits, with batch "
             "norm in the generator; on stacked digits the same without minibatch discrimination is reported, which "
             "three seeds do not tell apart",
    sides={
        **{name: Side("improved-gan", "ring", settings) for name, settings in RING.items()},
        "improved, digits": Side("improved-gan", "small", DIGITS),
        "not smoothed, digits": Side("improved-gan", "small", DIGITS | {"real_target": (1.0, 1.0)}),
        "plain, digits": Side("improved-gan", "small", DIGITS | OFF),
        "improved, stacked digits": Side("improved-gan", "small", REGIME | {"kernels": 8}),
        "without minibatch discrimination, stacked digits": Side("improved-gan", "small", REGIME | {"kernels": 0}),
        **PLAIN_STACKED,
        "known Gaussians": Side("improved-gan", "ring", {
            "z_dim": 2, "kernels": 0, "real_target": (ALPHA, ALPHA), "width": 64, "batch_size": 256,
        }, lambda: samples_of(gaussian(*P, 1), "N(-0.5, 1)")),
    },
    checks=(
        Check("minibatch discrimination keeps the modes", "modes, minibatch discrimination", "at least", 7,
              "catalogue TRK-09"),
        Check("the plain game collapses", "modes, plain", "at most", 2, "catalogue TRK-09"),
        Check("smoothed, D is not sure of real digits", "D of real digits, smoothed", "at most", 0.95,
              "catalogue TRK-04"),
        Check("not smoothed, it is", "D of real digits, not smoothed", "above", 0.95, "catalogue TRK-04"),
        Check("trained D is 0.9 p/(p+q)", "error of D", "below", 0.05, "catalogue TRK-04; as for GAN"),
        Check("with virtual batch norm a sample is the same in every batch", "change by the batch, improved, digits",
              "at most", 1e-4, "catalogue TRK-11; 1606.03498, Sec. 3.5"),
        Check("with batch norm it is not", "change by the batch, plain, digits", "above", 0.01,
              "1606.03498, Sec. 3.5"),
        Check("historical averaging finds the equilibrium", "distance at the end, historical averaging", "below", 0.05,
              "catalogue TRK-11; 1606.03498, Sec. 3.3"),
        Check("gradient descent orbits it", "distance at the end, plain", "above", 0.5, "1606.03498, Sec. 3.3"),
        Check("all ten digits among 1000 samples", "classes, improved, digits", "at least", 10,
              "1606.03498, Sec. 5: samples of all classes"),
        Check("finds at least 1.2 times as many modes of stacked digits as the plain GAN",
              "times the plain GAN's modes", "at least", 1.2, "1611.02163, Sec. 3.3.1; 1.4 to 4.2 on seeds 10 to 12"),
        Check("and at least 1.5 times as many that the judge is sure of", "times the plain GAN's clear modes",
              "at least", 1.5, "2.0 to 8.6 on seeds 10 to 12"),
        Check("the KL divergence of its modes is below the plain GAN's", "KL of 1000 modes, improved", "below",
              "KL of 1000 modes, plain", "1611.02163, Sec. 3.3.1"),
    ),
    measure=measure,
)

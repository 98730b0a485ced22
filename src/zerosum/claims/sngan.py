"""Claim of SNGAN (1802.05957): weights of norm one keep the game going at rates where a free discriminator ends it.

Training flattens the spectrum of the weights: the second singular value comes within a few percent of the first, and
the power method converges with the square of their ratio. So with one step a pass, as in the paper, u and v are always
on their way: sigma is a few percent too small, and the norm that much above one, while the weights move. Five steps a
pass halve it; when the weights rest, it goes.
"""

import statistics
import time

import torch
from torch import Tensor

from ..core import Model, NonFiniteError
from ..layers import SpectralNorm
from .claim import Check, Claim, Side
from .digits import judged
from .trial import Trial

ROUNDS = 7                                   # of steps that are timed, in turns; the first warms up
PASSES = 1_000                               # steps of the power method on weights that rest


def largest_deviation(model: Model) -> float:
    """How far the largest singular value of a normalised weight of the discriminator is from one, at most."""
    layers = [layer for layer in model.discriminator.eval().modules() if isinstance(layer, SpectralNorm)]
    return max(float((torch.linalg.matrix_norm(layer.normalized_weight().detach().flatten(1), 2) - 1).abs())
               for layer in layers)


@torch.no_grad()
def let_rest(model: Model, x: Tensor) -> None:
    """Pass x through the discriminator, again and again, while no weight moves: the power method catches up."""
    model.discriminator.train()
    for _ in range(PASSES):
        model.discriminator(x)


def seconds_per_step(trial: Trial, *sides: str) -> list[float]:
    """Median CPU seconds of one step of each side, taking turns."""
    trainers, spent = [trial.start(side) for side in sides], [[] for _ in sides]
    for _ in range(ROUNDS):
        for trainer, times in zip(trainers, spent, strict=True):
            start = time.process_time()
            trainer.play()
            times.append(time.process_time() - start)
    return [statistics.median(times[1:]) for times in spent]


def same_networks(*models: Model) -> bool:
    """Whether models have the same weights to train, by shape and in order."""
    return len({tuple(tuple(p.shape) for p in model.parameters()) for model in models}) == 1


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for side in ("sngan", "sngan, fast", "no norm", "no norm, fast"):
        try:
            done = trial.train(side)
        except NonFiniteError as error:      # the end of the game, and an answer
            trial.report(f"seed {trial.seed}: {side}: {error}")
            found |= {f"fid, {side}": torch.inf, f"classes, {side}": 0}
            continue
        found |= judged(trial, side, done)
        if side == "sngan":
            found["deviation of the norm from one, in training"] = largest_deviation(done.model)
            let_rest(done.model, done.model.sample(1, seed=trial.seed))
            found["deviation of the norm from one, at rest"] = largest_deviation(done.model)
    for side in ("sngan", "no norm"):
        found[f"fid ratio, {side}"] = found[f"fid, {side}, fast"] / found[f"fid, {side}"]
    penalised, normalised = seconds_per_step(trial, "wgan-gp", "sngan")
    equal = same_networks(*(trial.start(side).model for side in ("wgan-gp", "sngan")))
    return found | {"CPU s a step, wgan-gp": penalised, "CPU s a step, sngan": normalised, "equal networks": equal,
                    "cost": normalised / penalised}


FAST = {"lr": 1e-3, "betas": (0.9, 0.999)}   # setting F of Table 1: five times the rate, and momentum

CLAIM = Claim(
    statement="With weights of spectral norm one, the game survives five times the learning rate and strong momentum, "
              "where the same discriminator without them does not; and it costs less than a gradient penalty.",
    baseline="the same networks, loss, optimiser and steps without normalization; for the cost, WGAN-GP's step on "
             "the same networks and batch",
    sides={
        "sngan": Side("sngan", "small"),
        "sngan, fast": Side("sngan", "small", FAST),
        "no norm": Side("sngan", "small", {"norm": "none"}),
        "no norm, fast": Side("sngan", "small", {"norm": "none"} | FAST),
        "wgan-gp": Side("wgan-gp", "small", {"batch_size": 32, "ema": 20_000}),
    },
    checks=(
        Check("every weight of the trained discriminator has norm one, once u and v have caught up with it",
              "deviation of the norm from one, at rest", "at most", 0.01,
              "catalogue OBJ-14: 1 +- 1e-2 by singular value decomposition"),
        Check("one step of the power method a pass keeps up with weights that move, to a tenth",
              "deviation of the norm from one, in training", "at most", 0.1,
              "1802.05957, App. A: one step is sufficient; it has no figure, the bar is ours"),
        Check("with five times the rate and momentum, FID at most 1.5 times as large", "fid ratio, sngan", "at most",
              1.5, "catalogue OBJ-14; 1802.05957, Fig. 1, setting F"),
        Check("without normalization it doubles at least", "fid ratio, no norm", "at least", 2,
              "catalogue OBJ-14; 1802.05957, Fig. 1, setting F"),
        Check("all ten digits among 1000 samples", "classes, sngan", "at least", 10, "catalogue OBJ-14"),
        Check("a step costs less than WGAN-GP's", "cost", "below", 1, "catalogue OBJ-14; 1802.05957, Sec. 4.1.3"),
        Check("on the same networks", "equal networks", "exactly", 1, "catalogue OBJ-14"),
    ),
    measure=measure,
    timed=("CPU s a step, wgan-gp", "CPU s a step, sngan", "cost"),
)

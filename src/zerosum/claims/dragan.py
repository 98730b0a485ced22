"""Claim of DRAGAN (1705.07215): of games drawn at random, more are learnt when D is held around the data.

The paper draws G and D apart (its "BogoNet" score), so that most games are unbalanced, and compares final inception
scores and the areas under their curves. Here too: depth and width of each player and the rate are drawn, no game twice.
Of 30 games 25 train, and 17 of the GAN's; in 29 the final score is above the GAN's. It gains most where D is the
stronger player, whose slope around the data grows to 20 without the penalty. A deep G against a weak D seldom learns on
either side, and where both were drawn alike, as in an earlier form of this claim, classes did not tell the two apart.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from statistics import fmean, median
from typing import Any

import torch
from torch import Tensor

from ..core import NonFiniteError
from ..metrics.distribution.inception_score import inception_score
from ..metrics.distribution.modes import count_modes
from ..metrics.features.judge import judge
from ..penalties import input_gradient
from .claim import Check, Claim, Side
from .digits import coverage
from .panels import images_panel, points_panel
from .trial import Trial

DRAWS, CLASSES = 10, 9                       # games of the lottery, and the classes of a run that counts as trained
LOOKS = 6                                    # at the inception score of a run
SAMPLES = 2_500                              # on the ring, of which a mode must receive 20
GAMES = {"depth": (1, 2, 3, 4), "width": (16, 32, 64, 128), "d_depth": (1, 2, 3, 4), "d_width": (16, 32, 64, 128),
         "lr": (3e-4, 1e-3, 3e-3)}
SIDES = ("dragan", "gan")


@dataclass(frozen=True)
class Run:
    """What one game led to; where it met what is not finite, no classes, an infinite slope and no samples."""

    scores: list[float]                      # the inception score at each look
    classes: int = 0
    slope: float = math.inf                  # mean norm of D's gradient at real samples
    x: Tensor | None = None


def drawn(seed: int) -> list[dict[str, Any]]:
    """The games of the lottery, no two of them the same."""
    games = random.Random(seed).sample([*product(*GAMES.values())], DRAWS)
    return [dict(zip(GAMES, game, strict=True)) for game in games]


def play(trial: Trial, side: str, game: Mapping[str, Any]) -> Run:
    """Train one game."""
    ours = trial.sides[f"{side}, lottery"]
    trainer = trial.start(replace(ours, settings={**ours.settings, **game}))
    scores: list[float] = []
    try:
        for look in range(1, LOOKS + 1):
            trainer.fit(trainer.config.steps * look // LOOKS)
            x = trainer.model.sample(1_000, seed=trial.seed)
            scores.append(inception_score(judge("digits").probabilities(x))[0])
    except NonFiniteError as error:
        trial.report(f"seed {trial.seed}: {side}: {error}")
        return Run(scores + [1.0] * (LOOKS - len(scores)))       # 1 is the lowest there is
    slopes = input_gradient(trainer.model.discriminator, trainer.data.all()[:500]).detach().flatten(1).norm(dim=1)
    return Run(scores, int(coverage(x)), float(slopes.mean()), x)


def lottery(trial: Trial) -> dict[str, float | list[float]]:
    """Train both sides on every game: how many reach nine of the ten classes, and what the paper compares."""
    found: dict[str, float | list[float]] = {}
    for side in SIDES:
        runs = [play(trial, side, game) for game in drawn(trial.seed)]
        classes, slopes = [run.classes for run in runs], [run.slope for run in runs]
        scores = {"final score": [run.scores[-1] for run in runs], "area": [fmean(run.scores) for run in runs]}
        found |= {f"classes, {side}": classes, f"slopes, {side}": slopes, f"median slope, {side}": median(slopes),
                  f"games that train, {side}": sum(reached >= CLASSES for reached in classes)}
        for what, each in scores.items():
            found |= {f"{what}s, {side}": each, f"mean {what}, {side}": fmean(each)}
        rows = torch.cat([run.x[:10] for run in runs if run.x is not None])
        trial.panel(f"{side}: one game a row", images_panel(rows, len(rows)))
        trial.report(f"seed {trial.seed}: {side} reaches {classes} classes")
    return found | {"advantage": (found["games that train, dragan"] - found["games that train, gan"]) / DRAWS}


def measure(trial: Trial) -> dict[str, float | list[float]]:
    found = lottery(trial)
    for side in SIDES:
        done = trial.train(f"{side}, ring")
        x = done.model.sample(SAMPLES, seed=trial.seed)
        modes = count_modes(x, done.data.modes, done.data.mode_std)
        found |= {f"modes, {side}": modes.reached, f"high quality, {side}": modes.high_quality}
        trial.panel(f"{side}: {modes.reached} of 8 modes", points_panel(x, done.data.all()[:SAMPLES]))
    return found


LOTTERY = {"data": "digits", "image_size": 8, "network": "mlp", "z_dim": 32, "batch_size": 64, "steps": 1_200}
RING = {"steps": 2_000}

CLAIM = Claim(
    statement="Of ten games between multilayer perceptrons without batch norm, with the depth and width of either and "
              "the learning rate drawn at random, more learn the digits when the discriminator's slope is held at one "
              "around real samples, with a higher inception score on average, at the end and all along.",
    baseline="the GAN: the same system and first weights without the penalty, with which its updates are those of gan",
    sides={
        "dragan, lottery": Side("dragan", "tiny", LOTTERY),
        "gan, lottery": Side("dragan", "tiny", LOTTERY | {"penalty": 0.0}),
        "dragan, ring": Side("dragan", "ring", RING),
        "gan, ring": Side("gan", "ring", RING),
    },
    checks=(
        Check("of ten games, two more reach nine digits than of the GAN's", "advantage", "at least", 0.2,
              "catalogue OBJ-08; 1705.07215, stability over random architectures"),
        Check("the mean inception score at the end is above the GAN's", "mean final score, dragan", "above",
              "mean final score, gan", "1705.07215, BogoNet score"),
        Check("so is the area under its curve", "mean area, dragan", "above", "mean area, gan", "likewise"),
        Check("its slope around the data is not below one", "median slope, dragan", "at least", 0.8,
              "catalogue OBJ-08; 1705.07215, Alg. 1: k = 1"),
        Check("nor above one", "median slope, dragan", "at most", 1.2, "likewise"),
        Check("that of the GAN is", "median slope, gan", "above", 1.2,
              "1705.07215: steep around real samples"),
    ),
    measure=measure,
)

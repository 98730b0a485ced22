"""Claim of BEGAN (1703.10717): the controller holds the ratio of energies at gamma, and gamma sets the diversity."""

from itertools import pairwise
from statistics import mean

import torch
from torch import Tensor

from ..engine import Trainer
from .claim import Check, Claim, Side
from .digits import SAMPLES, judged
from .panels import curves_panel
from .points import covered
from .trial import Trial

LAST, FIRST = 0.2, 50                        # the share of training at its end, and the steps at its start, averaged
EVERY = 20                                   # steps between points of the drawn curves
GAMMAS = (0.3, 0.5, 0.7)


def diversity(x: Tensor) -> float:
    """The mean distance between two different samples."""
    return float(torch.pdist(x.flatten(1)).mean())


def digits(trial: Trial, side: str) -> tuple[dict[str, float], list[float]]:
    """Train a side on digits; returns what is measured of it, and M step by step."""
    real: list[float] = []
    fake: list[float] = []
    measures: list[float] = []

    def look(trainer: Trainer, terms: dict[str, Tensor]) -> None:
        real.append(float(terms["discriminator/reconstruction"]))
        fake.append(float(terms["generator/adversarial"]))
        measures.append(float(terms["measure"]))

    done = trial.train(side, look)
    last = -int(LAST * len(real))
    ratio = mean(fake[last:]) / mean(real[last:])
    return {f"ratio, {side}": ratio, f"error of the ratio, {side}": abs(ratio / done.model.cfg.gamma - 1),
            f"diversity, {side}": diversity(done.model.sample(SAMPLES, seed=trial.seed)),
            f"M at the end / at the start, {side}": mean(measures[last:]) / mean(measures[:FIRST]),
            f"k at the end, {side}": float(done.model.k), **judged(trial, side, done)}, measures


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    curves = {}
    for side in (*(f"gamma {gamma}" for gamma in GAMMAS), "no control"):
        seen, measures = digits(trial, side)
        found |= seen
        curves[side] = (range(EVERY, len(measures) + 1, EVERY),
                        [mean(measures[i:i + EVERY]) for i in range(0, len(measures), EVERY)])
    trial.panel("M over training", curves_panel(curves, "steps"))
    return found | covered(trial, "began, ring", trial.train("began, ring"))


CLAIM = Claim(
    statement="The controller holds the energy of generated samples at gamma times that of real ones; a larger gamma "
              "makes more diverse samples; and the measure M falls as training converges.",
    baseline="the same without control (lambda_k = 0, so k = 0); and each gamma against the others",
    sides={
        **{f"gamma {gamma}": Side("began", "small", {"gamma": gamma}) for gamma in GAMMAS},
        "no control": Side("began", "small", {"gamma": GAMMAS[-1], "k_gain": 0.0}),
        "began, ring": Side("began", "ring"),
    },
    checks=(
        *(Check(f"gamma {gamma}: L(G(z)) / L(x) over the last fifth of training is gamma, to 15 %",
                f"error of the ratio, gamma {gamma}", "at most", 0.15, "catalogue OBJ-11; 1703.10717, Sec. 3.3")
          for gamma in GAMMAS),
        Check("without control it is not", "error of the ratio, no control", "above", 0.15, "ablation"),
        *(Check(f"samples at gamma {more} are further apart than at {less}", f"diversity, gamma {more}", "above",
                f"diversity, gamma {less}", "catalogue OBJ-11; 1703.10717, Sec. 4.2")
          for less, more in pairwise(GAMMAS)),
        *(Check(f"gamma {gamma}: M falls by at least 30 %", f"M at the end / at the start, gamma {gamma}", "at most",
                0.7, "catalogue OBJ-11; 1703.10717, Sec. 3.4.1") for gamma in GAMMAS),
    ),
    measure=measure,
)

"""What the claims on stacked digits share: a regime in which the plain GAN drops modes, and the count of the 1000."""

import torch

from ..metrics.distribution.classes import class_divergence
from ..metrics.features.stacked import stacked_judge
from .claim import Side
from .panels import images_panel
from .trial import Trial

SAMPLES, MODES = 26_000, 1_000               # 26 for each mode, as in the papers since 1705.07761
# Three hidden layers in each player, no normalization, and moves in turn. Chosen on seeds above 9, where the plain GAN
# begins with a handful of modes; it finds more of them for as long as it trains.
REGIME = {"data": "stacked-digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal",
          "lr": 1e-3, "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}
PLAIN_STACKED = {"plain, stacked digits": Side("recipe", "small", REGIME)}      # the same training in every claim


def modes_of(trial: Trial, name: str) -> dict[str, float]:
    """Train a side on stacked digits; count the triples among its samples, as the papers do, and those that are clear.

    The judge names a triple for anything; a clear one has more than half of its probability. The divergence is from
    equal shares, in nats.
    """
    done = trial.train(f"{name}, stacked digits")
    x = done.model.sample(SAMPLES, seed=trial.seed)
    certainty, triples = stacked_judge().probabilities(x).max(1)
    modes, clear = len(triples.unique()), certainty > 0.5
    trial.panel(f"{name}: {modes} of 1000 modes", images_panel(x))
    return {f"modes of 1000, {name}": modes, f"clear modes of 1000, {name}": len(triples[clear].unique()),
            f"clear samples, {name}": float(clear.double().mean()),
            f"KL of 1000 modes, {name}": class_divergence(torch.arange(MODES), triples)}


def against_plain(trial: Trial, name: str) -> dict[str, float]:
    """The same of a side and of the plain GAN, and how many times as many modes the side finds."""
    found = modes_of(trial, name) | modes_of(trial, "plain")
    clear = found[f"clear modes of 1000, {name}"] / max(1, found["clear modes of 1000, plain"])
    return found | {"times the plain GAN's modes": found[f"modes of 1000, {name}"] / found["modes of 1000, plain"],
                    "times the plain GAN's clear modes": clear}

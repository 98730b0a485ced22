"""What the claims on stacked digits share: a regime in which the plain GAN drops modes, and the count of the 1000."""

import torch
from torch import Tensor

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


def counted(x: Tensor) -> dict[str, float]:
    """The modes among images (N, 3, H, W): all that the judge names, as the papers count, and those it is sure of.

    It names three digits for anything; of clear ones it gives more than half of the probability to the three. The
    divergence is that from equal shares, in nats.
    """
    certainty, triples = stacked_judge().probabilities(x).max(1)
    clear = certainty > 0.5
    return {"modes of 1000": len(triples.unique()), "clear modes of 1000": len(triples[clear].unique()),
            "clear samples": float(clear.double().mean()),
            "KL of 1000 modes": class_divergence(torch.arange(MODES), triples)}


def modes_of(trial: Trial, name: str) -> dict[str, float]:
    """Train a side on stacked digits; count the modes among its samples, and show some."""
    done = trial.train(f"{name}, stacked digits")
    x = done.model.sample(SAMPLES, seed=trial.seed)
    found = counted(x)
    trial.panel(f"{name}: {found['modes of 1000']} of 1000 modes", images_panel(x))
    return {f"{quantity}, {name}": value for quantity, value in found.items()}


def against_plain(trial: Trial, name: str) -> dict[str, float]:
    """The same of a side and of the plain GAN, and how many times as many modes the side finds."""
    found = modes_of(trial, name) | modes_of(trial, "plain")
    ratios = {f"times the plain GAN's {kind}": found[f"{kind} of 1000, {name}"]
              / max(1, found[f"{kind} of 1000, plain"]) for kind in ("modes", "clear modes")}
    return found | ratios

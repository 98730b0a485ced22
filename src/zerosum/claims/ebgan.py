"""Claim of EBGAN (1609.03126): an auto-encoder's energy tells real from generated, and its images match the GAN's."""

from statistics import mean

import torch
from torch import Tensor

from ..data import load_data
from ..doctor.probe import area
from ..engine import Trainer
from .claim import Check, Claim, Side
from .digits import judged
from .points import covered
from .trial import Trial

LAST = 0.2                                   # the share of training over which energies are averaged
MARGIN = 0.3                                 # m on digits, in mean squared error of pixels in [-1, 1]


def measure(trial: Trial) -> dict[str, float]:
    played: list[float] = []                 # energies of generated samples, as the players met them

    def look(trainer: Trainer, terms: dict[str, Tensor]) -> None:
        if trainer.step > (1 - LAST) * trainer.config.steps:
            played.append(float(terms["generator/adversarial"]))

    done = trial.train("ebgan", look)
    found = judged(trial, "ebgan", done)
    real = load_data("digits", image_size=done.data.spec.height, split="test").all()
    noise = torch.rand(real.shape, generator=torch.Generator().manual_seed(trial.seed)) * 2 - 1
    scores = {"real": done.model.scores(real), "noise": done.model.scores(noise)}
    found |= {f"energy, {name}": -float(score.mean()) for name, score in scores.items()}
    found |= {"energy, generated": mean(played), "AUC, real against noise": area(scores["real"], scores["noise"])}
    for side in ("gan", "no margin"):
        found |= judged(trial, side, trial.train(side))
    for side in ("ebgan", "no margin"):
        found[f"fid ratio, {side}"] = found[f"fid, {side}"] / found["fid, gan"]
    return found | covered(trial, "ebgan, ring", trial.train("ebgan, ring"))


# The recipe's MLPs have three hidden layers too.
SAME = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal", "lr": 1e-3,
        "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}
EBGAN_DIGITS = SAME | {"depth": 3, "d_width": 128, "d_depth": 3, "margin": MARGIN}

CLAIM = Claim(
    statement="The auto-encoder's error is low at real samples, higher at generated ones and not above the margin, and "
              "tells digits from noise; images are as good as the GAN's. Without the margin the generator collapses to "
              "what is easiest to reconstruct.",
    baseline="the non-saturating GAN: the same generator, a discriminator of the same width and depth, the same "
             "optimiser, batch and steps",
    sides={
        "ebgan": Side("ebgan", "small", EBGAN_DIGITS),
        "gan": Side("recipe", "small", SAME),
        "no margin": Side("ebgan", "small", EBGAN_DIGITS | {"margin": 0.0}),
        "ebgan, ring": Side("ebgan", "ring"),
    },
    checks=(
        Check("real samples (the test split) have less energy than generated ones", "energy, real", "below",
              "energy, generated", "catalogue OBJ-09; 1609.03126, Eq. 1"),
        Check("generated samples have at most the margin", "energy, generated", "at most", MARGIN,
              "catalogue OBJ-09; 1609.03126, Thm. 1"),
        Check("the energy tells real digits from noise", "AUC, real against noise", "at least", 0.99,
              "catalogue OBJ-09"),
        Check("FID of digits at most 1.2 times the GAN's", "fid ratio, ebgan", "at most", 1.2, "catalogue OBJ-09"),
        Check("without the margin this is lost", "fid ratio, no margin", "above", 1.2,
              "ablation; 1609.03126, Sec. 2.3: contrastive samples are what regularises the auto-encoder"),
    ),
    measure=measure,
)

"""Claim of LSGAN (1611.04076): its optimum is as proven, it pulls where cross-entropy is flat, it needs less norm."""

import torch

from ..losses import Objective
from .claim import Check, Claim, Side
from .digits import judged
from .known import P, gaussian, known_gaussians, samples_of
from .trial import Trial

FAR = 5.0                                    # a score that says: surely real


def pull(objective: Objective, score: float) -> float:
    """The size of the generator's gradient with respect to one score."""
    s = torch.tensor([score], requires_grad=True)
    return float(torch.autograd.grad(objective.generator(s), s)[0].abs())


def optimum(trial: Trial) -> dict[str, float]:
    """Compare a D that was trained alone, with labels -1, 1, 0, with Eq. (5), and its 2 C with chi^2."""
    known = known_gaussians(trial, "known Gaussians")
    p, q, found = known.p, known.q, known.scores
    best = (p - q) / (p + q)
    known.panel(trial, "(p-q)/(p+q)", best, found)
    chi2 = known.integral((p - q).square() / (p + q))
    value = known.integral((p + q) * found.square())                      # 2 C = E_p[(D - c)^2] + E_q[(D - c)^2]
    return {"error of D": known.error(found, best), "chi-squared": chi2, "error of 2 C": abs(value - chi2)}


def digits(trial: Trial, side: str) -> dict[str, float]:
    """Train a side on digits; let the judges look at its samples, and see how it pulls."""
    done = trial.train(side)
    return judged(trial, side, done) | {f"pull at 5, {side}": pull(done.model.objective, FAR)}


def measure(trial: Trial) -> dict[str, float]:
    found = optimum(trial) | digits(trial, "lsgan") | digits(trial, "gan")
    return found | {"fid ratio": found["fid, lsgan"] / found["fid, gan"]}


# Neither player has batch norm: one of the paper's tests of stability (Sec. 4.3), on multilayer perceptrons.
SAME = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal", "lr": 1e-3,
        "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}

CLAIM = Claim(
    statement="Samples that fool the discriminator are still pulled to the boundary; D reaches (b p + a q)/(p + q), "
              "where the generator's loss is a Pearson chi-squared divergence; and without batch norm the images are "
              "no worse than those of the non-saturating GAN.",
    baseline="the same networks, optimiser, batch and steps under the non-saturating loss",
    sides={
        "lsgan": Side("lsgan", "small", SAME),
        "gan": Side("recipe", "small", SAME),
        "known Gaussians": Side("lsgan", "ring", {
            "fake_label": -1.0, "real_label": 1.0, "wanted_label": 0.0, "z_dim": 2, "width": 64, "batch_size": 256,
        }, lambda: samples_of(gaussian(*P, 1), "N(-0.5, 1)")),
    },
    checks=(
        Check("at a score of 5 the pull is 5 - c = 4", "pull at 5, lsgan", "exactly", 4.0, "catalogue OBJ-04; Fig. 2"),
        Check("where cross-entropy has none left", "pull at 5, gan", "below", 0.01, "catalogue OBJ-04"),
        Check("trained D is (b p + a q)/(p + q)", "error of D", "below", 0.1,
              "1611.04076, Eq. 5; 0.05 of the labels' range b - a = 2, as for GAN"),
        Check("its loss for G is the chi-squared divergence", "error of 2 C", "below", 0.05,
              "catalogue OBJ-04; 1611.04076, Eq. 7; as for GAN"),
        Check("without batch norm, FID at most the non-saturating GAN's in most seeds", "fid ratio", "at most",
              1.0, "catalogue OBJ-04; 1611.04076, Sec. 4.3"),
    ),
    measure=measure,
)

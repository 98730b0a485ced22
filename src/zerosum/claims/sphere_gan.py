"""Claim of Sphere GAN (CVPR 2019): on a sphere an integral probability metric needs neither clipping nor a penalty."""

import math

import torch

from ..core import NonFiniteError
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .panels import images_panel, points_panel
from .trial import Trial

SAMPLES = 2_500                              # of which a mode must receive 20


def digits(trial: Trial, side: str) -> dict[str, float]:
    """Train a side on digits; let the judges look at 1000 samples, if it stays finite."""
    try:
        done = trial.train(f"{side}, digits")
    except NonFiniteError as error:
        trial.report(f"seed {trial.seed}: {side}: {error}")
        return {f"fid, {side}": math.inf, f"classes, {side}": 0, f"range of scores, {side}": math.inf}
    x, real = done.model.sample(1_000, seed=trial.seed), done.data.all()[:500]
    with torch.no_grad():
        scores = torch.cat([done.model.scores(real), done.model.scores(x[:500])])
    found = {f"fid, {side}": judge_fid(x, done.data), f"classes, {side}": coverage(x),
             f"range of scores, {side}": float(scores.max() - scores.min())}
    trial.panel(f"{side}: FID {found[f'fid, {side}']:.2f}", images_panel(x))
    return found


def measure(trial: Trial) -> dict[str, float]:
    done = trial.train("sphere-gan, ring")
    x = done.model.sample(SAMPLES, seed=trial.seed)
    modes = count_modes(x, done.data.modes, done.data.mode_std)
    trial.panel(f"sphere-gan: {modes.reached} of 8 modes", points_panel(x, done.data.all()[:SAMPLES]))
    found = {"modes, sphere-gan": modes.reached, "high quality, sphere-gan": modes.high_quality}
    for side in ("sphere-gan", "plane", "gan"):
        found |= digits(trial, side)
    return found | {"fid ratio": found["fid, sphere-gan"] / found["fid, plane"]}


DIGITS = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal",
          "lr": 1e-3, "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}
BOUND = math.pi + math.pi ** 2 + math.pi ** 3         # of the sum of three moments

CLAIM = Claim(
    statement="With its critic on a sphere, a difference of expected distances trains without clipping and without a "
              "penalty, where the same game on scores that are not bounded does not; it covers a ring of eight "
              "Gaussians and all ten digits.",
    baseline="the same game on the plane: Wasserstein's objective on free scores, with the same networks but for the "
             "last layer, optimiser, batch and steps; beside it the non-saturating GAN",
    sides={
        "sphere-gan, ring": Side("sphere-gan", "ring"),
        "sphere-gan, digits": Side("sphere-gan", "small", DIGITS),
        "plane, digits": Side("recipe", "small", DIGITS | {"objective": "wasserstein"}),
        "gan, digits": Side("recipe", "small", DIGITS),
    },
    checks=(
        Check("covers the ring", "modes, sphere-gan", "at least", 6, "catalogue OBJ-20"),
        Check("all ten digits among 1000 samples", "classes, sphere-gan", "at least", 10, "catalogue OBJ-20"),
        Check("its scores stay within their bound", "range of scores, sphere-gan", "at most", BOUND,
              "CVPR 2019, Sec. 3: a bounded metric space"),
        Check("on the plane they do not", "range of scores, plane", "above", BOUND, "likewise: nothing binds them"),
        Check("FID at most half of that on the plane", "fid ratio", "at most", 0.5,
              "CVPR 2019, Sec. 4: stable without additional constraints"),
    ),
    measure=measure,
)

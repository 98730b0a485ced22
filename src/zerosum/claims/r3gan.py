"""Claim of R3GAN (2501.05441): the relativistic loss finds every mode, and under R1 and R2 it does not diverge."""

from statistics import fmean

import torch

from ..core import NonFiniteError
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .panels import curves_panel, images_panel, points_panel
from .stacked_digits import PLAIN_STACKED, REGIME, against_plain
from .trial import Trained, Trial

SAMPLES = 2_500                              # of which a mode must receive 20
PARTS = ("r3gan", "relativistic", "gan")     # the whole, without its penalties, without the relativistic loss either
EVERY, LAST = 10, 50                         # rounds between points of a curve, and rounds that are its end


def trained(trial: Trial, side: str) -> tuple[Trained | None, list[float]]:
    """A trained side, None where it diverged to what is not a number, and the generator's loss in every round."""
    losses: list[float] = []
    try:
        return trial.train(side, lambda _, terms: losses.append(float(terms["generator/adversarial"]))), losses
    except NonFiniteError as error:
        trial.report(f"seed {trial.seed}: {side}: {error}")
        return None, [*losses, torch.inf]


def grid(trial: Trial, part: str) -> dict[str, float]:
    """Modes of the grid that a part of the system finds."""
    done, _ = trained(trial, f"{part}, grid")
    if done is None:
        return {f"modes, {part}": 0, f"high quality, {part}": 0.0}
    x = done.model.sample(SAMPLES, seed=trial.seed)
    modes = count_modes(x, done.data.modes, done.data.mode_std)
    trial.panel(f"{part}: {modes.reached} of 25 modes", points_panel(x, done.data.all()[:SAMPLES]))
    return {f"modes, {part}": modes.reached, f"high quality, {part}": modes.high_quality}


def digits(trial: Trial, part: str) -> tuple[dict[str, float], list[float]]:
    """What the judges see in 1000 digits of a part of the system, and its generator's losses."""
    done, losses = trained(trial, f"{part}, digits")
    found = {f"fid, {part}": torch.inf, f"classes, {part}": 0.0, f"loss of G at the end, {part}": fmean(losses[-LAST:]),
             f"largest loss of G, {part}": max(losses)}
    if done is not None:
        x = done.model.sample(1_000, seed=trial.seed)
        found |= {f"fid, {part}": judge_fid(x, done.data), f"classes, {part}": coverage(x)}
        trial.panel(f"{part}: FID {found[f'fid, {part}']:.1f}", images_panel(x))
    return found, losses


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in PARTS:
        found |= grid(trial, part)
    curves = {}
    for part in PARTS:
        of_part, losses = digits(trial, part)
        found |= of_part
        curves[part] = (range(0, len(losses), EVERY), losses[::EVERY])
    trial.panel("the generator's loss on digits", curves_panel(curves, "round"))
    growth = found["largest loss of G, relativistic"] / found["largest loss of G, r3gan"]
    return found | {"growth of G's loss": growth} | against_plain(trial, "r3gan's loss")


STEPS, BATCH = 330, 64
POINTS = {"data": "grid", "network": "mlp", "width": 128, "z_dim": 2, "lr": 2e-3, "betas": (0.0, 0.99),
          "batch_size": 128, "ema": 0.0, "steps": 2_000}
DIGITS = {"data": "digits", "image_size": 8, "batch_size": BATCH, "width": 16, "z_dim": 64, "steps": STEPS,
          "ema": 5_000.0}
PLAIN = DIGITS | {"network": "r3gan", "betas": (0.0, 0.99)}

CLAIM = Claim(
    statement="The relativistic loss under R1 and R2 covers a grid of 25 Gaussians, and makes better digits with "
              "residual networks without normalization than the GAN does; without the penalties both are lost, and "
              "the generator's loss breaks out. Under all three a generator finds more "
              "of the 1000 modes of stacked digits than in the plain game.",
    baseline="the same networks, optimiser, batch and steps: under the relativistic loss alone, and under the "
             "non-saturating one, on digits at the better of its learning rates 1e-3, 2e-3 and 4e-3; on stacked digits "
             "both losses train perceptrons at one constant learning rate",
    sides={
        "r3gan, grid": Side("r3gan", "grid"),
        "relativistic, grid": Side("recipe", "small", POINTS | {"objective": "relativistic"}),
        "gan, grid": Side("recipe", "small", POINTS),
        "r3gan, digits": Side("r3gan", "small", DIGITS | {"decay_images": 2 * BATCH * STEPS}),
        "relativistic, digits": Side("recipe", "small", PLAIN | {"objective": "relativistic", "lr": 4e-3}),
        "gan, digits": Side("recipe", "small", PLAIN | {"lr": 2e-3}),
        "r3gan's loss, stacked digits": Side("recipe", "small", REGIME | {
            "objective": "relativistic", "penalty": "r1+r2", "penalty_weight": 10.0}),
        **PLAIN_STACKED,
    },
    checks=(
        Check("covers the grid", "modes, r3gan", "at least", 25, "2501.05441, Sec. 2; catalogue, Sec. 0.3"),
        Check("the relativistic loss alone does not", "modes, relativistic", "at most", 18,
              "2501.05441, Sec. 2; catalogue OBJ-07"),
        Check("nor does the plain GAN", "modes, gan", "at most", 18, "catalogue OBJ-07"),
        Check("FID of digits below the plain GAN's", "fid, r3gan", "below", "fid, gan", "2501.05441, Sec. 3"),
        Check("without the penalties it is above", "fid, relativistic", "above", "fid, gan", "2501.05441, Sec. 2"),
        Check("and the generator's loss rises at least twice as high", "growth of G's loss", "at least", 2.0,
              "2501.05441, Fig. 1: without the penalties it explodes"),
        Check("finds at least 1.3 times as many modes of stacked digits as the plain GAN",
              "times the plain GAN's modes", "at least", 1.3,
              "2501.05441, Sec. 2: StackedMNIST; 1.5 to 3.4 on seeds 10 to 12"),
        Check("and at least twice as many that the judge is sure of", "times the plain GAN's clear modes", "at least",
              2.0, "2.6 to 7.6 on seeds 10 to 12"),
        Check("the KL divergence of its modes is below the plain GAN's", "KL of 1000 modes, r3gan's loss", "below",
              "KL of 1000 modes, plain", "2501.05441, Sec. 2: StackedMNIST"),
    ),
    measure=measure,
)

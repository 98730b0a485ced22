"""Claim of StyleGAN3 (2106.12423): images move with the input, those of R also turn; what ensures it are the filters
and the margin."""

from math import pi

import torch
from torch import Tensor

from ..core import Model
from ..engine import Trainer
from ..metrics.equivariance.movements import Moved, filtered_as_turned, shifted_by_pixels, turned_about_centre
from ..metrics.equivariance.scores import METRIC, rotation, translation
from ..metrics.metric import Context
from .claim import Check, Claim, Side
from .digits import SAMPLES, coverage, judge_fid
from .panels import images_panel
from .trial import Trial

MOVED = 8                                    # samples that are moved and turned
STEP, ANGLE = (6, -4), pi / 6                # of the panels
FLOOR = 100.0                                # decibels below the range that are black in a picture of errors


def untrained(trial: Trial, side: str) -> Trainer:
    """A side with its first weights, its inputs scaled by what they are: the averages that training would find."""
    trainer = trial.start(side)
    model = trainer.model.eval()
    with torch.no_grad():
        model.generator.synthesis(model.map(model.noise(4)), update_emas=True)
    return trainer


def error_of(expected: Moved, seen: Moved) -> Tensor:
    """Where two images differ, (1, 1, H, W) in [-1, 1]: white by the range itself, black by FLOOR dB less, or unknown.
    """
    difference = (expected.x - seen.x).abs().amax(1, keepdim=True) * (expected.valid & seen.valid) / 2
    return (2 + 40 * difference.clamp_min(1e-30).log10() / FLOOR).clamp(0, 2) - 1


@torch.no_grad()
def show(trial: Trial, side: str, model: Model) -> None:
    """An image, moved and turned, and beneath them how far they are from the image moved and turned as a signal.

    Colours are stretched: first weights make faint images.
    """
    z = model.noise(1, torch.Generator().manual_seed(trial.seed))
    still, moved, turned = (model.transformed(z, matrix) for matrix in (torch.eye(3), translation(*STEP),
                                                                        rotation(ANGLE)))
    everywhere = Moved(moved, torch.ones(moved.shape[2:], dtype=torch.bool))
    off = [error_of(shifted_by_pixels(still, STEP), everywhere),
           error_of(turned_about_centre(still, ANGLE), filtered_as_turned(turned, ANGLE))]
    seen = [(x - x.mean((2, 3), keepdim=True)) / (2 * x.std((2, 3), keepdim=True)) for x in (moved, turned)]
    rows = [*seen, *(error.expand_as(moved) for error in off)]
    trial.panel(side, images_panel(torch.cat(rows).clamp(-1, 1)))


def trained(trial: Trial) -> dict[str, float]:
    """A short training on digits, and where it began."""
    trainer = trial.start("digits")
    before = judge_fid(trainer.model.eval().sample(SAMPLES, seed=trial.seed), trainer.data)
    done = trial.train("digits")
    x = done.model.sample(SAMPLES, seed=trial.seed)
    found = {"fid, first weights": before, "fid, digits": judge_fid(x, done.data), "classes, digits": coverage(x)}
    trial.panel(f"T, {STEPS} steps: FID {before:.0f} -> {found['fid, digits']:.0f}", images_panel(x))
    return found | {"what is left of the first FID": found["fid, digits"] / before}


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for side in UNTRAINED:
        trainer = untrained(trial, side)
        model = trainer.model
        readings = METRIC.measure(model, trainer.data, MOVED, Context(trial.seed))
        found |= {f"{name}, {side}": reading.value for name, reading in readings.items()}
        found[f"contrast, {side}"] = float(model.sample(MOVED, seed=trial.seed).std((2, 3)).mean())
        show(trial, side, model)
    return found | trained(trial) | {
        "eq-t lost without oversampling": found["eq-t, T"] - found["eq-t, lrelu_upsampling 1"],
        "eq-t lost without a margin": found["eq-t, T"] - found["eq-t, margin_size 0"],
        "eq-r of R above T's": found["eq-r, R"] - found["eq-r, T"],
        "least contrast": min(found[f"contrast, {side}"] for side in UNTRAINED)}


STEPS = 200
SETTINGS = {"data": "shapes", "image_size": 64, "channel_base": 2048, "magnitude_beta": 0.0, "batch_size": 4,
            "steps": 1}
UNTRAINED = {"T": {}, "lrelu_upsampling 1": {"lrelu_upsampling": 1}, "margin_size 0": {"margin_size": 0},
             "R": {"variant": "r"}}

CLAIM = Claim(
    statement="With its first weights, at 64 pixels, T moves its images with the input, and R also turns them. Where "
              "the leaky ReLU is not oversampled, or the canvas has no margin, details stick to the pixels. Trained "
              "for a moment, it begins to write digits.",
    baseline="T with lrelu_upsampling=1, T with margin_size=0, and T itself for turns; StyleGAN2 has no input that "
             "could be moved",
    sides={**{side: Side("stylegan3", "paper", SETTINGS | chosen) for side, chosen in UNTRAINED.items()},
           "digits": Side("stylegan3", "small", {"steps": STEPS})},
    checks=(
        Check("T moves: EQ-T of at least 65 dB", "eq-t, T", "at least", 65.0, "catalogue STY-04"),
        Check("which it owes to oversampled leaky ReLUs by 15 dB", "eq-t lost without oversampling", "at least", 15.0,
              "catalogue STY-04; 2106.12423, Sec. 3.2"),
        Check("and to the margin by 25", "eq-t lost without a margin", "at least", 25.0,
              "catalogue STY-04; 2106.12423, Sec. 3.1"),
        Check("R turns: EQ-R of at least 70 dB", "eq-r, R", "at least", 70.0, "catalogue STY-04"),
        Check("by 30 more than T", "eq-r of R above T's", "at least", 30.0, "catalogue STY-04"),
        Check("while images show something", "least contrast", "at least", 0.03,
              "what shows nothing moves well; an error of 65 dB is 0.001"),
        Check("a short training leaves at most three quarters of the first FID on digits",
              "what is left of the first FID", "at most", 0.75,
              "0.43 after 300 steps on seed 10, 0.59 after 200 on seed 11"),
    ),
    measure=measure,
)

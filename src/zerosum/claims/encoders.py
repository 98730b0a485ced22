"""What the claims on systems with an encoder share: copies of digits and points, and whether codes follow the prior."""

import torch
from torch import Tensor

from ..core import Model
from ..data import load_data
from ..metrics.distribution.mmd import rbf, rms_distance
from ..metrics.distribution.permutation import permutation_p
from ..metrics.features.judge import labels_of
from .digits import classes_of, judged
from .panels import images_panel, points_panel
from .points import SAMPLES, covered
from .trial import Trained, Trial


def unseen(size: int) -> tuple[Tensor, Tensor]:
    """The digits of the test split at this size, and what they are."""
    test = load_data("digits", image_size=size, split="test")
    return test.all(), labels_of(test)


def copied(trial: Trial, name: str, done: Trained) -> dict[str, float]:
    """Reconstruct unseen digits with a trained side, and show them; `name` is the side's."""
    x, labels = unseen(done.data.spec.height)
    copies = done.model.reconstruct(x)
    trial.panel(f"{name}: copies", images_panel(copies))
    return {f"class kept, {name}": float((classes_of(copies) == labels).double().mean()),
            f"absolute error, {name}": float((copies - x).abs().mean())}


def copied_and_judged(trial: Trial, name: str) -> tuple[Trained, dict[str, float]]:
    """Train a side on digits; show and measure its samples and its copies of unseen digits."""
    done = trial.train(name)
    return done, judged(trial, name, done) | copied(trial, name, done)


def ring(trial: Trial) -> dict[str, float]:
    """Train the side on the ring; show its samples and its copies of real points."""
    done = trial.train("ring")
    real, found = done.data.all()[:SAMPLES], covered(trial, "ring", done)
    trial.panel("ring: copies", points_panel(done.model.reconstruct(real), real))
    return found


def same_law(codes: Tensor, model: Model, seed: int) -> float:
    """P-value of a permutation test by the maximum mean discrepancy: codes (N, z_dim) against N draws of the prior."""
    prior = model.noise(len(codes), torch.Generator().manual_seed(seed))
    width = rms_distance(torch.cat([prior, codes]))
    return permutation_p(prior, codes, rbf(width), seed=seed)

"""Claim of Geometric GAN (1705.02894): its D is a support vector machine, its samples move along one normal."""

import torch
from torch import Tensor

from ..models.objective.gan import GAN
from .claim import Check, Claim, Side
from .known import P, gaussian, known_gaussians, samples_of
from .points import SAMPLES, covered
from .trial import Trial


def separating(trial: Trial) -> dict[str, float]:
    """Compare the hinge loss of a D that was trained alone with 2 - 2 TV, and its sign with that of p - q."""
    known = known_gaussians(trial, "known Gaussians")
    p, q, found = known.p, known.q, known.scores
    known.panel(trial, "sign(p - q)", (p - q).sign(), found)
    loss, best = known.integral(p * (1 - found).relu() + q * (1 + found).relu()), 2 * known.integral(p.minimum(q))
    accuracy, bayes = (known.integral(torch.where(real, p, q)) / 2 for real in (found > 0, p > q))
    return {"error of the hinge loss": abs(loss - best), "2 - 2 TV": best, "accuracy of D": accuracy,
            "accuracy lost": bayes - accuracy}


def spread_of_the_pull(model: GAN, x: Tensor) -> float:
    """How unequally samples x are pulled along the normal w of D's last layer: standard deviation / mean.

    In D's last features the generator's gradient of a sample is w times that of its score; 0: w is the same for all.
    """
    scores = model.scores(x).detach().requires_grad_()
    pulls = torch.autograd.grad(model.objective.generator(scores), scores)[0]
    return float(pulls.std() / pulls.mean().abs())


def measure(trial: Trial) -> dict[str, float]:
    found = separating(trial)
    for side in ("geometric-gan", "gan"):
        done = trial.train(side)
        pull = spread_of_the_pull(done.model, done.model.sample(SAMPLES, seed=trial.seed))
        found |= covered(trial, side, done) | {f"spread of the pull, {side}": pull}
    return found


KNOWN = {"z_dim": 2, "width": 64, "batch_size": 256, "margin_weight": 1 / 256}

CLAIM = Claim(
    statement="Between two known Gaussians its discriminator is the maximum-margin classifier: its hinge loss is twice "
              "one minus their total variation; its generator pulls every sample with the same force along one normal; "
              "and it covers a ring of eight Gaussians.",
    baseline="the non-saturating GAN: the same networks, optimiser, batch and steps",
    sides={
        "geometric-gan": Side("geometric-gan", "ring"),
        "gan": Side("gan", "ring", {"z_dim": 4, "batch_size": 500, "steps": 2_000}),
        "known Gaussians": Side("geometric-gan", "ring", KNOWN, lambda: samples_of(gaussian(*P, 1), "N(-0.5, 1)")),
    },
    checks=(
        Check("the hinge loss of a trained D is 2 - 2 TV", "error of the hinge loss", "below", 0.05,
              "1705.02894, Sec. 4 (equilibrium: 2 where p = q); the bar is that of GAN's V"),
        Check("it decides as well as the best classifier", "accuracy lost", "below", 0.01, "1705.02894, Sec. 3"),
        Check("all samples move along one normal, with one force", "spread of the pull, geometric-gan", "at most", 1e-6,
              "1705.02894, Sec. 3: the third geometric step"),
        Check("those of the non-saturating GAN do not", "spread of the pull, gan", "above", 0.01,
              "1705.02894, Sec. 3: it weighs samples by 1 - D"),
        Check("covers the ring", "modes, geometric-gan", "at least", 6, "catalogue OBJ-20"),
        Check("no fewer modes than the non-saturating GAN", "modes, geometric-gan", "at least", "modes, gan",
              "1705.02894, Sec. 5: less prone to mode collapse"),
    ),
    measure=measure,
)

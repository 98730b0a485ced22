"""Claim of WGAN-GP (1704.00028): it covers a grid of Gaussians that plain games do not, with a critic of slope one."""

import torch
from torch import Tensor

from ..core import Model
from ..penalties import input_gradient
from .claim import Check, Claim, Side
from .points import SAMPLES, covered
from .trial import Trained, Trial


def slopes(done: Trained, seed: int) -> Tensor:
    """||grad D|| at points between real and generated ones, (N,)."""
    x = done.data.all()[:SAMPLES]
    x_fake = done.model.sample(len(x), seed=seed)
    eps = torch.rand(len(x), 1, generator=torch.Generator().manual_seed(seed))
    return input_gradient(done.model.critic, eps * x + (1 - eps) * x_fake).detach().norm(dim=1)


def share_at_the_bound(model: Model) -> float:
    """The share of the critic's weights (not biases) beyond 0.9 c."""
    weights = torch.cat([p.flatten() for p in model.critic.parameters() if p.dim() > 1])
    return float((weights.abs() > 0.9 * model.cfg.clip).float().mean())


def measure(trial: Trial) -> dict[str, float]:
    sides = {side: trial.train(side) for side in ("wgan-gp", "gan", "least-squares")}
    norms = slopes(sides["wgan-gp"], trial.seed)
    found = {"slope": float(norms.mean()), "spread of the slope": float(norms.std()),
             "share of weights at the bound, wgan": share_at_the_bound(trial.train("wgan").model)}
    for side, done in sides.items():
        found |= covered(trial, side, done)
    return found


# The same networks, optimiser and batch on both sides; the baselines play twice as many rounds.
SAME = {"data": "grid", "network": "mlp", "width": 128, "z_dim": 2, "lr": 1e-3, "betas": (0.5, 0.9), "batch_size": 128,
        "ema": 0.0, "steps": 6_000}

CLAIM = Claim(
    statement="With a gradient penalty the critic's slope is about one and every mode of a grid of 25 Gaussians is "
              "covered; clipping drives the critic's weights to the bounds instead.",
    baseline="the same networks under the non-saturating and the least-squares loss, in twice the generator steps; "
             "WGAN with clipping for the weights",
    sides={
        "wgan-gp": Side("wgan-gp", "grid"),
        "gan": Side("recipe", "small", SAME | {"objective": "non-saturating"}),
        "least-squares": Side("recipe", "small", SAME | {"objective": "least-squares"}),
        "wgan": Side("wgan", "ring", {"data": "grid", "network": "mlp", "width": 128, "z_dim": 2, "clip": 0.01,
                                      "lr": 5e-5, "batch_size": 128, "steps": 500}),
    },
    checks=(
        Check("covers the grid", "modes, wgan-gp", "at least", 24, "catalogue OBJ-06; 1704.00028, Fig. 1"),
        Check("the non-saturating loss does not", "modes, gan", "at most", 18, "catalogue OBJ-06"),
        Check("nor does least-squares", "modes, least-squares", "at most", 18, "catalogue OBJ-06"),
        Check("the critic's slope is not below one", "slope", "at least", 0.8, "catalogue OBJ-06; 1704.00028, Sec. 4"),
        Check("nor above one", "slope", "at most", 1.2, "catalogue OBJ-06; 1704.00028, Sec. 4"),
        Check("clipping piles weights up at the bounds", "share of weights at the bound, wgan", "above", 0.3,
              "catalogue OBJ-06; 1704.00028, Fig. 1b"),
    ),
    measure=measure,
)

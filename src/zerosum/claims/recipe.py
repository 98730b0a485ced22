"""Claim of recipe: with the slots of a paper it is that paper's system, and every combination of slots trains."""

from dataclasses import replace
from itertools import product

import torch
from torch import Tensor

from ..augment import AUGMENTATIONS
from ..core import NonFiniteError
from ..engine import Trainer
from ..losses import OBJECTIVES
from ..networks.pairs import PAIRS
from ..penalties import PENALTIES
from .claim import Check, Claim, Side
from .panels import curves_panel
from .trial import Trial

STEPS = 5


def weights_after(trainer: Trainer) -> Tensor:
    """All weights of a model that has played a few rounds, from the seed of its own noise: (N,)."""
    torch.manual_seed(trainer.config.seed)
    trainer.fit(STEPS)
    return torch.cat([parameter.flatten() for parameter in trainer.model.parameters()])


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for paper in ("wgan-gp", "dcgan"):
        theirs, ours = (weights_after(trial.start(side)) for side in (paper, f"recipe as {paper}"))
        found[f"difference from {paper}"] = float((ours - theirs).abs().max())
        shown = range(0, len(ours), len(ours) // 40)
        trial.panel(f"weights after {STEPS} rounds", curves_panel(
            {paper: (shown, theirs[shown].tolist()), "recipe": (shown, ours[shown].tolist())}, "weight"))
    slots, side, finite = list(product(PAIRS, OBJECTIVES, PENALTIES, AUGMENTATIONS)), trial.sides["combinations"], 0
    for names in slots:
        chosen = dict(zip(("network", "objective", "penalty", "augmentation"), names, strict=True))
        try:
            trial.start(replace(side, settings={**side.settings, **chosen})).fit(STEPS)
            finite += 1
        except NonFiniteError as error:
            trial.report(f"seed {trial.seed}: {' x '.join(names)}: {error}")
    return found | {"combinations": len(slots), "combinations that train": finite}


SIZE = {"data": "digits", "image_size": 16, "batch_size": 16, "steps": STEPS, "width": 16, "z_dim": 16, "ema": 0.0}
WGAN_GP = {"network": "dcgan", "betas": (0.0, 0.9), "lr": 1e-4}
DCGAN = {"prior": "uniform", "betas": (0.5, 0.999), "lr": 2e-4}

CLAIM = Claim(
    statement="With the slots of WGAN-GP or DCGAN it makes their updates exactly; every combination of network, "
              "objective, penalty and augmentation trains.",
    baseline="the papers' own systems, from the same weights and seed",
    sides={
        "wgan-gp": Side("wgan-gp", "small", SIZE | WGAN_GP),
        "recipe as wgan-gp": Side("recipe", "small", SIZE | WGAN_GP | {
            "objective": "wasserstein", "penalty": "gradient-penalty", "d_steps": 5}),
        "dcgan": Side("dcgan", "small", SIZE | DCGAN),
        "recipe as dcgan": Side("recipe", "small", SIZE | DCGAN | {"network": "dcgan"}),
        "combinations": Side("recipe", "tiny", {"image_size": 16, "width": 8}),
    },
    checks=(
        Check("with its slots, the weights of WGAN-GP after five rounds", "difference from wgan-gp", "below", 1e-6,
              "recipe is its slots, and nothing else"),
        Check("with its slots, the weights of DCGAN after five rounds", "difference from dcgan", "below", 1e-6,
              "recipe is its slots, and nothing else"),
        Check("every combination trains five rounds with finite losses", "combinations that train", "at least",
              "combinations", "recipe is its slots, and nothing else"),
    ),
    measure=measure,
)

"""Claim of relativistic GANs (1807.00734): only differences of scores count, and images are better for it.

In the paper (CIFAR-10) the average form has a lower FID than the GAN, 32.0; the paired form has the lowest, 25.6, with
a gradient penalty, and needs one update of D for each of G where WGAN-GP needs five. Its less stable settings speak
for relativism with least squares, "but not with HingeGAN and SGAN". So the paired form without the penalty is measured
and not judged. On digits the games without a penalty differ by less than their seeds do, on perceptrons as on DCGAN's
networks.
"""

import torch
from torch import Tensor

from ..losses import Objective
from .claim import Check, Claim, Side
from .digits import SAMPLES, judged
from .points import covered
from .trial import Trained, Trial

SHIFT = 3.0                                  # a constant added to all scores


def change(objective: Objective, real: Tensor, fake: Tensor) -> float:
    """How much the larger of both losses changes when a constant is added to all scores."""
    losses = (objective.discriminator, lambda real, fake: objective.generator(fake, real))
    return max(float((loss(real + SHIFT, fake + SHIFT) - loss(real, fake)).abs()) for loss in losses)


def pull_on_real(objective: Objective, real: Tensor, fake: Tensor) -> float:
    """The mean gradient of the generator's loss in the scores of real samples: above 0 where it lowers them."""
    real, fake = (scores.clone().requires_grad_() for scores in (real, fake))
    gradient = torch.autograd.grad(objective.generator(fake, real), real, allow_unused=True)[0]
    return 0.0 if gradient is None else float(gradient.sum())


def scores_of(done: Trained, seed: int) -> tuple[Tensor, Tensor]:
    """A trained discriminator's scores of real samples and of as many generated ones, in float64: (N,) each."""
    real = done.data.all()[:SAMPLES]
    x = done.model.sample(len(real), seed=seed)
    return done.model.scores(real).detach().double(), done.model.scores(x).detach().double()


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in VARIANTS:
        found |= covered(trial, name, trial.train(f"{name}, ring"))
    for name in GAMES:
        done = trial.train(f"{name}, digits")
        found |= judged(trial, name, done)
        if name in (*VARIANTS, "gan"):
            objective, scores = done.model.objective, scores_of(done, trial.seed)
            found |= {f"change by a shift, {name}": change(objective, *scores),
                      f"pull of G on real scores, {name}": pull_on_real(objective, *scores)}
    return found


VARIANTS = {"average": "relativistic-average", "paired": "relativistic"}
DIGITS = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal",
          "lr": 1e-3, "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}

GAMES = {
    "gan": ("recipe", {}),
    **{name: ("relativistic-gan", {"variant": variant}) for name, variant in VARIANTS.items()},
    "paired, penalty": ("relativistic-gan", {"variant": "relativistic", "penalty": 10.0}),
    "wgan-gp": ("recipe", {"objective": "wasserstein", "penalty": "gradient-penalty"}),
}

CLAIM = Claim(
    statement="A relativistic discriminator knows scores only by their differences, and its generator also lowers the "
              "scores of real samples. The average form makes better images than the GAN whose loss it changes; the "
              "paired form, with a gradient penalty, better ones than both and than WGAN-GP with as many updates.",
    baseline="the non-saturating GAN, and for the penalty WGAN-GP with one update of the critic a step: the same "
             "networks, optimiser, batch and steps",
    sides={
        **{f"{name}, ring": Side("relativistic-gan", "ring", {"variant": variant})
           for name, variant in VARIANTS.items()},
        **{f"{name}, digits": Side(model, "small", DIGITS | settings) for name, (model, settings) in GAMES.items()},
    },
    checks=(
        *(Check(f"{name}: both losses are the same when a constant is added to all scores",
                f"change by a shift, {name}", "at most", 1e-6, "catalogue OBJ-20; 1807.00734, Sec. 4")
          for name in VARIANTS),
        Check("that of the non-saturating GAN is not", "change by a shift, gan", "above", 0.1, "catalogue OBJ-20"),
        *(Check(f"{name}: the generator lowers the scores of real samples", f"pull of G on real scores, {name}",
                "above", 0.01, "catalogue OBJ-20; 1807.00734, Sec. 3.1") for name in VARIANTS),
        *(Check(f"{name}: covers the ring", f"modes, {name}", "at least", 6, "catalogue OBJ-20")
          for name in VARIANTS),
        Check("average: FID of digits below the GAN's", "fid, average", "below", "fid, gan",
              "1807.00734, abstract and Table 1: RaSGAN lower than SGAN"),
        *(Check(f"paired, with a gradient penalty: FID of digits below {whose}", "fid, paired, penalty", "below",
                f"fid, {name}", "1807.00734, Table 1: RSGAN-GP has the lowest FID of all")
          for name, whose in (("gan", "the GAN's"), ("average", "the average form's"),
                              ("wgan-gp", "WGAN-GP's with one update a step"))),
    ),
    measure=measure,
)

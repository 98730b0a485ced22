"""Claim of VAC+GAN (1806.07751): a classifier beside D makes any GAN conditional, and D's loss holds no class.

The variance of D's loss is that of the sum of the terms that D descends, over the steps of a training. ACGAN's falls
from the loss of a classifier that guesses, which is not in VAC+GAN's; the second half of a training is past that, and
there the two are nearly the same, with one seed the other way round. With BEGAN's loss images of one class differ less
than half as much as real ones: only the class is asked of it.
"""

import statistics

import torch
from torch import Tensor

from ..engine import Trainer
from ..metrics.features.judge import labels_of
from .acgan import COUNT, unseen_accuracy
from .cgan import spread_within
from .claim import Check, Claim, Side
from .digits import classes_of, judge_fid
from .panels import images_panel, points_panel
from .trial import Trial


def made(trial: Trial, side: str) -> dict[str, float]:
    """Train a side, note what D descends, and let the judge look at what it makes of the classes asked for in turn."""
    losses: list[float] = []

    def note(trainer: Trainer, terms: dict[str, Tensor]) -> None:
        losses.append(sum(float(value) for name, value in terms.items() if name.startswith("discriminator/")))

    done, asked = trial.train(side, note), torch.arange(COUNT) % 10
    x = done.model.sample(COUNT, seed=trial.seed, labels=asked)
    trial.panel(f"{side}, one class a row", images_panel(x[:100][asked[:100].argsort(stable=True)], 100))
    found = {"class as asked": float((classes_of(x) == asked).double().mean()), "spread within a class":
             spread_within(x, asked), "fid": judge_fid(x, done.data), "C's class on unseen digits":
             unseen_accuracy(done), "variance of D's loss": statistics.variance(losses),
             "variance of D's loss, second half": statistics.variance(losses[len(losses) // 2:]),
             "spread within a class, half of the data's": spread_within(done.data.all(), labels_of(done.data)) / 2}
    return {f"{name}, {side}": value for name, value in found.items()}


def mode_as_asked(trial: Trial) -> float:
    """The share of points that are nearest to the mode of the ring that was asked for."""
    done = trial.train("ring")
    asked = torch.arange(COUNT) % len(done.data.modes)
    x = done.model.sample(COUNT, seed=trial.seed, labels=asked)
    trial.panel("ring, modes 1 and 4 asked for",
                points_panel(x[(asked == 1) | (asked == 4)], done.data.all()[:COUNT]))
    return float((torch.cdist(x, done.data.modes).argmin(1) == asked).double().mean())


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for side in ("vacgan", "acgan", "wgan-gp", "began", "without classes"):
        found |= made(trial, side)
    return found | {"mode as asked, ring": mode_as_asked(trial)}


CLAIM = Claim(
    statement="A classifier of its own beside the discriminator makes the generator of any GAN obey the class, BEGAN's "
              "and WGAN-GP's too, and the discriminator's loss knows nothing of it.",
    baseline="ACGAN on the same networks, optimiser of generator and discriminator, batch and steps",
    sides={
        "vacgan": Side("vacgan", "small"),
        "acgan": Side("acgan", "small"),
        "wgan-gp": Side("vacgan", "small", {"objective": "wasserstein", "penalty": "gradient-penalty", "d_steps": 2,
                                            "steps": 2_000}),
        "began": Side("vacgan", "small", {"objective": "boundary-equilibrium", "gamma": 0.7, "k_gain": 0.05,
                                          "z_dim": 16, "class_weight": 0.05, "lr": 5e-4, "steps": 2_000}),
        "without classes": Side("vacgan", "small", {"class_weight": 0.0, "steps": 1_500}),
        "ring": Side("vacgan", "ring"),
    },
    checks=(
        Check("the judge sees the class that was asked for", "class as asked, vacgan", "at least", 0.95,
              "catalogue CND-02, as for ACGAN"),
        Check("images of one class differ at least half as much as real ones", "spread within a class, vacgan",
              "at least", "spread within a class, half of the data's, vacgan",
              "catalogue, Sec. 0.3: fidelity never without diversity"),
        Check("with WGAN-GP's loss, too, the class is the one asked for", "class as asked, wgan-gp", "at least", 0.9,
              "catalogue CND-03"),
        Check("and with BEGAN's", "class as asked, began", "at least", 0.9, "catalogue CND-03"),
        Check("D's loss varies less than ACGAN's over the training", "variance of D's loss, vacgan", "below",
              "variance of D's loss, acgan", "catalogue CND-03"),
        Check("and in its second half", "variance of D's loss, second half, vacgan", "below",
              "variance of D's loss, second half, acgan", "catalogue CND-03, past ACGAN's start"),
        Check("C names the class of images that were never seen", "C's class on unseen digits, vacgan", "at least",
              0.93, "catalogue CND-02, as for ACGAN"),
        Check("points of the ring lie at the mode asked for", "mode as asked, ring", "at least", 0.95,
              "catalogue CND-02, as for ACGAN"),
        Check("without the cross-entropy in G's loss the class is not the one asked for",
              "class as asked, without classes", "at most", 0.5, "ablation; 0.1 is chance"),
    ),
    measure=measure,
)

"""Claim of GAN (1406.2661): the game's optimum is as proven, its second loss does not saturate, it learns digits."""

import torch
from torch import nn

from ..data import Dataset
from .claim import Check, Claim, Side
from .digits import confidence, coverage, independent_pixels, judge_fid
from .known import P, gaussian, known_gaussians, samples_of
from .panels import images_panel
from .trial import Trial

START, PRETRAIN, STEPS = 4.0, 300, 600       # how far the data lies, D's head start, and the time to recover


def optimal_discriminator(trial: Trial, dim: int) -> dict[str, float]:
    """Compare a D that was trained alone with p / (p + q), and its V with 2 JSD - log 4."""
    known = known_gaussians(trial, f"known Gaussians, {dim}-D", dim)
    logits = (known.p / known.q).log()       # of p / (p + q)
    best, found = torch.sigmoid(logits), torch.sigmoid(known.scores)

    def value(logits: torch.Tensor) -> float:
        return known.integral(known.p * nn.functional.logsigmoid(logits) + known.q * nn.functional.logsigmoid(-logits))

    if dim == 1:
        known.panel(trial, "p/(p+q)", best, found)
    return {f"error of D, {dim}-D": known.error(found, best),
            f"error of V, {dim}-D": abs(value(known.scores) - value(logits)), f"2 JSD - log 4, {dim}-D": value(logits)}


def recovery(trial: Trial, side: str) -> dict[str, float]:
    """Give D a head start on far data, then play; how much of the way to the data have the samples come?"""
    trainer = trial.start(side)
    model, target = trainer.model, trainer.data.all().mean(0)

    def distance() -> float:
        return float((model.sample(2_000, seed=1).mean(0) - target).norm())

    before = distance()
    for _ in range(PRETRAIN):
        trainer.update("discriminator", model.discriminator_loss, trainer.batch())
    right = [(model.scores(trainer.data.all()[:2_000]) > 0), (model.scores(model.sample(2_000, seed=2)) < 0)]
    accuracy = float(torch.cat(right).float().mean())
    trainer.fit(STEPS)
    return {f"way gone, {side}": 1 - distance() / before, f"accuracy of D at the start, {side}": accuracy}


def digits(trial: Trial) -> dict[str, float]:
    """Train on digits; let the judges look at 1000 samples, and at as many of the independent-pixel model."""
    done = trial.train("digits")
    x, noise = done.model.sample(1_000, seed=trial.seed), independent_pixels(done.data, 1_000, trial.seed)
    for title, images in (("real", done.data.all()), ("gan", x), ("independent pixels", noise)):
        trial.panel(title, images_panel(images))
    return {"confidence": confidence(x), "classes": coverage(x), "fid": judge_fid(x, done.data),
            "confidence, independent pixels": confidence(noise), "fid, independent pixels": judge_fid(noise, done.data)}


def measure(trial: Trial) -> dict[str, float]:
    return (digits(trial) | recovery(trial, "non-saturating") | recovery(trial, "saturating")
            | optimal_discriminator(trial, 1) | optimal_discriminator(trial, 2))


def _far() -> Dataset:
    return samples_of(gaussian(START, 0.5, 2), f"N({START:g}, 0.5^2)")


SGD = {"optimizer": "sgd", "activation": "relu", "d_activation": "leaky-relu", "init": "default", "batch_size": 128,
       "steps": STEPS, "z_dim": 8, "width": 64, "d_width": 64}
KNOWN = {"z_dim": 2, "width": 8, "d_width": 64, "batch_size": 256}

CLAIM = Claim(
    statement="The discriminator reaches p/(p+q) and V reaches 2 JSD - log 4; ascending log D(G(z)) learns where "
              "descending log(1 - D(G(z))) has no gradient; and two perceptrons learn to make digits.",
    baseline="the same game with the saturating loss; for digits, a model of independent pixels",
    sides={
        "digits": Side("gan", "small"),
        "non-saturating": Side("gan", "ring", SGD | {"objective": "non-saturating"}, _far),
        "saturating": Side("gan", "ring", SGD | {"objective": "saturating"}, _far),
        "known Gaussians, 1-D": Side("gan", "ring", KNOWN, lambda: samples_of(gaussian(*P, 1), "N(-0.5, 1)")),
        "known Gaussians, 2-D": Side("gan", "ring", KNOWN, lambda: samples_of(gaussian(*P, 2), "N(-0.5, 1) in 2-D")),
    },
    checks=(
        Check("the judge is sure of what it sees", "confidence", "at least", 0.8, "catalogue ARC-01"),
        Check("surer than of independent pixels", "confidence", "above", "confidence, independent pixels",
              "catalogue ARC-01"),
        Check("all ten digits among 1000 samples", "classes", "at least", 10, "catalogue ARC-01"),
        Check("closer to the digits than independent pixels", "fid", "below", "fid, independent pixels",
              "catalogue ARC-01"),
        Check("D is nearly always right when the game starts", "accuracy of D at the start, non-saturating", "above",
              0.99, "catalogue OBJ-02"),
        Check("log D(G(z)) goes more than half the way to the data", "way gone, non-saturating", "above", 0.5,
              "catalogue OBJ-02; 1406.2661, Sec. 3"),
        Check("log(1 - D(G(z))) does not", "way gone, saturating", "below", 0.5, "catalogue OBJ-02"),
        *(Check(f"{what}, {dim}", f"error of {of}, {dim}", "below", 0.05, f"catalogue OBJ-01; 1406.2661, {where}")
          for dim in ("1-D", "2-D")
          for what, of, where in (("trained D is p/(p+q)", "D", "Prop. 1"), ("V(D) is 2 JSD - log 4", "V", "Thm. 1"))),
    ),
    measure=measure,
)

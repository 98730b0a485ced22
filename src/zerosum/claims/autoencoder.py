"""Claim of the autoencoder: more numbers in a code restore more of a digit, and a random code decodes to none."""

import torch

from .claim import Check, Claim, Side
from .digits import confidence, judge_fid, judged
from .encoders import copied, unseen
from .panels import images_panel
from .trial import Trained, Trial

LENGTHS = (1, 2, 4, 8, 16, 32)               # numbers in a code
LENGTH = 16                                  # of the codes that are drawn at random


def at_random(trial: Trial, done: Trained) -> dict[str, float]:
    """Decode random codes: as a prior would draw them, and with the mean and spread of each number of real codes."""
    codes = done.model.encode(done.data.all())
    z = done.model.noise(1_000, torch.Generator().manual_seed(trial.seed))
    found = {}
    for name, drawn in (("normal codes", z), ("fitted codes", codes.mean(0) + codes.std(0) * z)):
        x = done.model.generate(drawn)
        trial.panel(f"autoencoder: {name}", images_panel(x))
        found |= {f"fid, {name}": judge_fid(x, done.data), f"confidence, {name}": confidence(x)}
    return found


def measure(trial: Trial) -> dict[str, float]:
    from scipy.stats import spearmanr

    trial.panel("real, unseen", images_panel(unseen(8)[0]))
    found: dict[str, float] = {}
    for length in LENGTHS:
        done = trial.train(f"{length} numbers")
        found |= copied(trial, f"{length} numbers", done)
        if length == LENGTH:
            found |= at_random(trial, done)
    errors = [found[f"absolute error, {length} numbers"] for length in LENGTHS]
    found |= {"rank correlation of error and length": float(spearmanr(LENGTHS, errors).statistic)}
    found |= copied(trial, "absolute error", trial.train("absolute error"))
    for side in ("vae", "gan"):
        done = trial.train(side)
        found |= judged(trial, side, done)
        found |= {f"confidence, {side}": confidence(done.model.sample(1_000, seed=trial.seed))}
    return found | {"fid of fitted codes over the VAE's": found["fid, fitted codes"] / found["fid, vae"]}


CLAIM = Claim(
    statement="The error on unseen digits falls with every doubling of the code; but codes drawn at random, even with "
              "the mean and spread of real ones, decode to images that are further from digits than a VAE's samples "
              "and that a judge is less sure of than of a GAN's.",
    baseline="a VAE and a GAN on the same digits",
    sides={**{f"{length} numbers": Side("autoencoder", "small", {"z_dim": length}) for length in LENGTHS},
           "absolute error": Side("autoencoder", "small", {"error": "l1"}),
           "vae": Side("vae", "small"), "gan": Side("gan", "small", {"steps": 3_000})},
    checks=(
        Check("the error falls with the length of the code", "rank correlation of error and length", "at most", -0.9,
              "catalogue EXP-08"),
        Check("codes from N(0, I) decode to images further from digits than a VAE's samples", "fid, normal codes",
              "above", "fid, vae", "catalogue EXP-08"),
        Check("so do codes with the mean and spread of real ones, by a factor of two",
              "fid of fitted codes over the VAE's", "at least", 2.0, "the most that the marginals can tell"),
        Check("a judge is less sure of them than of a GAN's samples", "confidence, fitted codes", "below",
              "confidence, gan", "catalogue EXP-08: the argument for GANs"),
    ),
    measure=measure,
)

"""Claim of the autoencoder: more numbers in a code restore more of a digit, and a random code decodes to none."""

import torch

from .claim import Check, Claim, Side
from .digits import SAMPLES, confidence, judge_fid, judged
from .encoders import copied, ring, unseen
from .panels import curves_panel, images_panel
from .trial import Trained, Trial

LENGTHS = (1, 2, 4, 8, 16, 32)               # numbers in a code
LENGTH = 16                                  # of the codes that are drawn at random


def drawn(trial: Trial, done: Trained) -> dict[str, float]:
    """Decode random codes: N(0, I), and normal ones with the mean and spread of each number of real codes."""
    codes = done.model.encode(done.data.all())
    z = done.model.noise(SAMPLES, torch.Generator().manual_seed(trial.seed))
    found = {}
    for name, drawn_codes in (("random codes", z), ("fitted codes", codes.mean(0) + codes.std(0) * z)):
        x = done.model.generate(drawn_codes)
        found |= {f"fid, {name}": judge_fid(x, done.data), f"confidence, {name}": confidence(x)}
        trial.panel(f"{name}: FID {found[f'fid, {name}']:.1f}", images_panel(x))
    return found


def measure(trial: Trial) -> dict[str, float]:
    from scipy.stats import spearmanr

    trial.panel("real, unseen", images_panel(unseen(8)[0]))
    found: dict[str, float] = {}
    trained = {length: trial.train(side_of(length)) for length in LENGTHS}
    for length, done in trained.items():
        found |= copied(trial, side_of(length), done)
    errors = [found[f"absolute error, {side_of(length)}"] for length in LENGTHS]
    trial.panel("error of unseen pixels", curves_panel({"autoencoder": (LENGTHS, errors)}, "numbers in a code"))
    found |= drawn(trial, trained[LENGTH])
    for side in ("vae", "gan"):
        done = trial.train(side)
        found |= judged(trial, side, done)
        found |= {f"confidence, {side}": confidence(done.model.sample(SAMPLES, seed=trial.seed))}
    return found | ring(trial) | {"rank correlation of error and length": float(spearmanr(LENGTHS, errors).statistic)}


def side_of(length: int) -> str:
    """The name of the side whose codes have this length."""
    return f"{length} number{'s'[:length > 1]}"


STEPS = 2_000                                # of every side on digits
CLAIM = Claim(
    statement="The error on unseen digits falls with the length of the code, steeply up to eight numbers and little "
              "beyond; but random codes decode to images that a judge is unsure of and that are further from digits "
              "than samples of a VAE and of a GAN after as many steps: nothing in the training ties codes to a law "
              "that can be drawn from. Drawn with the mean and spread of real ones, they come near the VAE's.",
    baseline="a VAE and a GAN on the same digits, with as many steps",
    sides={**{side_of(length): Side("autoencoder", "small", {"z_dim": length, "steps": STEPS}) for length in LENGTHS},
           "vae": Side("vae", "small", {"steps": STEPS}), "gan": Side("gan", "small", {"steps": STEPS}),
           "ring": Side("autoencoder", "ring")},
    checks=(
        Check("the error falls with the length of the code", "rank correlation of error and length", "at most", -0.9,
              "catalogue EXP-08"),
        Check("a judge is less sure of random codes than of a GAN's samples", "confidence, random codes", "below",
              "confidence, gan", "catalogue EXP-08: the argument for GANs"),
        Check("random codes decode to images further from digits than a VAE's samples", "fid, random codes", "above",
              "fid, vae", "what a prior is for"),
        Check("than a GAN's", "fid, random codes", "above", "fid, gan", "catalogue EXP-08"),
        Check("and than codes that are drawn where real ones lie", "fid, random codes", "above", "fid, fitted codes",
              "it is the law of the codes that is unknown, and not how to decode"),
    ),
    measure=measure,
)

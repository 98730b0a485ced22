"""Claim of EBGAN-PT (1609.03126): the pulling-away term keeps the codes of generated samples apart."""

from ..losses import pulling_away
from .claim import Check, Claim, Side
from .digits import SAMPLES, judged
from .points import covered
from .trial import Trial


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for side in ("ebgan-pt", "ebgan"):
        done = trial.train(side)
        codes = done.model.discriminator(done.model.sample(SAMPLES, seed=trial.seed)).codes
        found |= judged(trial, side, done) | {f"squared cosine of codes, {side}": float(pulling_away(codes))}
    apart, plain = (found[f"squared cosine of codes, {side}"] for side in ("ebgan-pt", "ebgan"))
    found["squared cosine, ratio"] = apart / plain
    for side in ("ebgan-pt, ring", "ebgan, ring"):
        found |= covered(trial, side, trial.train(side))
    return found


# One layer of codes and one that decodes, the shallowest of the paper's grid (1609.03126, Sec. 4.1). With an encoder of
# three layers, at 16 px, D arranges the codes of generated samples as it likes: the ratio was 0.98, 1.03, 0.76.
DIGITS = {"data": "digits", "image_size": 8, "depth": 2, "d_depth": 1, "width": 128, "d_width": 128, "margin": 0.3,
          "batch_size": 64, "steps": 1_500, "ema": 8_000.0}

CLAIM = Claim(
    statement="With the pulling-away term in the generator's loss, the codes that the auto-encoder gives to generated "
              "digits point in more different directions, and no class of digits is lost for it.",
    baseline="EBGAN: the same without the term",
    sides={
        "ebgan-pt": Side("ebgan-pt", "small", DIGITS),
        "ebgan": Side("ebgan", "small", DIGITS),
        "ebgan-pt, ring": Side("ebgan-pt", "ring"),
        "ebgan, ring": Side("ebgan", "ring"),
    },
    checks=(
        Check("mean squared cosine between codes of generated digits, at least 20 % below EBGAN's",
              "squared cosine, ratio", "at most", 0.8, "catalogue OBJ-10; 1609.03126, Eq. 4"),
        Check("covers at least as many classes", "classes, ebgan-pt", "at least", "classes, ebgan",
              "catalogue OBJ-10"),
    ),
    measure=measure,
)

"""Claim of AGE (1704.02304): an encoder and a generator alone make and restore digits, without a discriminator."""

from .claim import Check, Claim, Side
from .encoders import copied_and_judged, unseen
from .panels import images_panel
from .trial import Trial

SIDES = {"age": Side("age", "small"), "no game": Side("age", "small", {"adversarial_weight": 0.0}),
         "autoencoder": Side("autoencoder", "small")}


def measure(trial: Trial) -> dict[str, float]:
    trial.panel("real, unseen", images_panel(unseen(8)[0]))
    found: dict[str, float] = {}
    for side in SIDES:
        found |= copied_and_judged(trial, side)[1]
    return found


CLAIM = Claim(
    statement="An encoder that sends data to the prior and samples away from it is opponent enough for a generator: "
              "samples cover the digits and copies of unseen ones keep their class.",
    baseline="the same two players without the game, where the encoder does not push samples away; and random codes "
             "of a plain autoencoder",
    sides=SIDES,
    checks=(
        Check("copies of unseen digits keep their class", "class kept, age", "at least", 0.6, "catalogue LAT-03c"),
        Check("at least eight digits among 1000 samples", "classes, age", "at least", 8, "catalogue LAT-03c"),
        Check("samples are closer to digits than without the game", "fid, age", "below", "fid, no game", "ablation"),
        Check("and than random codes of an autoencoder", "fid, age", "below", "fid, autoencoder", "catalogue EXP-08"),
    ),
    measure=measure,
)

"""Claim of BigGAN (1809.11096): it makes the class it is asked for, and truncation trades variety for fidelity."""

from .claim import Claim, Quantities, Side
from .trial import Trial
from .truncated import checks_of, made


def measure(trial: Trial) -> Quantities:
    return made(trial, "biggan")


CLAIM = Claim(
    statement="The generator makes the class that it is asked for, and the closer to 0 its noise is held, the more "
              "real and the less varied are its samples, one step after the other.",
    baseline="the same generator with a wider threshold, from |z| <= 2 down to |z| <= 0.1",
    sides={"biggan": Side("biggan", "small")},
    checks=checks_of("biggan"),
    measure=measure,
)

"""The bilinear game: why gradient descent on a two-player game turns in circles, and what brings it to rest.

    min over x, max over y of xy, from (1, 1); its only equilibrium is (0, 0); r is the rate

    simultaneous     x' = x - r y,   y' = y + r x          |.|^2 grows by 1 + r^2 each step: it spirals out
    alternating      x' = x - r y,   y' = y + r x'         x^2 + y^2 - r x y never changes: it circles for ever
    averaged         the mean of all alternating steps     falls as 1 / steps
    extragradient    both step from here with the gradient of the point that a simultaneous step would reach;
                     |.|^2 shrinks by 1 - r^2 + r^4 each step

All of it is exact arithmetic of the rules above: nothing here is random.
"""

import math
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..version import __version__

RATE, STEPS, START = 0.1, 400, (1.0, 1.0)

Point = tuple[float, float]


def simultaneous(at: Point, rate: float) -> Point:
    """Both players answer where the other was."""
    x, y = at
    return x - rate * y, y + rate * x


def alternating(at: Point, rate: float) -> Point:
    """y answers where x is now."""
    x = at[0] - rate * at[1]
    return x, at[1] + rate * x


def extragradient(at: Point, rate: float) -> Point:
    """Both answer where the other would be after a simultaneous step (Korpelevich, 1976; for GANs 1802.10551)."""
    ahead_x, ahead_y = simultaneous(at, rate)
    return at[0] - rate * ahead_y, at[1] + rate * ahead_x


RULES: dict[str, Callable[[Point, float], Point]] = {
    "simultaneous": simultaneous, "alternating": alternating, "extragradient": extragradient}


def play(rule: Callable[[Point, float], Point], rate: float = RATE, steps: int = STEPS) -> list[Point]:
    """Where the players are at the start and after each step."""
    return list(accumulate(range(steps), lambda at, _: rule(at, rate), initial=START))


def averages(path: list[Point]) -> list[Point]:
    """The mean of all points up to each."""
    sums = accumulate(path, lambda a, b: (a[0] + b[0], a[1] + b[1]))
    return [(x / n, y / n) for n, (x, y) in enumerate(sums, 1)]


def closed_form(rate: float, steps: int) -> dict[str, float]:
    """The distance from the equilibrium after so many steps, where a formula gives it."""
    begin = math.hypot(*START)
    return {"simultaneous": begin * (1 + rate ** 2) ** (steps / 2),
            "extragradient": begin * (1 - rate ** 2 + rate ** 4) ** (steps / 2)}


def invariant(at: Point, rate: float) -> float:
    """x^2 + y^2 - r x y, which alternating steps leave as it is."""
    return at[0] ** 2 + at[1] ** 2 - rate * at[0] * at[1]


def measure() -> dict[str, Any]:
    """All that the page and the figure show."""
    paths = {name: play(rule) for name, rule in RULES.items()}
    paths["averaged"] = averages(paths["alternating"])
    orbit = [invariant(at, RATE) for at in paths["alternating"]]
    return {"rate": RATE, "steps": STEPS, "start": START, "closed form": closed_form(RATE, STEPS),
            "invariant": [min(orbit), max(orbit)],
            "distance": {name: math.hypot(*path[-1]) for name, path in paths.items()},
            "paths": {name: [[round(x, 6), round(y, 6)] for x, y in path] for name, path in paths.items()},
            "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Play the game under each rule (less than a second), and write what was found and a picture of it."""
    from .figures import publish
    from .figures.spiral import draw

    document = measure()
    say("distance from the equilibrium: " + ", ".join(
        f"{name} {value:.3g}" for name, value in document["distance"].items()))
    return publish(folder, "spiral", document, draw, indent=None)

"""Two time scales: whether the discriminator may take longer steps instead of more of them.

    five steps       equal learning rates, five updates of D per update of G, as in WGAN-GP (1704.00028)
    one step         equal learning rates, one update each
    two time scales  D's rate is several times G's, one update each (TTUR, 1706.08500)

The critic of WGAN-GP must keep up with the generator. Every game here has as many updates, of both players together, so
that all cost about the same: with five steps, G moves a third as often as with one. The weight of the gradient penalty
is 1, as in the preset of `wgan-gp` for points.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..data import load_data
from ..engine import Trainer
from ..metrics.distribution.modes import count_modes
from ..runs import construct, plan
from ..version import __version__

SEEDS, LOOKS, SAMPLES = (0, 1, 2), 10, 2_500
UPDATES = 2_700
SETTINGS = {"data": "ring", "image_size": 0, "objective": "wasserstein", "penalty": "gradient-penalty",
            "penalty_weight": 1.0, "width": 128, "z_dim": 32, "batch_size": 128, "ema": 0.0, "device": "cpu",
            "threads": 1}


class Game(NamedTuple):
    """The learning rates of both players, and updates of D per update of G."""

    d_lr: float
    lr: float
    d_steps: int = 1


GAMES = (Game(1e-3, 1e-3, 5), Game(1e-3, 1e-3),
         Game(4e-4, 1e-4), Game(1e-3, 2.5e-4), Game(4e-3, 1e-3))             # the first: recipe's preset `ttur`


def train(game: Game, seed: int) -> dict[str, Any]:
    """Play one game; returns the modes reached and the share of samples at one, at every look."""
    rounds = UPDATES // (game.d_steps + 1)
    chosen = plan("recipe", "ttur", {**SETTINGS, **game._asdict(), "seed": seed, "steps": rounds})
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    modes, quality = [], []
    for look in range(1, LOOKS + 1):
        trainer.fit(steps=rounds * look // LOOKS)
        found = count_modes(trainer.model.sample(SAMPLES, seed=seed), data.modes, data.mode_std)
        modes.append(found.reached)
        quality.append(round(found.high_quality, 4))
    return {"modes": modes, "high quality": quality}


def compare(games: Sequence[Game], seeds: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Play every game with every seed; returns what the page and the figure show."""
    found = []
    for game in games:
        courses = {str(seed): train(game, seed) for seed in seeds}
        last = {what: statistics.median(course[what][-1] for course in courses.values())
                for what in ("modes", "high quality")}
        found.append({**game._asdict(), "rounds": UPDATES // (game.d_steps + 1), **last, "seeds": courses})
        say(f"rates {game.d_lr:g} of D and {game.lr:g} of G, {game.d_steps} to 1: {last['modes']:g} of 8 modes")
    return {"settings": SETTINGS, "updates": UPDATES, "looks": LOOKS, "seeds": list(seeds), "games": found,
            "version": __version__}


def arrival(document: Mapping[str, Any], game: Mapping[str, Any]) -> float:
    """Updates until the first look at all eight modes, median over seeds; infinite where most never saw them."""
    return statistics.median(
        next((document["updates"] * (look + 1) / document["looks"] for look, modes in enumerate(seed["modes"])
              if modes == 8), math.inf) for seed in game["seeds"].values())


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all of it (about two CPU minutes), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.time_scales import draw

    return publish(folder, "ttur", compare(GAMES, SEEDS, say), draw, indent=None)

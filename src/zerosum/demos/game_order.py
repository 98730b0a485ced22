"""The order of the game: one ring of eight modes, one pair of networks, and three answers to who moves how often.

    min-max    the discriminator moves ten times per move of the generator: G answers an almost optimal D
    1 : 1      what is trained in practice
    max-min    the generator moves ten times per move of the discriminator: all of G fits on the best point of one D

min_G max_D V and max_D min_G V differ: in the second the inner problem is solved by a single point, which the next
discriminator rejects, so that the samples hop from mode to mode (1701.00160, Sec. 5.1.1). A hop is a change of the
mode that is the nearest of more than half of the samples, from one look to the next.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import Game
from ..data import load_data
from ..engine import Trainer
from ..metrics.distribution.distances import squared_distances
from ..metrics.distribution.modes import count_modes
from ..runs import construct, plan
from ..version import __version__

SEEDS, LOOKS, SAMPLES = (0, 1, 2), 50, 2_500
MOVES = 10
# Moves of D and G per round, and rounds: each game has 5,500 moves in all.
ORDERS = {"min-max": (MOVES, 1, 500), "1 : 1": (1, 1, 2_750), "max-min": (1, MOVES, 500)}
SETTINGS = {"objective": "non-saturating", "device": "cpu", "threads": 1}


def rounds(trainer: Trainer, d_moves: int, g_moves: int) -> Callable[[Game], dict[str, Tensor]]:
    """A `train_step` in which each player moves this often, on a fresh batch each time."""
    model = trainer.model

    def play(game: Game) -> dict[str, Tensor]:
        logs: dict[str, Tensor] = {}
        for player, loss, moves in (("discriminator", model.discriminator_loss, d_moves),
                                    ("generator", model.generator_loss, g_moves)):
            for _ in range(moves):
                logs |= game.update(player, loss, game.batch())
        return logs
    return play


def shares(x: Tensor, modes: Tensor) -> list[float]:
    """The share of samples x (N, D) to which each mode (M, D) is the nearest, however far."""
    nearest = squared_distances(x.double(), modes.double()).argmin(1)
    return (torch.bincount(nearest, minlength=len(modes)) / len(x)).tolist()


def hops(course: Sequence[Sequence[float]]) -> int:
    """How often the mode changes that holds more than half of the samples; looks at which none does are passed over."""
    held = [max(range(len(at)), key=at.__getitem__) for at in course if max(at) > 0.5]
    return sum(a != b for a, b in pairwise(held))


def train(order: tuple[int, int, int], seed: int) -> dict[str, Any]:
    """Play one order of the ring; returns the modes at the end, the hops and the shares of the modes on the way."""
    d_moves, g_moves, count = order
    chosen = plan("gan", "ring", {**SETTINGS, "seed": seed, "steps": count})
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    trainer.model.train_step = rounds(trainer, d_moves, g_moves)
    course, reached, x = [], [], torch.empty(0)
    for look in range(1, LOOKS + 1):
        trainer.fit(steps=count * look // LOOKS)
        x = trainer.model.sample(SAMPLES, seed=seed)
        course.append([round(share, 4) for share in shares(x, data.modes)])
        reached.append(count_modes(x, data.modes, data.mode_std).reached)
    return {"modes": reached[-1], "hops": hops(course), "reached": reached, "shares": course,
            "samples": [[round(value, 3) for value in point] for point in x[:500].tolist()]}


def compare(orders: Mapping[str, tuple[int, int, int]], seeds: Sequence[int],
            say: Callable[[str], None]) -> dict[str, Any]:
    """Play every order with every seed; returns what the page and the figure show."""
    found = {}
    for name, order in orders.items():
        games = {}
        for seed in seeds:
            games[str(seed)] = train(order, seed)
            say(f"{name}, seed {seed}: {games[str(seed)]['modes']} modes, {games[str(seed)]['hops']} hops")
        found[name] = {"moves": order, "seeds": games} | {
            what: statistics.median(game[what] for game in games.values()) for what in ("modes", "hops")}
    return {"settings": SETTINGS, "seeds": list(seeds), "looks": LOOKS, "orders": found, "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all of it (about four CPU minutes), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.game_order import draw

    return publish(folder, "order", compare(ORDERS, SEEDS, say), draw, indent=None)

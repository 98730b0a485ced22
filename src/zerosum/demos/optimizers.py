"""The optimizer race: every optimizer of the menu in a valley, at its best rate, and past a saddle at the same rate.

    valley   f = (u^2 + 100 v^2) / 2 with u, v turned by 30 degrees, so that no axis of the weights is one of its own
    saddle   f = (x^2 - y^2) / 2, entered almost along the ridge on which every gradient points to the saddle

The best rate is the one of a grid that reaches the goal of the valley soonest, or ends lowest; ties go to the smaller.
On the saddle none is tuned: it has no bottom, and the largest rate would always win. Nothing here is random.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import OPTIMIZERS
from ..version import __version__

STEPS = 300
RATES = tuple(float(f"{digit}e{power}") for power in range(-4, 3) for digit in (1, 2, 5))
TURN = math.radians(30)


@dataclass(frozen=True)
class Surface:
    """A function of two weights, where the race begins, and the height below which it is over."""

    height: Callable[[Tensor], Tensor]       # of (..., 2)
    start: tuple[float, float]
    goal: float
    view: tuple[tuple[float, float], tuple[float, float]]     # what the figure shows of it


def valley(w: Tensor) -> Tensor:
    u = math.cos(TURN) * w[..., 0] + math.sin(TURN) * w[..., 1]
    v = math.cos(TURN) * w[..., 1] - math.sin(TURN) * w[..., 0]
    return (u.square() + 100 * v.square()) / 2


def saddle(w: Tensor) -> Tensor:
    return (w[..., 0].square() - w[..., 1].square()) / 2


SURFACES = {"valley": Surface(valley, (-1.5, -0.2), 1e-3, ((-1.9, 0.9), (-1.5, 0.9))),
            "saddle": Surface(saddle, (-1.0, 1e-3), -0.5, ((-1.3, 1.3), (-0.4, 1.3)))}


def walk(name: str, rate: float, surface: Surface, steps: int = STEPS) -> list[tuple[float, float]]:
    """Where an optimizer is before and after each step, until it has reached the goal or is not finite."""
    w = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer = OPTIMIZERS[name](rate)([w])
    path = [tuple(w.tolist())]
    for _ in range(steps):
        height = surface.height(w)
        if height.item() < surface.goal or not math.isfinite(height.item()):
            break
        w.grad = torch.autograd.grad(height, w)[0]
        optimizer.step()
        path.append(tuple(w.tolist()))
    return path


def length(path: list[tuple[float, float]]) -> float:
    """How far an optimizer has walked."""
    return sum(math.dist(a, b) for a, b in pairwise(path))


def arrived(path: list[tuple[float, float]], surface: Surface) -> bool:
    """Whether the last point of a walk lies below the goal."""
    return surface.height(torch.tensor(path[-1], dtype=torch.float64)).item() < surface.goal


def best_rate(name: str, surface: Surface) -> float:
    """The rate with the fewest steps to the goal, or with the lowest end where none gets there."""
    def rank(rate: float) -> tuple[float, float, float]:
        path = walk(name, rate, surface)
        end = surface.height(torch.tensor(path[-1], dtype=torch.float64)).item()
        return (len(path) if arrived(path, surface) else math.inf, end if math.isfinite(end) else math.inf, rate)

    return min(RATES, key=rank)


def race(rates: dict[str, float], surface: Surface) -> dict[str, Any]:
    """The walk of each optimizer at its rate; `steps` is None for one that does not arrive."""
    found = {}
    for name, rate in rates.items():
        path = walk(name, rate, surface)
        found[name] = {"rate": rate, "steps": len(path) - 1 if arrived(path, surface) else None,
                       "length": length(path), "path": [[round(x, 5), round(y, 5)] for x, y in path]}
    return found


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all races (seconds), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.optimizers import draw

    rates = {name: best_rate(name, SURFACES["valley"]) for name in OPTIMIZERS}
    found = {where: race(rates, surface) for where, surface in SURFACES.items()}
    for where, walks in found.items():
        say(f"{where}: " + ", ".join(f"{name} {walk['steps'] or f'more than {STEPS}'}" for name, walk in walks.items()))
    document = {"steps": STEPS, "rates": [min(RATES), max(RATES)],
                "goals": {where: surface.goal for where, surface in SURFACES.items()}, "races": found,
                "version": __version__}
    return publish(folder, "optimizers", document, draw, indent=None)

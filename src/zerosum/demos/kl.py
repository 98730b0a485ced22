"""Kullback-Leibler is not symmetric: one Gaussian q fitted to a law p that it cannot copy, by three divergences.

    forward   KL(p || q) = E_p[log p / q]     what maximum likelihood minimises: q covers all of p, and more
    reverse   KL(q || p) = E_q[log q / p]     q keeps to where p is, and leaves the rest out
    js        Jensen-Shannon                  what the minimax game minimises

The laws are two humps, and a plateau (uniform, with soft edges). Divergences are sums over a fine grid; the best of
several descents from different starts counts. Two faults are then priced by each divergence: a model that has one of
the two humps alone, and a model that has both but puts half of its samples between them, where no data is.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..version import __version__
from .divergence import jensen_shannon, kl

REACH, CELLS = 8.0, 1601
HUMP, APART = 0.5, 2.0                       # standard deviation of each hump; their distance from the middle
PLATEAU, EDGE = 2.0, 0.05                    # half the width of the plateau; how soft its edges are
STRAY, STRAY_STD = 0.5, 0.2                  # share of unrealistic samples, and how close together they lie
STARTS = [(mean, spread) for mean in (-2.0, 0.0, 2.0) for spread in (0.5, 2.0)]
DIVERGENCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "forward": kl, "reverse": lambda p, q: kl(q, p), "js": jensen_shannon}


def grid() -> Tensor:
    """The points at which densities are known, (CELLS,), in float64."""
    return torch.linspace(-REACH, REACH, CELLS, dtype=torch.float64)


def gaussian(mean: float | Tensor, spread: float | Tensor) -> Tensor:
    """Probabilities of N(mean, spread^2) on the grid, positive and of sum 1."""
    return torch.softmax(-((grid() - mean) / spread).square() / 2, 0)


def two_humps() -> Tensor:
    """Half N(-2, 0.5^2), half N(2, 0.5^2)."""
    return (gaussian(-APART, HUMP) + gaussian(APART, HUMP)) / 2


def plateau() -> Tensor:
    """Uniform on [-2, 2], with edges that fall off exponentially, so that no logarithm is infinite."""
    outside = (grid().abs() - PLATEAU) / EDGE
    return torch.softmax(torch.nn.functional.logsigmoid(-outside), 0)


TARGETS: dict[str, Callable[[], Tensor]] = {"two humps": two_humps, "a plateau": plateau}


def fit(p: Tensor, of: Callable[[Tensor, Tensor], Tensor]) -> dict[str, float]:
    """The Gaussian of least divergence from p: mean, spread and value; a tie goes to the lesser mean."""
    found = [descend(p, of, start) for start in STARTS]
    least = min(each["value"] for each in found)
    return min((each for each in found if each["value"] < least + 1e-6), key=lambda each: each["mean"])


def descend(p: Tensor, of: Callable[[Tensor, Tensor], Tensor], start: tuple[float, float]) -> dict[str, float]:
    """Where L-BFGS ends in (mean, log spread)."""
    at = torch.tensor([start[0], math.log(start[1])], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([at], max_iter=200, line_search_fn="strong_wolfe", tolerance_change=1e-12)

    def value() -> Tensor:
        search.zero_grad()
        loss = of(p, gaussian(at[0], at[1].exp()))
        loss.backward()
        return loss

    search.step(value)
    mean, log_spread = at.tolist()
    return {"mean": mean, "spread": math.exp(log_spread), "value": value().item()}


def penalties() -> dict[str, dict[str, float]]:
    """What each divergence charges for a missing hump and for unrealistic samples, in nats."""
    p = two_humps()
    faults = {"missing mode": gaussian(-APART, HUMP),
              "unrealistic samples": (1 - STRAY) * p + STRAY * gaussian(0.0, STRAY_STD)}
    return {fault: {name: of(p, q).item() for name, of in DIVERGENCES.items()} for fault, q in faults.items()}


def measure() -> dict[str, Any]:
    """All that the page and the figure show."""
    targets = {name: target() for name, target in TARGETS.items()}
    return {"fits": {name: {kind: fit(p, of) for kind, of in DIVERGENCES.items()} for name, p in targets.items()},
            "penalties": penalties(), "stray": STRAY, "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Fit all (seconds), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.kl import draw

    document = measure()
    for law, fits in document["fits"].items():
        say(f"{law}: " + ", ".join(f"{kind} N({found['mean']:.2f}, {found['spread']:.2f}^2)"
                                   for kind, found in fits.items()))
    return publish(folder, "kl", document, draw)

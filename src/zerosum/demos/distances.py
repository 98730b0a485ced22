"""f-divergences and integral probability metrics: what each says of laws that do not touch, and in many dimensions.

Two uniform laws slide apart: as soon as they do not touch, the Jensen-Shannon divergence is log 2 and KL infinite, at
every distance, so that neither can tell a generator which way to go; integral probability metrics over smooth functions
go on growing. Then two Gaussians, one of them shifted by the same step along every axis, are estimated from few samples
in more and more dimensions: f-divergences are means of powers of a density ratio, which spread without bound (even with
both densities known), while the functions of an integral probability metric are bounded or Lipschitz.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..version import __version__
from .divergence import OF_PROBABILITIES, OF_SAMPLES, divergence

CELLS, POINTS = 64, 512                      # per unit of length; samples of each law
SHIFTS = tuple(i / 8 for i in range(25))     # how far the uniform laws are apart: they touch up to 1
DIMENSIONS, STEP = (2, 4, 8, 16, 32, 64), 0.25
SAMPLES, DRAWS = 256, 40


def uniforms(shift: float) -> tuple[Tensor, Tensor]:
    """U[0, 1] and U[shift, shift + 1] as probabilities of cells, (K,) each."""
    cells = torch.arange(int((1 + max(SHIFTS)) * CELLS))
    start = round(shift * CELLS)
    return tuple(((cells >= first) & (cells < first + CELLS)).double() / CELLS for first in (0, start))


def sliding() -> dict[str, list[float | None]]:
    """Every kind for every shift; None where it is infinite."""
    x = ((torch.arange(POINTS, dtype=torch.float64) + 0.5) / POINTS)[:, None]
    found = {name: [divergence(*uniforms(shift), name) for shift in SHIFTS] for name in OF_PROBABILITIES}
    found |= {f"{name} of samples": [divergence(x, x + shift, name) for shift in SHIFTS] for name in OF_SAMPLES}
    return {name: [value if math.isfinite(value) else None for value in values] for name, values in found.items()}


def ratio_estimates(x: Tensor, y: Tensor) -> dict[str, float]:
    """f-divergences of N(STEP 1, I) from N(0, I) as means over samples x of the first and y of the second."""
    def log_ratio(at: Tensor) -> Tensor:
        return (STEP * at - STEP ** 2 / 2).sum(1)

    return {"kl": float(log_ratio(x).mean()), "reverse-kl": float(-log_ratio(y).mean()),
            "chi-squared": float((log_ratio(y).exp() - 1).square().mean())}


def estimates(dimension: int, seed: int) -> dict[str, float]:
    """One estimate of every kind, from SAMPLES of each law."""
    draw = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(SAMPLES, dimension, dtype=torch.float64, generator=draw) for _ in range(2))
    x = x + STEP
    return ratio_estimates(x, y) | {f"{name} of samples": divergence(x, y, name) for name in OF_SAMPLES}


def truth(dimension: int) -> dict[str, float]:
    """What the ratio estimates would be of infinitely many samples."""
    squared = dimension * STEP ** 2
    return {"kl": squared / 2, "reverse-kl": squared / 2, "chi-squared": math.expm1(squared)}


def spread(dimensions: Sequence[int] = DIMENSIONS, draws: int = DRAWS) -> dict[str, dict[str, list[float]]]:
    """Mean and standard deviation of every kind's estimates, and the true value where it is known, by dimension."""
    found: dict[str, dict[str, list[float]]] = {}
    for dimension in dimensions:
        of = [estimates(dimension, seed) for seed in range(draws)]
        known = truth(dimension)
        for name in of[0]:
            values = [each[name] for each in of]
            entry = found.setdefault(name, {"mean": [], "deviation": []} | ({"true": []} if name in known else {}))
            entry["mean"].append(statistics.fmean(values))
            entry["deviation"].append(statistics.stdev(values))
            if name in known:
                entry["true"].append(known[name])
    return found


def measure(say: Callable[[str], None]) -> Mapping[str, Any]:
    """All that the page and the figure show."""
    say("two uniform laws slide apart")
    slid = sliding()
    say(f"two Gaussians in {', '.join(map(str, DIMENSIONS))} dimensions")
    return {"shifts": list(SHIFTS), "sliding": slid, "points": POINTS, "dimensions": list(DIMENSIONS), "step": STEP,
            "samples": SAMPLES, "draws": DRAWS, "spread": spread(), "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Run all of it (seconds), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.distances import draw

    return publish(folder, "distances", measure(say), draw)

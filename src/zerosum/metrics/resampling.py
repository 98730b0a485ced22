"""Confidence intervals: from random halves and subsets of the samples, and for counted proportions.

Subsets are drawn without replacement: a bootstrap would hand neighbour and kernel estimates copies of their samples.
The spread of an estimate over random halves is that of the whole sample (delete-d jackknife: Shao and Wu, 1989).
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor


def subsets(n_real: int, n_fake: int, count: int, seed: int,
            size: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
    """Draw `count` pairs of index sets, `size` of each without replacement; default half of each."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        yield (torch.randperm(n_real, generator=generator)[:size or n_real // 2],
               torch.randperm(n_fake, generator=generator)[:size or n_fake // 2])


def interval(value: float, estimates: Sequence[float], scale: float = 1.0) -> tuple[float, float]:
    """The 95 % Student interval around `value` from estimates whose spread is `scale` times too small."""
    from scipy.special import stdtrit

    spread = float(torch.tensor(estimates, dtype=torch.float64).std()) * scale
    reach = float(stdtrit(len(estimates) - 1, 0.975)) * spread
    return value - reach, value + reach


def subset_scale(n: int, size: int) -> float:
    """The spread over the whole of n samples, as a multiple of the spread over subsets of `size` drawn from them."""
    # Var(subset | sample) = s^2 (1 / size - 1 / n) and Var(sample) = s^2 / n; halves give exactly 1.
    return math.sqrt(size / (n - size))


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share counted among n samples (Wilson, 1927)."""
    z = 1.959964
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - reach) if share else 0.0, min(1.0, centre + reach) if share < 1 else 1.0

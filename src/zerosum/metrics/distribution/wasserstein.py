"""Wasserstein distance of two sets of samples, by exact optimal transport.

    W_p = (min over couplings E |x - y|^p)^(1/p)

0 is ideal, and samples never reach it: the floor in the details is what two halves of the real ones show. The trap: in
many dimensions that floor is high, and hides small differences.
Equal numbers of samples are matched one to one (Hungarian algorithm, O(N^3)); in one dimension sorting is the answer.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading
from ..resampling import interval, subsets
from .distances import centred, squared_distances

# Samples of each set that are matched. A collapsed generator is the slow case (ties everywhere), and the one that a
# student wants to look at: 1000 take a second then, 2500 half a minute.
LIMIT = 1000


def wasserstein(x: Tensor, y: Tensor, p: float = 1.0) -> float:
    """W_p of samples x (N, D) and y (M, D) under the Euclidean distance; N = M unless D = 1 (else UsageError)."""
    if x.shape[1] == 1:
        return float(on_lines(x.T.double(), y.T.double(), p)) ** (1 / p)
    if len(x) != len(y):
        raise UsageError(f"the exact Wasserstein distance needs as many samples of either, not {len(x)} and {len(y)}")
    from scipy.optimize import linear_sum_assignment

    cost = squared_distances(*centred(x, y)).pow_(p / 2)
    rows, columns = linear_sum_assignment(cost.numpy())
    return float(cost[rows, columns].double().mean()) ** (1 / p)


def on_lines(x: Tensor, y: Tensor, p: float) -> Tensor:
    """W_p^p of each row of x (L, N) to the same row of y (L, M), samples of one dimension on the CPU: (L,) float64.

    Between two quantile functions, which are steps: an integral over the union of their edges.
    """
    x, y = (torch.from_numpy(np.sort(side.numpy())) for side in (x, y))    # four times as fast as in torch
    n, m = x.shape[1], y.shape[1]
    if n == m:
        return (x - y).abs_().pow_(p).mean(1, dtype=torch.float64)
    # Edges in whole numbers of 1 / (n m): exact, where i / n would not be.
    edges = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()
    weights = torch.diff(edges, prepend=edges.new_zeros(1)).double() / (n * m)
    gaps = (x[:, (edges - 1) // m] - y[:, (edges - 1) // n]).abs_().pow_(p)
    return gaps.double() @ weights


def _measure(real: Tensor, fake: Tensor, context: Context, p: int) -> dict[str, Reading]:
    n = min(len(real), len(fake), LIMIT)
    i, j = next(subsets(len(real), len(fake), 1, context.seed, n))
    real, fake = real[i], fake[j]
    value, name = wasserstein(real, fake, p), f"w{p}"
    settings = {"p": p, "n_each": n, "solver": "exact"}
    if n < 4:
        return {name: Reading(value, "lower", 0.0, settings=settings, warning=f"{n} samples say nothing")}
    halves = [wasserstein(real[i], fake[j], p) for i, j in subsets(n, n, 8, context.seed)]
    low, high = interval(value, halves)
    # The distance of samples is never 0: what two halves of the real ones show is what no generator can beat.
    floor = wasserstein(real[:n // 2], real[n // 2:n // 2 * 2], p)
    warning = (f"real samples, {n // 2} against {n // 2}, are {floor:.3g} apart by chance alone"
               if low < floor else "")
    return {name: Reading(value, "lower", 0.0, (max(0.0, low), high), "8 random halves", settings, warning,
                          {"floor": floor})}


W1 = Metric.of_view("w1", "features", ("w1",), partial(_measure, p=1), "1806.07755")
W2 = Metric.of_view("w2", "features", ("w2",), partial(_measure, p=2), "1806.07755")

"""The permutation p-value of a kernel two-sample test (Gretton et al., 2012, JMLR 13, Sec. 3 and 5).

Were real and fake of one law, their labels could be shuffled: p is the share of labellings, the true one included,
whose unbiased MMD^2 is at least the observed. Under that hypothesis it is uniform, for any kernel and any size.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .distances import blocks, products


def permutation_p(real: Tensor, fake: Tensor, kernel: Callable[[Tensor, Tensor], Tensor], permutations: int = 999,
                  seed: int = 0) -> float:
    """P-value of features (N, D) and (M, D), in [1 / (permutations + 1), 1]; one (N + M) x (N + M) matrix is held.

    `kernel` must not depend on which samples are real. N and M must be at least 2.
    """
    n, m = len(real), len(fake)
    pooled = torch.cat([real, fake])
    matrix = torch.cat([kernel(pooled[rows], pooled).double() for rows in blocks(n + m)]).fill_diagonal_(0)
    chosen = torch.zeros(permutations + 1, n + m, dtype=torch.float64)
    chosen[0, :n] = 1
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.rand(permutations, n + m, generator=generator, dtype=torch.float64).argsort(1)
    chosen[1:].scatter_(1, shuffled[:, :n], 1)
    # With indicators s: sum within the chosen s.K.s, across s.K.(1 - s), and the rest is what is left of the total.
    first = products(chosen, matrix).mul_(chosen).sum(1)
    touching = chosen @ matrix.sum(1)
    across, second = touching - first, matrix.sum() - 2 * touching + first
    statistic = first / (n * (n - 1)) + second / (m * (m - 1)) - 2 * across / (n * m)
    return float((statistic >= statistic[0]).double().mean())

"""Squared maximum mean discrepancy of a batch under a mixture of Gaussian kernels, to be differentiated."""

from collections.abc import Sequence

import torch
from torch import Tensor


def mmd2(x: Tensor, y: Tensor, widths: Sequence[float], *, biased: bool = True) -> Tensor:
    """MMD^2 = E k(x, x') - 2 E k(x, y) + E k(y, y') of x (N, D) and y (M, D), a scalar (Gretton et al., 2012).

    k is the sum over `widths` of exp(-|x - y|^2 / (2 width^2)) (1502.02761, Sec. 2.1). "Biased" keeps the pairs of a
    sample with itself and is never below 0; the other estimate leaves them out and has mean 0 for equal laws.
    """
    both, n, m = torch.cat([x, y]), len(x), len(y)
    both = both - both.mean(0).detach()      # distances stay what they are; |x|^2 + |y|^2 - 2 x.y keeps their digits
    norms = both.square().sum(1)
    squared = (norms[:, None] + norms - 2 * both @ both.T).clamp_min(0)
    # k - 1 and not k: constants cancel in MMD^2, but would first drown the small distances of clipped features.
    kernel = sum(torch.expm1(squared * (-0.5 / width ** 2)) for width in widths)
    own_x, own_y, cross = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
    if biased:
        return own_x.mean() + own_y.mean() - 2 * cross.mean()
    return ((own_x.sum() - own_x.trace()) / (n * (n - 1)) + (own_y.sum() - own_y.trace()) / (m * (m - 1))
            - 2 * cross.mean())


def mmd(x: Tensor, y: Tensor, widths: Sequence[float]) -> Tensor:
    """The root of the biased estimate: the distance itself, whose gradient does not die where it is small.

    Descended by 1502.02761 (Sec. 2.2) and by the code of 1705.08584; its gradient is 0 where all samples are alike.
    """
    return mmd2(x, y, widths).clamp_min(1e-20).sqrt()

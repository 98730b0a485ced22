"""The truncation trick of BigGAN: a normal distribution without its tails (1809.11096, Sec. 3.1)."""

from math import erf, inf, sqrt

import torch
from torch import Tensor


def truncated_normal(z: Tensor, threshold: float) -> Tensor:
    """Map numbers of N(0, 1) to numbers of N(0, 1) under |z| <= threshold, like z; an increasing function of z.

    z' = F^-1(F(z)), with the distribution functions of both. What comes is distributed as if every number beyond the
    threshold were drawn again until it falls within, but one z stays one sample at all thresholds. At 0 all is 0, and
    at infinity z stays as it is.
    """
    if threshold == inf:
        return z
    inside = erf(threshold / sqrt(2))
    # In double precision: in single, all |z| beyond 5.4 have the same share below them.
    return (sqrt(2) * torch.erfinv(torch.erf(z.double() / sqrt(2)) * inside)).clamp(-threshold, threshold).to(z)

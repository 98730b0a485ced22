"""Where autocast must not reach: scores and penalties are computed in float32."""

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """Return x in float32 if it is of a smaller type; float32 and float64 pass through untouched."""
    return x.to(torch.promote_types(x.dtype, torch.float32))

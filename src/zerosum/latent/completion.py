"""Image completion: fill in what is missing with the sample that agrees best with what is known."""

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .descent import descend
from .passes import generated


def complete(model: Model, x: Tensor, known: Tensor, *, starts: int = 1, steps: int = 300, lr: float = 0.05,
             seed: int = 0) -> Tensor:
    """Complete images x (N, C, H, W) where `known` (broadcast to x) is False; what is known stays as it is.

    z^ = argmin_z |known (G(z) - x)|_1, by Adam from random z, for each image the best of `starts` many (the contextual
    loss of Yeh et al., 1607.07539; how 1704.04865, Sec. 4, compares generators). A generator of sharp images has many
    local minima: from one start it may lose to a blurred one. Raises UsageError for a model that makes nothing from
    noise, or images of another shape.
    """
    require(model, "generate")
    if x.shape[1:] != model.data.shape:
        raise UsageError(f"this model completes samples of shape {model.data.shape}, not {tuple(x.shape[1:])}")
    x = x.to(model.device)
    known = known.to(model.device).expand_as(x)
    wanted, seen = x.repeat(starts, 1, 1, 1), known.repeat(starts, 1, 1, 1)
    z = model.noise(len(wanted), torch.Generator().manual_seed(seed))                          # type: ignore[operator]
    z = descend(model, z, lambda z: ((model.generate(z) - wanted) * seen).abs().sum(), steps=steps, lr=lr)  # type: ignore[operator]
    found = generated(model, z)
    errors = ((found - wanted) * seen).abs().flatten(1).sum(1).view(starts, len(x))
    best = found.view(starts, *x.shape)[errors.argmin(0), torch.arange(len(x), device=x.device)]
    return torch.where(known, x, best)

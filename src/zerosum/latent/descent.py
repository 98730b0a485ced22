"""Moves latents down a loss, in evaluation mode and without a gradient for any weight."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..core import Model, adam
from .layer import without_weights
from .passes import evaluating


def descend(model: Model, z: Tensor, loss: Callable[[Tensor], Tensor], *, steps: int, lr: float, decay: bool = False,
            keep: Callable[[Tensor], Tensor] = lambda z: z) -> Tensor:
    """Move latents z (N, ...) down loss(z), one number, by Adam; returns where they end.

    The rate stays, or falls to nothing along half a cosine; after each step latents become what `keep` makes of them.
    """
    z = z.detach().clone().requires_grad_()
    optimizer = adam(lr)([z])
    with evaluating(model), without_weights(model), torch.enable_grad():
        for step in range(steps):
            if decay:
                optimizer.lr = lr * (1 + math.cos(math.pi * step / steps)) / 2
            z.grad, = torch.autograd.grad(loss(z), z)
            optimizer.step()
            with torch.no_grad():
                z.copy_(keep(z))
    return z.detach()

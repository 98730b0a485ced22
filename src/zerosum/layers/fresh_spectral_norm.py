"""Spectral normalization as BigGAN's code has it: sigma is never older than the weight, in evaluation neither.

A normalized layer keeps its keys `weight` and `bias`, and has two buffers more: `u0` (1, rows), where the power method
stands, and `sv0` (1,), the singular value that it last found, to look at.
"""

from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..ops import leading_vectors, power_step
from .spectral_norm import SpectralNorm

Network = TypeVar("Network", bound=nn.Module)

_LAYERS = (nn.Linear, nn.Conv2d)


class FreshSpectralNorm(SpectralNorm):
    """What `fresh_spectral_norm` adds to a layer: its forward pass uses W / sigma(W), sigma = u^T W v.

    Every forward pass takes steps of the power method from u0 first. In training it keeps where they lead; in
    evaluation it takes one and forgets it, so that averaged weights get the sigma that is theirs.
    """

    steps = 1                                # of the power method, in a forward pass in training

    def normalized_weight(self) -> Tensor:
        """W / sigma(W), like `weight`."""
        with torch.autocast(self.weight.device.type, enabled=False):
            matrix, u = self.matrix(), self.u0[0]
            with torch.no_grad():
                for _ in range(self.steps if self.training else 1):
                    u, v = power_step(matrix, u)
            sigma = torch.dot(u, torch.mv(matrix, v))
            if self.training:
                self.u0.copy_(u[None])       # in place: moving averages hold on to this tensor
                self.sv0.copy_(sigma.detach())
            return self.weight / sigma


def fresh_spectral_norm(network: Network, *, embeddings: bool = True, steps: int = 1) -> Network:
    """Normalize every linear and convolutional layer of a network, and its embeddings, in place, and return it.

    BigGAN's generator leaves its embeddings as they are. u0 starts as the singular vector itself, so that nothing has
    to warm up and no random number is drawn. Raises ValueError if there is nothing to normalize, or if it is done
    already.
    """
    kinds = (*_LAYERS, nn.Embedding) if embeddings else _LAYERS
    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    if not layers or any(isinstance(layer, SpectralNorm) for layer in layers):
        raise ValueError(f"{type(network).__name__} has no layers left that spectral normalization is for")
    for layer in layers:
        layer.__class__ = _normalized(type(layer))
        layer.steps = steps
        with torch.no_grad():
            u, v = leading_vectors(layer.matrix())
            sigma = torch.dot(u, torch.mv(layer.matrix(), v))
        layer.register_buffer("u0", u[None].contiguous())
        layer.register_buffer("sv0", sigma[None])
    return network


@cache
def _normalized(kind: type[nn.Module]) -> type[nn.Module]:
    """The class of a normalized layer of this kind; it is still one of the kind."""
    return type(f"FreshSpectralNorm{kind.__name__}", (FreshSpectralNorm, kind), {})

"""Spectral normalization of weights: layers whose linear map has norm one (Miyato et al., 2018, arXiv:1802.05957).

A normalized layer keeps its keys `weight` (as it is trained, not normalized) and `bias`, and has two buffers more:
`weight_u` and `weight_v`, the singular vectors of the weight, as a matrix, that belong to its largest singular value.
"""

from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..ops import leading_vectors, power_step

Network = TypeVar("Network", bound=nn.Module)

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LAYERS = (nn.Linear, nn.Embedding, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED)


class SpectralNorm(nn.Module):
    """What `spectral_norm` adds to a layer: its forward pass uses W / sigma(W).

    sigma = u^T W v, whose gradient is that of W with u and v held constant (Eq. 12). Every forward pass in training
    mode takes one step of the power method first, whoever is moving; evaluation uses u and v as they are. They lag
    behind weights that move fast, the more the closer the next singular value is. As u^T W v <= ||W|| the norm is then
    above one: by a few percent at Adam's usual rates, by nothing once the weights rest.
    """

    def forward(self, *inputs: Tensor) -> Tensor:
        # An attribute of the object hides the parameter of the same name for as long as the layer computes.
        self.__dict__["weight"] = self.normalized_weight()
        try:
            return super().forward(*inputs)
        finally:
            del self.__dict__["weight"]

    def normalized_weight(self) -> Tensor:
        """W / sigma(W), like `weight`."""
        with torch.autocast(self.weight.device.type, enabled=False):
            matrix, u, v = self.matrix(), self.weight_u.clone(), self.weight_v.clone()
            if self.training:
                with torch.no_grad():
                    u, v = power_step(matrix, u)
                    self.weight_u.copy_(u)   # in place: moving averages hold on to this tensor
                    self.weight_v.copy_(v)
            return self.weight / torch.dot(u, torch.mv(matrix, v))

    def matrix(self) -> Tensor:
        """The weight as a matrix: (out, in * kernel) of a convolution (Sec. 2.1), (number, width) of an embedding."""
        weight = self.weight.transpose(0, 1) if isinstance(self, _TRANSPOSED) else self.weight
        return weight.flatten(1)


def spectral_norm(network: Network) -> Network:
    """Normalize every linear, convolutional and embedding layer of a network in place, and return it.

    u and v start as the singular vectors themselves, so that nothing has to warm up and no random number is drawn.
    Raises ValueError if there is nothing to normalize, or if it is done already.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, _LAYERS)]
    if not layers or any(isinstance(layer, SpectralNorm) for layer in layers):
        raise ValueError(f"{type(network).__name__} has no layers left that spectral normalization is for")
    for layer in layers:
        layer.__class__ = _normalized(type(layer))
        with torch.no_grad():
            u, v = leading_vectors(layer.matrix())
        layer.register_buffer("weight_u", u.contiguous())
        layer.register_buffer("weight_v", v.contiguous())
    return network


@torch.no_grad()
def remove_spectral_norm(network: Network) -> Network:
    """Write W / sigma(W) into the weights, in place, and leave plain layers that compute what evaluation computed."""
    for layer in network.modules():
        if isinstance(layer, SpectralNorm):
            layer.weight.div_(torch.dot(layer.weight_u, torch.mv(layer.matrix(), layer.weight_v)))
            del layer.weight_u, layer.weight_v
            layer.__class__ = type(layer).__bases__[1]
    return network


@cache
def _normalized(kind: type[nn.Module]) -> type[nn.Module]:
    """The class of a normalized layer of this kind; it is still one of the kind."""
    return type(f"SpectralNorm{kind.__name__}", (SpectralNorm, kind), {})

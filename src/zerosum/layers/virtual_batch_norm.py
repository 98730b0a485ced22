"""Virtual batch normalization: statistics of a fixed reference batch instead of the batch at hand (1606.03498)."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..ops import at_least_float32


class VirtualBatchNorm(nn.Module):
    """Normalizes each sample by the statistics of a reference batch of R samples and of itself (Sec. 3.5).

    The first R of the samples that come in are the reference batch, which is normalized by its own statistics. Any
    other is normalized by those of R + 1 samples, the reference and itself, so that it depends on no other.
    """

    def __init__(self, features: int, references: int, eps: float = 1e-5):
        super().__init__()
        self.references, self.eps = references, eps
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (R + N, features) or (R + N, features, H, W), over places too; like x."""
        references, places = self.references, tuple(range(2, x.dim()))
        y = at_least_float32(x)
        y = y - y[:references].mean((0, *places), keepdim=True)  # first, since E[y^2] - E[y]^2 cancels far from 0
        spread = y[:references].square().mean((0, *places), keepdim=True)
        mean, square = (moment.mean(places, keepdim=True) if places else moment for moment in (y, y.square()))
        share = torch.full((len(y), *[1] * (y.dim() - 1)), 1 / (references + 1), device=y.device)
        share[:references] = 0                                   # of a sample in the statistics that normalize it
        mean, square = share * mean, (1 - share) * spread + share * square
        y = (y - mean) * torch.rsqrt(square - mean.square() + self.eps)
        weight, bias = (each.view(1, -1, *[1] * len(places)) for each in (self.weight, self.bias))
        return (y * weight + bias).to(x.dtype)


class VirtualBatch(nn.Module):
    """A network whose every batch norm is a virtual one; it passes its reference batch along with each batch.

    The reference is a buffer: saved, resumed, and the first process's in all of them. It is passed with the present
    weights and differentiated through, which doubles the cost; so the paper has it in the generator alone. `network` is
    changed in place. Raises ValueError if it has no batch norm.
    """

    def __init__(self, network: nn.Module, reference: Tensor):
        super().__init__()
        if not _replace_batch_norms(network, len(reference)):
            raise ValueError(f"{type(network).__name__} has no batch norm to make virtual")
        self.network = network
        self.register_buffer("reference", reference)

    def forward(self, x: Tensor) -> Tensor:
        """What the network makes of x (N, ...), sample by sample."""
        return self.network(torch.cat([self.reference, x]))[len(self.reference):]


def _replace_batch_norms(network: nn.Module, references: int) -> int:
    """Put a virtual batch norm in place of each, with its gain and bias; returns how many there were."""
    found = [(parent, name, child) for parent in network.modules() for name, child in parent.named_children()
             if isinstance(child, _BatchNorm)]
    for parent, name, norm in found:
        virtual = VirtualBatchNorm(norm.num_features, references, norm.eps)
        virtual.weight, virtual.bias = norm.weight, norm.bias
        setattr(parent, name, virtual)
    return len(found)

"""Conditional batch normalization: the gain and bias of each channel are those of the class that is asked for."""

import torch
from torch import Tensor, nn


class ConditionalBatchNorm(nn.Module):
    """h -> gamma_y (h - E[h]) / sqrt(Var[h]) + beta_y, with one vector gamma and one beta per class.

    The statistics are those of the whole batch, whatever its classes (Dumoulin et al., 2017, 1610.07629; de Vries et
    al., 2017, 1707.00683). `condition`, (N, num_classes), is set by whoever passes h, for as long as that takes: layers
    in between need not know of it. A row of it is one-hot, or weighs the vectors of several classes. Gains start at 1,
    biases at 0.
    """

    condition: Tensor | None = None

    def __init__(self, num_classes: int, channels: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.weight = nn.Parameter(torch.ones(num_classes, channels))
        self.bias = nn.Parameter(torch.zeros(num_classes, channels))

    def forward(self, h: Tensor) -> Tensor:
        """Normalize maps (N, channels, H, W); like h."""
        gain, bias = ((self.condition @ each)[..., None, None].to(h) for each in (self.weight, self.bias))
        return self.norm(h) * gain + bias


def conditional_batch_norm(network: nn.Module, num_classes: int) -> list[ConditionalBatchNorm]:
    """Put a conditional norm in the place of each batch norm below a network, and return them.

    Raises ValueError if there is none.
    """
    places = [(parent, name, child.num_features) for parent in network.modules()
              for name, child in parent.named_children() if isinstance(child, nn.BatchNorm2d)]
    if not places:
        raise ValueError(f"{type(network).__name__} has no batch norm to make conditional")
    norms = [ConditionalBatchNorm(num_classes, channels) for *_, channels in places]
    for (parent, name, _), norm in zip(places, norms, strict=True):
        setattr(parent, name, norm)
    return norms

"""Discriminators of the pairs with several numbers per sample in place of one score."""

from typing import Any

from torch import Tensor, nn

from ..layers import init_normal, init_orthogonal
from ..ops import at_least_float32
from .pairs import Pair, pair_of


class ManyOutputs(nn.Module):
    """A DCGAN or MLP discriminator whose last layer gives `outputs` numbers; all else stays as it was."""

    def __init__(self, discriminator: nn.Module, outputs: int):
        super().__init__()
        self.body = discriminator.body
        last = self.body[-1]
        if isinstance(last, nn.Conv2d):
            self.body[-1] = nn.Conv2d(last.in_channels, outputs, last.kernel_size)
            init_normal(self.body[-1])
        else:
            self.body[-1] = nn.Linear(last.in_features, outputs)
            self.body.insert(0, nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, *shape) to (N, outputs), float32."""
        return at_least_float32(self.body(x).flatten(1))


def pair_with_outputs(cfg: Any, shape: tuple[int, ...], outputs: int) -> Pair:
    """The pair that `pair_of` would build, dcgan or mlp, whose discriminator returns (N, outputs)."""
    generator, discriminator = pair_of(cfg, shape)
    discriminator = ManyOutputs(discriminator, outputs)
    if len(shape) == 1:
        init_orthogonal(discriminator.body[-1], gain=1.4)
    return generator, discriminator

"""The layers of a discriminator, ending in a vector in place of one score: class logits, or a code."""

from torch import Tensor, nn

from ..ops import at_least_float32
from .dcgan import DCGANDiscriminator
from .mlp import MLPDiscriminator


class Embedding(nn.Module):
    """x -> all layers of a discriminator but its last -> Linear -> `outputs` numbers.

    The hidden layers are the discriminator's own, with their weights; the last starts as PyTorch starts it.
    """

    def __init__(self, discriminator: MLPDiscriminator | DCGANDiscriminator, outputs: int):
        super().__init__()
        *hidden, last = discriminator.body
        flat = [nn.Flatten()] if isinstance(discriminator, MLPDiscriminator) else []
        self.features = nn.Sequential(*flat, *hidden, nn.Flatten())
        self.last = nn.Linear(last.weight[0].numel(), outputs)               # what one score is made of

    def forward(self, x: Tensor) -> Tensor:
        """Map samples (N, *shape) to (N, outputs), float32."""
        return at_least_float32(self.last(self.features(x)))

"""An encoder for a generator: the discriminator of its pair with as many outputs as there are numbers in a code."""

from typing import Any

from torch import nn

from .features import Embedding
from .pairs import pair_of


def coders_of(cfg: Any, shape: tuple[int, ...], outputs: int = 0) -> tuple[Embedding, nn.Module]:
    """Encoder x -> `outputs` numbers (default z_dim) and generator z -> x, by a Config as `pair_of` reads it."""
    generator, discriminator = pair_of(cfg, shape)
    return Embedding(discriminator, outputs or cfg.z_dim), generator

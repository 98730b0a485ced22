"""Features without a network: small pictures, and points as they are."""

from torch import Tensor

from .extractor import fit_images, float_batch

SIDE = 8


class Pixels:
    """The pixels of an image made 8 x 8 with antialiasing: (N, C, H, W) -> (N, 64 C)."""

    weights_hash = ""

    def __init__(self, channels: int):
        self.name, self.channels, self.dim = f"pixels-{SIDE}x{SIDE}", channels, channels * SIDE * SIDE
        self.shape = (channels, SIDE, SIDE)

    def __call__(self, x: Tensor) -> Tensor:
        return fit_images(float_batch(x), self.shape).flatten(1)


class Points:
    """Points as they are: (N, D) -> (N, D)."""

    name, weights_hash = "points", ""

    def __init__(self, dim: int):
        self.dim = dim

    def __call__(self, x: Tensor) -> Tensor:
        return float_batch(x)

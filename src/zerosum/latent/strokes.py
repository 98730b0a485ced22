"""What a user draws on a picture: colour strokes, edges, and where it may change."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from ..core import UsageError

LUMA = (0.299, 0.587, 0.114)                 # ITU-R BT.601


@dataclass(frozen=True)
class Strokes:
    """Constraints on a picture (C, H, W); what is not constrained is 0 in its weight.

    colour: (C, H, W) in [-1, 1], with weight `painted` (1, H, W); edges: (2, H, W), the double-angle gradient that is
    asked for, with weight `sketched` (1, H, W); free: (1, H, W), 1 where the picture may change.
    """

    colour: Tensor
    painted: Tensor
    edges: Tensor
    sketched: Tensor
    free: Tensor

    @classmethod
    def painting(cls, colour: Tensor, opacity: Tensor) -> "Strokes":
        """Strokes of a painting: colour (C, H, W) where its opacity (1, H, W) is not 0.

        Raises UsageError where all or nothing is opaque.
        """
        if not opacity.any():
            raise UsageError("nothing is painted: all of the picture of strokes is transparent")
        if (opacity > 0.99).all():
            raise UsageError("the picture of strokes has no transparent ground: paint on a transparent layer, and save "
                             "that layer alone as PNG")
        nothing = torch.zeros_like(opacity)
        return cls(colour, opacity, nothing.repeat(2, 1, 1), nothing, torch.ones_like(opacity))

    def within(self, free: Tensor) -> "Strokes":
        """The same, where the picture may change only where `free` (1, H, W) is 1."""
        return Strokes(self.colour, self.painted, self.edges, self.sketched, self.free * free)

    def error(self, x: Tensor) -> Tensor:
        """Mean absolute colour error of pictures x (N, C, H, W) under the paint, in [0, 2]: (N,)."""
        weight = self.painted.to(x)
        return (weight * (x - self.colour.to(x)).abs()).mean(1).flatten(1).sum(1) / weight.sum().clamp_min(1e-6)


def gradient_map(x: Tensor) -> Tensor:
    """|g| (cos 2a, sin 2a) of the brightness gradient g of pictures (N, C, H, W), a its angle: (N, 2, H, W).

    Twice the angle, so that an edge is the same from dark to light as from light to dark; a mean over 3x3 pixels, as
    a histogram of gradients has it over a cell (HOG; Dalal and Triggs, 2005), so that a line may lie a pixel off.
    """
    weights = x.new_tensor(LUMA if x.shape[1] == 3 else [1 / x.shape[1]] * x.shape[1])
    grey = torch.einsum("nchw,c->nhw", x, weights)[:, None]
    kernel = x.new_tensor([[-1.0, 0.0, 1.0]]) / 2
    across = conv2d(pad(grey, (1, 1, 0, 0), mode="replicate"), kernel[None, None])
    down = conv2d(pad(grey, (0, 0, 1, 1), mode="replicate"), kernel.T[None, None])
    length = (across.square() + down.square() + 1e-6).sqrt()
    double = torch.cat([across.square() - down.square(), 2 * across * down], 1) / length
    return avg_pool2d(double, 3, 1, 1)

"""Samples that are made turned and moved, by a model whose input can be (StyleGAN3, 2106.12423, App. F)."""

from math import cos, radians, sin

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .passes import CHUNK, chosen_labels, evaluating


def movement(right: float = 0.0, down: float = 0.0, turn: float = 0.0) -> Tensor:
    """The matrix (3, 3) of a turn about the centre, in degrees counter-clockwise, and then a shift in pixels.

    Raises UsageError for a number that is not finite.
    """
    if not torch.tensor([right, down, turn]).isfinite().all():
        raise UsageError(f"samples are moved by finite numbers, not by {right:g},{down:g} and {turn:g} degrees")
    c, s = cos(radians(turn)), sin(radians(turn))
    return torch.tensor([[c, s, right], [-s, c, down], [0, 0, 1]])               # y points down


@torch.no_grad()
def sample_moved(model: Model, n: int, matrix: Tensor, *, seed: int = 0, labels: Tensor | None = None) -> Tensor:
    """Draw n samples (n, C, H, W) in [-1, 1], their noise as in `model.sample`, moved by a matrix (3, 3).

    What comes in from outside is made, too: nothing is cut off and nothing repeats. Raises UsageError for a model that
    cannot `transform`.
    """
    require(model, "transform")
    z = model.noise(n, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    asked = chosen_labels(model, n) if labels is None else labels.to(z.device)
    with evaluating(model):
        return torch.cat([model.transformed(z[i:i + CHUNK], matrix,                            # type: ignore[operator]
                                            None if asked is None else asked[i:i + CHUNK]).clamp(-1, 1)
                          for i in range(0, n, CHUNK)])

"""Turning images by right angles, each by its own."""

import torch
from torch import Tensor

TURNS = 4                                    # right angles until an image is back where it was


def turned(x: Tensor, turns: Tensor) -> Tensor:
    """Turn each square image of x (N, C, S, S) counter-clockwise by turns (N,) right angles, 0 to 3."""
    ways = torch.stack([torch.rot90(x, k, (2, 3)) for k in range(TURNS)])
    return ways[turns, torch.arange(len(x), device=x.device)]

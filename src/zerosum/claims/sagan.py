"""Claim of SAGAN (1805.08318): places that are far apart agree, since attention lets them see each other.

In `matching` two shapes at opposite corners share their colour. The discriminator here has two blocks, whose
convolutions see 14 of the 24 pixels: less than from one shape to the other. In the place of attention its twin has two
1x1 convolutions of exactly as many weights.
"""

import torch
from torch import Tensor

from ..data import load_data
from ..data.builtin.shapes import COLOURS
from .claim import Check, Claim, Side
from .panels import images_panel
from .trial import Trial

COUNT = 1_000
SEEN = 0.35                                  # of full brightness: a shape is where something is brighter


def corners_of(x: Tensor) -> tuple[Tensor, Tensor]:
    """The two opposite quarters of images (N, 3, H, W) that are the brighter ones: (N, 2) colours, and if all is there.

    A colour is that of the palette whose direction is nearest to that of the quarter's mean.
    """
    height, width = (side // 2 for side in x.shape[2:])
    x = (x + 1) / 2
    quarters = torch.stack([x[..., :height, :width], x[..., -height:, -width:],
                            x[..., :height, -width:], x[..., -height:, :width]], 1)
    brightest = quarters.amax((2, 3, 4))
    pairs = brightest.unflatten(1, (2, 2)).amin(2)
    chosen = pairs.argmax(1)
    means = quarters.mean((3, 4)).unflatten(1, (2, 2))[torch.arange(len(x)), chosen]
    palette = torch.nn.functional.normalize(torch.tensor(COLOURS, dtype=x.dtype), dim=1)
    return (means @ palette.T).argmax(2), pairs.amax(1) > SEEN


def consistency(x: Tensor) -> float:
    """The share of images that have two shapes at opposite corners, both of one colour."""
    colours, there = corners_of(x)
    return float(((colours[:, 0] == colours[:, 1]) & there).double().mean())


def made(trial: Trial, side: str) -> dict[str, float]:
    """Train a side, and look at the corners of what it makes."""
    done = trial.train(side)
    x = done.model.sample(COUNT, seed=trial.seed)
    colours, there = corners_of(x)
    found = {"consistent pairs": consistency(x), "pairs": float(there.double().mean()),
             "colours": len(colours.unique()),
             "parameters": sum(weight.numel() for weight in done.model.parameters())}
    trial.panel(f"{side}: {found['consistent pairs']:.0%} consistent", images_panel(x))
    return {f"{name}, {side}": value for name, value in found.items()}

"""Claim of SAGAN (1805.08318): places that are far apart agree, since attention lets them see each other.

In `matching` two shapes at opposite corners share their colour. The discriminator here has two blocks, whose
convolutions see 14 of the 24 pixels: less than from one shape to the other. In the place of attention its twin has two
1x1 convolutions of exactly as many weights.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..data.builtin.shapes import COLOURS
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
    palette = normalize(torch.tensor(COLOURS, dtype=x.dtype), dim=1)
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


def measure(trial: Trial) -> dict[str, float]:
    found = made(trial, "attention") | made(trial, "twin")
    return found | {"more consistent with attention": found["consistent pairs, attention"]
                    - found["consistent pairs, twin"]}


TASK = {"data": "matching", "image_size": 24, "width": 4, "d_width": 4, "d_blocks": 2, "attention": 12, "steps": 900}

CLAIM = Claim(
    statement="Where the discriminator's convolutions do not reach from one shape to the other, attention makes their "
              "colours agree.",
    baseline="the same networks, optimiser, batch and steps with two 1x1 convolutions of as many weights in the place "
             "of attention",
    sides={"attention": Side("sagan", "small", TASK),
           "twin": Side("sagan", "small", TASK | {"middle": "residual"})},
    checks=(
        Check("pairs are more often of one colour than without attention, by five points",
              "more consistent with attention", "at least", 0.05, "catalogue ARC-05"),
        Check("there are shapes at opposite corners", "pairs, attention", "at least", 0.9,
              "pairs that are not there cannot agree"),
        Check("in all six colours", "colours, attention", "at least", 6,
              "catalogue, Sec. 0.3: fidelity never without diversity"),
        Check("the twin has as many parameters", "parameters, twin", "at least", "parameters, attention",
              "catalogue ARC-05"),
    ),
    measure=measure,
)

"""Equivariance: whether a sample moves as a whole when its model is asked to move it (StyleGAN3, Karras et al., 2021).

    EQ-T = 10 log10(I^2 / E[(T_t(G(z)) - G(z; t))^2]),   EQ-R likewise with turns            arXiv:2106.12423, App. E

Peak signal-to-noise ratio in decibels, over the pixels that both know: `eq-t` by whole pixels, `eq-t-frac` by
fractions of them, `eq-r` by any angle, about the centre. Higher is better; textures that stick to the pixels cost tens
of decibels. The trap: what hardly shows anything moves well, so that a number says something only beside a distance to
real data; and interpolation itself bounds `eq-t-frac` and `eq-r` at some 80 to 90.
"""

from collections.abc import Callable
from functools import partial
from math import cos, inf, log10, pi, sin
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..likelihood.at_rest import at_rest
from ..metric import Context, ModelMetric, Reading
from ..paired.psnr import RANGE
from ..resampling import interval, subsets
from ..sources import labels_like
from .movements import Moved, filtered_as_turned, shifted, shifted_by_pixels, turned_about_centre

if TYPE_CHECKING:
    from ...data import Dataset

FARTHEST = 1 / 8                             # of the image, along each axis
CHUNK = 4                                    # samples that are moved alike, as in the official code
GIVES = ("eq-t", "eq-t-frac", "eq-r")

Render = Callable[[Tensor], Tensor]          # a movement (3, 3) in pixels -> the same samples (N, C, H, W), moved


def translation(x: float, y: float) -> Tensor:
    """The matrix (3, 3) of a shift to the right and down, in pixels."""
    return torch.tensor([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def rotation(angle: float) -> Tensor:
    """The matrix (3, 3) of a turn, counter-clockwise, in radians."""
    return torch.tensor([[cos(angle), sin(angle), 0], [-sin(angle), cos(angle), 0], [0, 0, 1]])


def errors(render: Render, generator: torch.Generator) -> Tensor:
    """Squared errors of one movement of each kind, and of how many values: (3, 2) float64, in the order of `GIVES`."""
    still = render(torch.eye(3))
    height, width = still.shape[2:]
    x, y = (2 * torch.rand(2, generator=generator) - 1).tolist()
    whole = (round(x * FARTHEST * width), round(y * FARTHEST * height))
    found = [_error(shifted_by_pixels(still, whole), Moved(render(translation(*whole)), still.new_ones(()) > 0))]
    x, y = (2 * torch.rand(2, generator=generator) - 1).tolist()
    part = (x * FARTHEST * width, y * FARTHEST * height)
    found.append(_error(shifted(still, part), Moved(render(translation(*part)), still.new_ones(()) > 0)))
    angle = pi * (2 * torch.rand((), generator=generator).item() - 1)
    found.append(_error(turned_about_centre(still, angle), filtered_as_turned(render(rotation(angle)), angle)))
    return torch.stack(found)


def decibels(found: Tensor) -> list[float]:
    """PSNR of each kind from errors (batches, 3, 2); infinite where nothing differs."""
    return [10 * log10(RANGE**2 * count / total) if total else inf for total, count in found.sum(0).tolist()]


def _error(expected: Moved, seen: Moved) -> Tensor:
    valid = expected.valid & seen.valid
    squares = (expected.x - seen.x).double().square() * valid
    return torch.stack([squares.sum(), valid.sum().double() * squares[:, :, 0, 0].numel()]).cpu()


def _measure(model: Any, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    generator = torch.Generator().manual_seed(context.seed)
    z, labels, batches = model.noise(n, generator), labels_like(model, n, data, context.seed), []
    for start in range(0, n, CHUNK):
        rows = slice(start, start + CHUNK)
        asked = None if labels is None else labels[rows].to(z.device)
        batches.append(errors(partial(_rendered, model, z[rows], asked, context.seed + start), generator))
    found, settings = torch.stack(batches), {"farthest": FARTHEST, "turns": "any", "alike": CHUNK}
    halves = [decibels(found[rows]) for rows, _ in subsets(len(found), len(found), 40, context.seed)] \
        if len(found) > 3 else []
    readings = {}
    for index, (name, value) in enumerate(zip(GIVES, decibels(found), strict=True)):
        spread = [half[index] for half in halves]
        known = interval(value, spread) if spread and max(value, *spread) < inf else None
        warning = "nothing differs at all: samples show nothing that could move" if value == inf else \
            "" if spread else f"{n} samples are few"
        readings[name] = Reading(value, "higher", None, known, "40 random halves" if known else "", settings, warning,
                                 unit="dB")
    return readings


def _rendered(model: Any, z: Tensor, labels: Tensor | None, seed: int, matrix: Tensor) -> Tensor:
    with at_rest(model, seed), torch.no_grad():
        return model.transformed(z, matrix.to(z.device), labels)


METRIC = ModelMetric("equivariance", ("generate", "transform"), GIVES, _measure, "2106.12423")

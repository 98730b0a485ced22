"""Bits per dimension of 8-bit images under a model that gives log p(x) (Theis et al., 2016, arXiv:1511.01844).

    bits = -(log p(x + u) - D log 127.5) / (D log 2),   u uniform over the width of one level

The mean number of bits that a code made from the model spends on one of the D numbers of an image; lower is better, and
8 is what no model at all needs. Noise over the width of a level makes the density comparable with the level's
probability: the result is never below the bits of the discrete image (Sec. 3.1). A level is 1 / 127.5 wide where images
span [-1, 1]. Two traps: a `log_prob` that is itself a bound (a VAE's) gives an upper bound of the bits, which the card
says; and images that were resized or have fewer levels need fewer bits, so compare on the same data only.
"""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...core import Model, UsageError, ZerosumError
from ..metric import Context, ModelMetric, Reading
from ..resampling import interval
from ..sources import some
from .at_rest import at_rest

if TYPE_CHECKING:
    from ...data import Dataset

CHUNK = 500                                  # images at a time
HALF_RANGE = 127.5                           # levels per unit


def bits_per_dim(log_prob: Tensor, dimensions: int) -> Tensor:
    """Bits per dimension of images with this log density (N,) in nats, in [-1, 1] with 256 levels: (N,) float64."""
    nats = dimensions * math.log(HALF_RANGE) - log_prob.double()
    return nats / (dimensions * math.log(2))


def dequantised(x: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, ...) in [-1, 1] of 256 levels, each number moved uniformly within its level.

    Raises UsageError for numbers that are no levels.
    """
    levels = (x + 1) * HALF_RANGE
    if float((levels - levels.round()).abs().max()) > 0.01:
        raise UsageError("bits per dimension count 256 levels, and these images have others: load 8-bit images")
    return x + (torch.rand(x.shape, generator=generator) - 0.5) / HALF_RANGE


def _measure(model: Model, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    from ...data import to_float

    if not data.spec.is_image:
        raise UsageError(f"bits per dimension are of 8-bit images, and {data.name} is points")
    if getattr(model.cfg, "likelihood", None) == "bernoulli":
        raise UsageError("bits per dimension need a density of the pixels, and a Bernoulli likelihood is none: "
                         "train with --likelihood gaussian")
    generator, values = torch.Generator().manual_seed(context.seed), []
    with at_rest(model, context.seed) as device, torch.no_grad():
        for rows in some(len(data), n, context.seed).split(CHUNK):
            x = dequantised(to_float(data.gather(rows)["x"]), generator)
            values.append(bits_per_dim(model.log_prob(x.to(device)).cpu(), data.spec.size))      # type: ignore[operator]
    bits = torch.cat(values)
    bad = int((~torch.isfinite(bits)).sum())
    if bad:
        raise ZerosumError(f"log_prob of {bad} of {len(bits)} images is NaN or infinite: nothing can be measured")
    return {"bits-per-dim": _reading(bits, model)}


def _reading(bits: Tensor, model: Model) -> Reading:
    exact = model.card.density == "tractable"
    value, n = float(bits.mean()), len(bits)
    settings = {"levels": 256, "noise": "uniform within a level", "images": n,
                "log_prob": "exact" if exact else "lower bound"}
    if n < 2:
        return Reading(value, "lower", settings=settings, warning="one image says nothing", unit="bits", counts=(n, 0))
    warning = "" if exact else "an upper bound: log_prob is a lower bound of the likelihood, by how much it cannot tell"
    return Reading(value, "lower", None, interval(value, bits.tolist(), 1 / math.sqrt(n)), "images", settings, warning,
                   unit="bits", counts=(n, 0))


METRIC = ModelMetric("bits-per-dim", ("log_prob",), ("bits-per-dim",), _measure, "1511.01844")

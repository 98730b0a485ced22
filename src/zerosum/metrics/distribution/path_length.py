"""Perceptual path length: how fast samples change along a path in latent space (Karras et al., 2019).

    l = E[ d(G(path(a, b; t)), G(path(a, b; t + eps))) / eps^2 ]                  arXiv:1812.04948, Sec. 4.1

Lower is smoother: nothing appears midway that neither end has. "Full" paths are met anywhere between two latents, "end"
paths at the first of them. The trap: a generator that always makes the same sample scores 0, so a path length
says something only beside a distance to real data, between models whose latents have the same prior and dimension.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ...core import UsageError, ZerosumError
from ..features.extractor import Layers, float_batch
from ..likelihood.at_rest import at_rest
from ..metric import Context, ModelMetric, Reading
from ..paired.lpips import perceptual_distance
from ..resampling import interval, subsets
from ..sources import labels_like

if TYPE_CHECKING:
    from ...data import Dataset
    from ..features import Extractor

EPS = 1e-4                                   # of the paper
FILTER = (0.01, 0.99)                        # NVlabs drop what lies outside these quantiles
LARGEST = 256                                # pixels to which larger images are averaged before they are compared
CHUNK = 250                                  # paths that are followed at a time
ROUGH = 0.1                                  # of the value: an uncertainty that is worth a warning

Generate = Callable[[Tensor], Tensor]
Distance = Callable[[Tensor, Tensor], Tensor]            # of samples (n, ...) and (n, ...): (n,)
Path = Callable[[Tensor, Tensor, Tensor], Tensor]        # from latents (n, ...) to (n, ...), at t (n,)


def path_lengths(generate: Generate, start: Tensor, end: Tensor, t: Tensor, *, distance: Distance, path: Path,
                 eps: float = EPS) -> Tensor:
    """Squared speed d(G(path(t)), G(path(t + eps))) / eps^2 of each path from start to end (N, ...) at t (N,): (N,).

    `distance` is a squared one. In z the paths are `great_circle` or `sphere`; in w, `start` and `end` are mapped
    latents, `generate` is the synthesis alone, and the path is `line`. Raises UsageError where the numbers of paths
    differ, ZerosumError where samples are not finite.
    """
    if not len(start) == len(end) == len(t) or not len(t) or start.shape != end.shape:
        raise UsageError(f"paths need as many starts, ends and times of one shape, not {tuple(start.shape)}, "
                         f"{tuple(end.shape)} and {tuple(t.shape)}")
    if not eps > 0:
        raise UsageError(f"the step eps along a path must be positive, not {eps:g}")
    t = t.double()                           # in float32 the step itself would be off by a thousandth
    here, there = (generate(path(start, end, at)) for at in (t, t + eps))
    with torch.no_grad():
        lengths = distance(here, there).double() / eps ** 2
    if not torch.isfinite(lengths).all():
        raise ZerosumError(f"{int((~torch.isfinite(lengths)).sum())} of {len(lengths)} paths lead to samples that are "
                           "NaN or infinite: nothing can be measured")
    return lengths


def filtered_mean(lengths: Tensor, quantiles: tuple[float, float] = FILTER) -> float:
    """The mean of lengths (N,) between two quantiles, rounded outwards to the nearest samples and with these."""
    ordered, last = lengths.double().sort().values, len(lengths) - 1
    low, high = ordered[math.floor(quantiles[0] * last)], ordered[math.ceil(quantiles[1] * last)]
    return float(ordered[(ordered >= low) & (ordered <= high)].mean())


def line(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """(1 - t) a + t b of latents (N, ...) at t (N,)."""
    return torch.lerp(a, b, t.to(a.dtype).view(-1, *[1] * (a.ndim - 1)))


def great_circle(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The direction, of length 1, at t (N,) on the great circle from a to b (N, D); a where they are parallel."""
    dtype = a.dtype
    a, b = (x.double() / x.double().norm(dim=1, keepdim=True).clamp_min(1e-300) for x in (a, b))
    cosine = (a * b).sum(1, keepdim=True).clamp(-1, 1)
    across = b - cosine * a
    sine = across.norm(dim=1, keepdim=True)
    angle = t.double()[:, None] * torch.atan2(sine, cosine)  # an arc cosine would lose half the digits of small angles
    turned = a * angle.cos() + across / sine.clamp_min(1e-300) * angle.sin()
    return torch.where(sine > 1e-12, turned, a).to(dtype)


def sphere(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Along the great circle from a to b (N, D), the length going evenly from |a| to |b|: stays where a Gaussian is.

    NVlabs take `great_circle` itself, because their mapping makes every z the same length first; others do not.
    """
    dtype, (a, b) = a.dtype, (a.double(), b.double())
    return (great_circle(a, b, t) * line(a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True), t)).to(dtype)


def framed(x: Tensor, crop: bool = False) -> Tensor:
    """Images (N, C, H, W) as NVlabs compare them: averaged down to 256 by a whole factor; other samples as they are.

    With `crop`, the middle half of the width and the height from 3/8 to 7/8 first: the face, in FFHQ.
    """
    if x.ndim != 4:
        return x
    if crop:
        eighth = x.shape[2] // 8
        x = x[:, :, 3 * eighth:7 * eighth, 2 * eighth:6 * eighth]
    factor = min(x.shape[2:]) // LARGEST
    return avg_pool2d(x, factor) if factor > 1 else x


def _measure(model: Any, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    generator = torch.Generator().manual_seed(context.seed)
    start, end = model.noise(n, generator), model.noise(n, generator)
    labels = labels_like(model, n, data, context.seed)
    # A Gaussian lives near a sphere; a uniform prior fills a cube, which a sphere would leave and a line does not.
    path = sphere if getattr(getattr(model, "cfg", None), "prior", "normal") == "normal" else line
    times = {"full": torch.rand(n, generator=generator, dtype=torch.float64).to(start.device)}
    times["end"] = torch.zeros_like(times["full"])
    distance, seen_as = _perceptual(context.extractor, data)
    readings = {}
    for sampling, t in times.items():
        lengths = []
        for rows in (slice(first, first + CHUNK) for first in range(0, n, CHUNK)):
            generate = _repeatable(model, None if labels is None else labels[rows], context.seed + rows.start)
            lengths.append(path_lengths(generate, start[rows], end[rows], t[rows], path=path, distance=distance))
        settings = {"space": "z", "path": path.__name__, "sampling": sampling, "eps": EPS, "crop": False,
                    "distance": seen_as, "kept": "quantiles {} to {}".format(*FILTER)}
        readings["ppl" if sampling == "full" else "ppl-end"] = _reading(torch.cat(lengths), settings, context.seed)
    return readings


def _repeatable(model: Any, labels: Tensor | None, seed: int) -> Generate:
    """The model as a function of z alone: what it draws besides is the same at both ends of a step."""
    def generate(z: Tensor) -> Tensor:
        with at_rest(model, seed), torch.no_grad():
            return framed(model.generate(z, None if labels is None else labels.to(z.device)))

    return generate


def _perceptual(extractor: "Extractor", data: "Dataset") -> tuple[Distance, str]:
    """The form of LPIPS for images, where the extractor shows its layers; else the squared distance of features."""
    if data.spec.is_image and isinstance(extractor, Layers):
        return lambda x, y: perceptual_distance(float_batch(x), float_batch(y), extractor), "LPIPS form, of layers"
    return lambda x, y: (extractor(x).double() - extractor(y).double()).square().sum(1), "squared, of features"


def _reading(lengths: Tensor, settings: dict[str, Any], seed: int) -> Reading:
    value, n = filtered_mean(lengths), len(lengths)
    if n < 4:
        return Reading(value, "lower", settings=settings, warning=f"{n} paths say nothing")
    if value == 0:
        return Reading(value, "lower", settings=settings,
                       warning="samples do not change along any path: this is collapse, not smoothness")
    low, high = interval(value, [filtered_mean(lengths[rows]) for rows, _ in subsets(n, n, 40, seed)])
    off = (high - low) / 2 / value
    warning = f"{n} paths are few: the value may be off by {off:.0%}" if off > ROUGH else ""
    return Reading(value, "lower", None, (max(0.0, low), high), "40 random halves", settings, warning)


METRIC = ModelMetric("ppl", ("generate",), ("ppl", "ppl-end"), _measure, "1812.04948")

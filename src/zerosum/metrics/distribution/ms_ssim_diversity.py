"""Diversity of images by MS-SSIM: how alike two random samples are (Odena et al., 2017, arXiv:1610.09585, Sec. 4.2).

The mean over pairs is ideal where it is that of real images: above it samples are too much alike, 1 is one image only;
below it they are noise, or have lost their structure. It sees a collapse of pixels, not of content: two shifted copies
already differ. `class-ms-ssim-diversity` takes both of one class, that was asked for, as the paper does.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading, Seen
from ..paired.ssim import ms_ssim, scales_of
from .class_fid import grouped

PAIRS, CHUNK = 1000, 100                     # in all; compared at a time
LEAST = 4                                    # samples of a class: two pairs


def similarity(x: Tensor, pairs: int = PAIRS, seed: int = 0) -> Tensor:
    """MS-SSIM of random pairs of images (N, C, H, W) in [-1, 1], no image in two of them: (at most N / 2,).

    Raises UsageError for samples that are no images, fewer than two of them, or smaller ones than MS-SSIM takes.
    """
    if x.ndim != 4 or len(x) < 2:
        raise UsageError(f"MS-SSIM compares images (N, C, H, W), at least two, not {tuple(x.shape)}")
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    chosen = order[:len(x) // 2 * 2].view(-1, 2)[:pairs]
    return torch.cat([ms_ssim(x[some[:, 0]], x[some[:, 1]]) for some in chosen.split(CHUNK)]).double()


def _reading(real: list[Tensor], fake: list[Tensor], size: tuple[int, ...], settings: dict) -> Reading:
    """The mean over groups of their means. No two pairs share an image, so that they are independent."""
    value, ideal = (sum(float(group.mean()) for group in side) / len(side) for side in (fake, real))
    pairs = sum(map(len, fake))
    settings = settings | {"pairs": pairs, "scales": scales_of(*size)}
    if min(map(len, fake)) < 2:
        return Reading(value, "nearer", ideal, settings=settings, warning=f"{pairs} pairs say nothing")
    reach = 1.96 * math.sqrt(sum(float(group.var()) / len(group) for group in fake)) / len(fake)
    warning = "fewer than 100 pairs say little" if pairs < 100 else ""
    return Reading(value, "nearer", ideal, (value - reach, min(1.0, value + reach)), "normal", settings, warning)


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    found = [[similarity(side, PAIRS, context.seed)] for side in (real, fake)]
    return {"ms-ssim-diversity": _reading(*found, real.shape[2:], {"pairs of": "any class"})}


def _measure_classes(real: Seen, fake: Seen, context: Context) -> dict[str, Reading]:
    groups = grouped(real.targets, fake.targets, LEAST)
    most = max(10, PAIRS // len(groups.pairs))
    found = [[similarity(side.samples[pair[number]], most, context.seed) for pair in groups.pairs.values()]
             for number, side in enumerate((real, fake))]
    reading = _reading(*found, real.samples.shape[2:], {"pairs of": "one class"})
    per_class = {str(c): float(group.mean()) for c, group in zip(groups.pairs, found[1], strict=True)}
    warning = "; ".join(filter(None, (groups.warning(LEAST), reading.warning)))
    return {"class-ms-ssim-diversity": replace(reading, details={"per class": per_class}, warning=warning)}


METRIC = Metric.of_view("ms-ssim-diversity", "samples", ("ms-ssim-diversity",), _measure, "1610.09585")
BY_CLASS = Metric("class-ms-ssim-diversity", ("samples", "targets"), ("class-ms-ssim-diversity",), _measure_classes,
                  "1610.09585")

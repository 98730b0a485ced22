"""Modes of a known density that samples reach, and the share of samples close to any (Srivastava et al., 2017).

arXiv:1705.07761, Sec. 4.1. A mode is reached by 20 of 2500 samples within ten standard deviations of its centre, and,
more strictly, within three; high-quality is the share of samples within three standard deviations of any centre.
Ideal is what real samples score. The trap: a mode that gets a tenth of its share counts as much as one that gets all.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading, tensor_of
from ..resampling import wilson
from .distances import squared_distances

SHARE = 20 / 2500                            # of all samples, that a mode must receive
WIDE, NARROW = 10.0, 3.0                     # standard deviations


@dataclass(frozen=True)
class ModeCount:
    """Modes reached within ten and within three standard deviations, and the share of samples within three."""

    reached: int
    reached_narrowly: int
    high_quality: float


def count_modes(x: Tensor, modes: Tensor, std: float) -> ModeCount:
    """Count the modes (M, D) of spread `std` that samples x (N, D) reach."""
    squared, nearest = squared_distances(x.double(), modes.double()).min(1)
    distance = squared.sqrt()

    def reached(reach: float) -> int:
        hits = torch.bincount(nearest[distance <= reach * std], minlength=len(modes))
        return int((hits >= SHARE * len(x)).sum())

    return ModeCount(reached(WIDE), reached(NARROW), float((distance <= NARROW * std).double().mean()))


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    if context.modes is None:
        raise UsageError("the metric 'modes' needs data whose modes are known: ring or grid")
    modes = tensor_of(context.modes, "modes").double()
    if fake.ndim != 2 or modes.shape[1:] != fake.shape[1:] or not context.mode_std > 0 or not modes.isfinite().all():
        raise UsageError(f"modes must be finite centres (M, {fake[0].numel()}) of points (N, {fake[0].numel()}), with "
                         f"mode_std > 0, not {tuple(modes.shape)} with {context.mode_std:g}")
    count, ideal = (count_modes(side, modes, context.mode_std) for side in (fake, real))
    settings = {"modes": len(context.modes), "std": context.mode_std, "share": SHARE}
    few = f"{len(fake)} samples: the protocol takes 2500" if len(fake) < 2500 else ""
    return {"modes": Reading(count.reached, "higher", ideal.reached, settings=settings | {"within": WIDE}, warning=few),
            "modes-3-sigma": Reading(count.reached_narrowly, "higher", ideal.reached_narrowly,
                                     settings=settings | {"within": NARROW}, warning=few),
            "high-quality": Reading(count.high_quality, "higher", ideal.high_quality,
                                    wilson(count.high_quality, len(fake)), "Wilson", settings | {"within": NARROW})}


METRIC = Metric.of_view("modes", "samples", ("modes", "modes-3-sigma", "high-quality"), _measure, "1705.07761")

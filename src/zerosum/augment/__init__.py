"""Differentiable augmentations, applied alike to what is real and what is fake before the discriminator sees it."""

from collections.abc import Callable

from torch import Tensor

from .diffaugment import color, cutout, diffaugment
from .simple import flip, identity, translation

AUGMENTATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": identity, "flip": flip, "translation": translation, "diffaugment": diffaugment,
}

__all__ = ["AUGMENTATIONS", "color", "cutout", "diffaugment", "flip", "identity", "translation"]

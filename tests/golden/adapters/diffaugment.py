"""autonomousvision/projected-gan: DiffAugment with a cutout of a fifth of the sides, and the recorded draws."""

from functools import partial
from unittest.mock import patch

import torch
from torch import Tensor

from zerosum.augment import color, cutout, translation

from .case import Case

REPO = "autonomousvision/projected-gan"
POLICIES = {"color": color, "translation": translation, "cutout": partial(cutout, ratio=0.2),
            "color,translation,cutout": lambda x: cutout(translation(color(x)), ratio=0.2)}


def diffaugments(case: Case) -> dict[str, Tensor]:
    found = {}
    for name, policy in POLICIES.items():
        recorded = {key: value for key, value in sorted(case.expected.items()) if key.startswith(f"out.{name}.draw")}
        draws = iter(recorded.values())

        def draw(*bounds_and_size, draws=draws, **_options) -> Tensor:
            size = bounds_and_size[-1] if isinstance(bounds_and_size[-1], tuple) else bounds_and_size
            return next(draws).view(size)

        with patch.multiple(torch, rand=draw, randint=draw):
            found |= recorded | {f"out.{name}.y": policy(case.inputs["x"])}
        assert next(draws, None) is None, "fewer were drawn than recorded"
    return found


ADAPTERS = {(REPO, "pg_modules.diffaug.DiffAugment"): diffaugments}

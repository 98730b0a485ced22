"""From samples to the views that metrics look at, batch by batch."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..core import DataSpec, UsageError, ZerosumError
from .distribution.high_frequency import spectral_energy
from .features import Extractor
from .features.extractor import float_batch
from .metric import Metric, Seen, View
from .sources import Batches

Look = Callable[[Tensor], Tensor]


class Looker:
    """Makes the views of samples that these metrics ask for, with this extractor."""

    def __init__(self, metrics: Sequence[Metric], extractor: Extractor):
        self.wanted = {view: metric.name for metric in metrics for view in metric.views}
        self.functions = {view: _function(view, name, extractor) for view, name in self.wanted.items()
                          if view != "targets"}

    def __call__(self, batches: Batches, spec: DataSpec) -> tuple[Seen, tuple[int, ...]]:
        """What there is to see of all batches of samples like `spec`, and the shape of a sample."""
        parts: dict[View, list[Tensor]] = {view: [] for view in self.wanted}
        shape: tuple[int, ...] = ()
        for x, targets in batches:
            x = _sound(float_batch(x), spec)
            shape = tuple(x.shape[1:])
            for view, function in self.functions.items():
                parts[view].append(function(x))
            if "targets" in parts:
                parts["targets"].append(self._known(targets))
        if not shape:
            raise UsageError("there are no samples to measure")
        return Seen(**{view: torch.cat(found) for view, found in parts.items()}), shape

    def _known(self, targets: Tensor | None) -> Tensor:
        if targets is None:
            raise UsageError(f"the metric '{self.wanted['targets']}' compares class by class: it needs data with "
                             "labels, and a model that is asked for them (or generated images in class subfolders)")
        return targets.cpu().long()


def _sound(x: Tensor, spec: DataSpec) -> Tensor:
    shape = tuple(x.shape[1:])
    if len(shape) != len(spec.shape) or (not spec.is_image and shape != spec.shape):
        raise UsageError(f"the samples are {times(shape)} and the data is {times(spec.shape)}")
    bad = int((~torch.isfinite(x)).flatten(1).any(1).sum())
    if bad:
        raise ZerosumError(f"{bad} of {len(x)} samples are NaN or infinite: nothing can be measured")
    return x.clamp(-1, 1) if spec.is_image else x            # as a picture file would


def _function(view: View, metric: str, extractor: Extractor) -> Look:
    """What turns samples into what a metric looks at."""
    simple: dict[View, Look] = {"features": extractor, "samples": float_batch, "spectrum": spectral_energy}
    if view in simple:
        return simple[view]
    method = getattr(extractor, {"labels": "classify", "probabilities": "probabilities"}[view], None)
    if method is None:
        raise UsageError(f"the metric '{metric}' needs a judge that gives {view}, and {extractor.name} gives none: "
                         "it works on digits, glyphs and shapes with --features judge")
    return method


def times(shape: tuple[int, ...]) -> str:
    """A shape in words: 3x32x32."""
    return "x".join(map(str, shape))

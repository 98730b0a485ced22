"""The contract of a metric: what it looks at, and a function from two sets of it, or from a model, to readings."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import torch
from torch import Tensor

from ..core import UsageError
from .distribution.statistics import Gaussian
from .protocol import OURS, Protocol

if TYPE_CHECKING:
    from ..core import Model
    from ..data import Dataset
    from .features import Extractor

View = Literal["features", "samples", "labels", "targets", "probabilities", "spectrum"]


@dataclass(frozen=True)
class Seen:
    """A set of samples as metrics look at it: the views that somebody asked for, all on the CPU, checked and finite."""

    features: Tensor | None = None                       # (N, D) float32: what the extractor makes of them
    samples: Tensor | None = None                        # (N, C, H, W) in [-1, 1] or (N, D) float32: as they are
    labels: Tensor | None = None                         # (N,) int64: the class that the judge sees
    targets: Tensor | None = None                        # (N,) int64: the class they have, or were asked to have
    probabilities: Tensor | None = None                  # (N, K) float32: the judge's, of every class
    spectrum: Tensor | None = None                       # (N, 2) float64: high-frequency and total energy
    gaussian: Gaussian | None = None                     # mean and covariance, where the features were not kept

    def __len__(self) -> int:
        views = (getattr(self, view) for view in get_args(View))
        return next((len(view) for view in views if view is not None), self.gaussian.count if self.gaussian else 0)


@dataclass(frozen=True)
class Reading:
    """One number as its metric found it, before it is known where the samples came from."""

    value: float
    better: Literal["lower", "higher", "nearer"]         # nearer: to the ideal
    ideal: float | None = None                           # what samples of the data's own distribution score
    interval: tuple[float, float] | None = None          # 95 %
    method: str = ""                                     # how the interval was found
    settings: dict[str, Any] = field(default_factory=dict)      # chosen: equal wherever two values may be compared
    warning: str = ""
    details: dict[str, Any] = field(default_factory=dict)       # found on the way: bias, values per class, ...
    unit: str = ""                                       # nats, bits, dB
    counts: tuple[int, int] | None = None                # real and fake samples that went in, where not all did


@dataclass(frozen=True)
class Context:
    """What a metric may know besides the two sets."""

    seed: int = 0                                        # of its draws
    modes: Tensor | None = None                          # (M, D) centres of a density whose modes are known
    mode_std: float = 0.0
    train: Seen | None = None                            # the data that the model was trained on, where asked for
    extractor: "Extractor | None" = None                 # that made the features
    protocol: Protocol = OURS


@dataclass(frozen=True)
class Metric:
    """A metric of two sets. `measure(real, fake, context)` returns readings by the names in `gives`.

    Both sets hold the `views`; with `memory`, `context.train` holds them too, of the samples that were trained on; with
    `statistics`, a set may hold its mean and covariance (`gaussian`) in place of features.
    """

    name: str
    views: tuple[View, ...]
    gives: tuple[str, ...]
    measure: Callable[[Seen, Seen, Context], dict[str, Reading]]
    paper: str
    memory: bool = False
    statistics: bool = False

    @classmethod
    def of_view(cls, name: str, view: View, gives: tuple[str, ...],
                measure: Callable[[Tensor, Tensor, Context], dict[str, Reading]], paper: str) -> Self:
        """A metric of one view, whose `measure` takes the two tensors themselves."""
        @wraps(measure)
        def of_sets(real: Seen, fake: Seen, context: Context) -> dict[str, Reading]:
            return measure(getattr(real, view), getattr(fake, view), context)

        return cls(name, (view,), gives, of_sets, paper)


@dataclass(frozen=True)
class ModelMetric:
    """A metric of a model with the abilities `needs`, and one at least of `either`, where any is named.

    `measure(model, data, n, context)` returns readings. data: the real samples (its test part);
    n: how many samples, paths or chains to spend.
    """

    name: str
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    measure: Callable[["Model", "Dataset", int, Context], dict[str, Reading]]
    paper: str
    either: tuple[str, ...] = ()


def about(metric: Metric | ModelMetric) -> str:
    """What the number means, its ideal and its trap: what the metric's own file says first."""
    measure = inspect.unwrap(metric.measure)
    while isinstance(measure, partial):
        measure = inspect.unwrap(measure.func)
    return inspect.getdoc(inspect.getmodule(measure)) or ""


def tensor_of(x: Any, what: str) -> Tensor:
    """An array of numbers on the CPU, whatever its strides and byte order; UsageError for what is none."""
    if isinstance(x, Tensor):
        return x.detach().cpu()
    try:
        found = np.asarray(x)
        return torch.from_numpy(np.ascontiguousarray(found, found.dtype.newbyteorder("=")))
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"{what} must be an array of numbers, not {type(x).__name__}") from error


def same_width(real: Tensor, fake: Tensor, what: str) -> None:
    """Raise UsageError unless two sets of samples have the same shape behind their number."""
    if real.shape[1:] != fake.shape[1:]:
        sizes = ["x".join(map(str, side.shape[1:])) or "single numbers" for side in (real, fake)]
        raise UsageError(f"real and fake {what} must have the same width, not {sizes[0]} and {sizes[1]}")

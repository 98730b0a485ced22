"""The contract of a metric: what it looks at, and a function from two sets of it to readings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

View = Literal["features", "samples", "labels", "probabilities", "spectrum"]


@dataclass(frozen=True)
class Reading:
    """One number as its metric found it, before it is known where the samples came from."""

    value: float
    better: Literal["lower", "higher", "nearer"]         # nearer: to the ideal
    ideal: float | None = None                           # what samples of the data's own distribution score
    interval: tuple[float, float] | None = None          # 95 %
    method: str = ""                                     # how the interval was found
    settings: dict[str, Any] = field(default_factory=dict)
    warning: str = ""


@dataclass(frozen=True)
class Context:
    """What a metric may know besides the two sets: the seed of its draws, and the modes of a known density."""

    seed: int = 0
    modes: Tensor | None = None                          # (M, D) centres
    mode_std: float = 0.0


@dataclass(frozen=True)
class Metric:
    """A metric. `measure(real, fake, context)` returns readings by the names in `gives`.

    Its two sets are tensors on the CPU, checked for size and finiteness: features (N, D) float32, samples (N, D),
    labels (N,) int64, probabilities (N, K), or spectrum (N, 2), as `view` says.
    """

    name: str
    view: View
    gives: tuple[str, ...]
    measure: Callable[[Tensor, Tensor, Context], dict[str, Reading]]
    paper: str

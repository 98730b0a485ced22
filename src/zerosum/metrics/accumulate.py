"""Scores of what arrives batch by batch, in one process or in several."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from ..core import DataSpec, UsageError
from .compute import Array, Views, chosen, measure, seen
from .distribution.statistics import Statistics
from .features import Extractor
from .features.extractor import about
from .features.resolve import under
from .look import Looker, asked_by, times
from .metric import Context, Metric, ModelMetric, Seen, View
from .protocol import OURS, Protocol, protocol_of
from .score import Score, ScoreCard
from .sources import from_array


class Accumulator:
    """Takes in real and fake samples as they come, and says their scores at any time.

        scores = Accumulator(["fid", "kid"]).update(real=features).update(fake=features).compute()

    What arrives are the views that the metrics look at, as in `compute`; or images, where an `extractor` is given.
    FID alone keeps a mean and a covariance, and no interval; any other metric keeps what it looks at.
    """

    def __init__(self, metrics: str | Sequence[str], *, extractor: Extractor | None = None, seed: int = 0,
                 protocol: str | Protocol = OURS):
        self.metrics: list[Metric] = []
        for metric in chosen(metrics):
            if isinstance(metric, ModelMetric) or metric.memory:
                raise UsageError(f"the metric '{metric.name}' cannot be gathered batch by batch: use zerosum.evaluate")
            self.metrics.append(metric)
        protocol = protocol_of(protocol)
        if extractor is not None:
            extractor = under(protocol, extractor, [metric.name for metric in self.metrics])
        self.extractor, self.context = extractor, Context(seed, extractor=extractor, protocol=protocol)
        self.sides = {"real": _Side(self.metrics), "fake": _Side(self.metrics)}

    def update(self, *, real: Views | None = None, fake: Views | None = None) -> Self:
        """Take in a batch of one side or of both."""
        for side, views in (("real", real), ("fake", fake)):
            if views is not None:
                self.sides[side].add(self._looked_at(views), side)
        return self

    def merge(self, other: Self) -> Self:
        """Take in what another accumulator of the same metrics has gathered, for example in another process."""
        if [m.name for m in self.metrics] != [m.name for m in other.metrics]:
            raise UsageError("only accumulators of the same metrics can be merged")
        if self.context.protocol != other.context.protocol:
            raise UsageError("only accumulators of the same protocol can be merged")
        for side, mine in self.sides.items():
            mine.merge(other.sides[side])
        return self

    def compute(self) -> dict[str, Score]:
        """Scores of everything so far; UsageError while a side has fewer than two samples."""
        real, fake = (side.seen(name) for name, side in self.sides.items())
        features = {} if self.extractor is None else about(self.extractor)
        card = ScoreCard(len(real), len(fake), features=features, protocol=self.context.protocol.name,
                         seed=self.context.seed)
        scores: dict[str, Score] = {}
        for metric in self.metrics:
            scores |= measure(metric, real, fake, self.context, card)
        return scores

    def _looked_at(self, views: Views) -> Views:
        if self.extractor is None or not isinstance(views, Array):
            return views
        x = from_array(views)
        look = Looker(asked_by(self.metrics), self.extractor, self.context.protocol)
        return look.look_at(x, None, DataSpec(tuple(x.shape[1:])))[0]


class _Side:
    """One set, as far as it has arrived."""

    def __init__(self, metrics: Sequence[Metric]):
        self.asking: dict[View, Metric] = {view: metric for metric in metrics for view in metric.views}
        self.only_statistics = all(metric.statistics for metric in metrics)
        self.statistics: Statistics | None = None
        self.parts: dict[View, list[Tensor]] = {view: [] for view in self.asking}
        self.shapes: dict[View, torch.Size] = {}         # of one sample

    def add(self, views: Views, side: str) -> None:
        for view, metric in self.asking.items():
            x = getattr(seen(views, metric, side, least=1), view)
            self._agree(view, x.shape[1:])
            if self.only_statistics:
                self.statistics = (self.statistics or Statistics(x.shape[1])).update(x)
            else:
                self.parts[view].append(x)

    def _agree(self, view: View, shape: torch.Size) -> None:
        """Refuse what is not as wide as all that came before."""
        first = self.shapes.setdefault(view, shape)
        if shape != first:
            raise UsageError(f"every batch of {view} must have the same width, not {times(first)} and {times(shape)}")

    def merge(self, other: "_Side") -> None:
        for view, shape in other.shapes.items():
            self._agree(view, shape)
        for view, parts in other.parts.items():
            self.parts[view] += parts
        if other.statistics is not None:
            self.statistics = (self.statistics or Statistics(len(other.statistics.total))).merge(other.statistics)

    def seen(self, side: str) -> Seen:
        count = self.statistics.count if self.statistics else sum(map(len, next(iter(self.parts.values()))))
        if count < 2:
            raise UsageError(f"at least 2 {side} samples are needed, not {count}")
        if self.statistics is not None:
            return Seen(gaussian=self.statistics.gaussian)
        return Seen(**{view: torch.cat(parts) for view, parts in self.parts.items()})

"""Whether metrics can be measured at all: asked before a long training, not at its end."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from ..core import Model, UsageError, require
from .compute import chosen
from .features import extractor_for
from .look import Looker, asked_by
from .metric import Context, Metric
from .protocol import OURS, protocol_of
from .sources import conditional, enough

if TYPE_CHECKING:
    from ..data import Dataset

IMAGES = ("spectrum", "probabilities")       # views that only images have
FEW = 32


def refuse_unknown(metrics: str | Sequence[str] | None = None, protocol: str = OURS.name, n: int | None = None) -> None:
    """Raise UsageError for names and a number that no data could make right: before any data is read."""
    if metrics is not None:
        chosen(metrics)
    protocol_of(protocol)
    enough(n)


def refuse_early(metrics: str | Sequence[str], model: Model, data: "Dataset") -> None:
    """Raise UsageError for an unknown metric, and for one that this model or data like this cannot give."""
    wanted = chosen(metrics)
    of_sets = [metric for metric in wanted if isinstance(metric, Metric)]
    for metric in of_sets:
        if not data.spec.is_image and set(metric.views) & set(IMAGES):
            raise UsageError(f"the metric '{metric.name}' looks at images, and {data.name} is points")
        if "targets" in metric.views and not (conditional(model, data) and data.spec.num_classes):
            raise UsageError(f"the metric '{metric.name}' compares class by class: it needs data with labels, and a "
                             "model that is asked for them")
    Looker(asked_by(of_sets), extractor_for("auto", data))   # refuses what the judge cannot say
    for metric in of_sets:
        if metric.views == ("samples",):      # what must be known of the data is known best by the metric itself
            few = Looker(asked_by([metric]), extractor_for("auto", data)).real(data, torch.arange(min(FEW, len(data))))
            metric.measure(few, few, Context(0, data.modes, data.mode_std))
    for metric in wanted:
        if metric not in of_sets:
            for ability in metric.needs:
                require(model, ability)

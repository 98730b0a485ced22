"""The table of metrics, and scores from plain arrays of what they look at."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..core import UsageError, ZerosumError, unknown
from . import classes, fid, high_frequency, kid, mmd, modes, one_nn, precision_recall, wasserstein
from .metric import Context, Metric, Reading
from .score import Score, ScoreCard

# In the order in which they are worth reading: the survey found the 1-NN test and MMD to separate best (1806.07755).
METRICS: dict[str, Metric] = {metric.name: metric for metric in (
    one_nn.METRIC, mmd.METRIC, kid.METRIC, fid.METRIC, precision_recall.METRIC, wasserstein.W1, wasserstein.W2,
    modes.METRIC, classes.CLASSES, classes.CONFIDENCE, high_frequency.METRIC)}


def chosen(names: str | Iterable[str]) -> list[Metric]:
    """The metrics of these names ("fid,kid" or a list); an unknown one is a UsageError that names the nearest."""
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    if not names:
        raise UsageError(f"no metric is named; there is: {', '.join(METRICS)}")
    for name in names:
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    return [METRICS[name] for name in dict.fromkeys(names)]


def compute(names: str | Sequence[str], *, real: Tensor | np.ndarray, fake: Tensor | np.ndarray, seed: int = 0,
            modes: Tensor | None = None, mode_std: float = 0.0) -> dict[str, Score]:
    """Scores of plain arrays of what the metrics look at: features (N, D) for most, labels (N,) for `classes`, ...

    `modes` (M, D) and `mode_std` are the density's, for the metric `modes`. Raises UsageError for an unknown metric
    and for arrays that do not fit together, ZerosumError for numbers that are not finite.
    """
    context = Context(seed, modes, mode_std)
    scores: dict[str, Score] = {}
    for metric in chosen(names):
        scores |= measure(metric, real, fake, context, ScoreCard(len(real), len(fake), seed=seed))
    return scores


def measure(metric: Metric, real: Tensor | np.ndarray, fake: Tensor | np.ndarray, context: Context,
            card: ScoreCard) -> dict[str, Score]:
    """Check two arrays, measure them, and put the readings on copies of this card."""
    real, fake = _checked(real, "real", metric), _checked(fake, "fake", metric)
    if real.shape[1:] != fake.shape[1:]:
        raise UsageError(f"real and fake {metric.view} must have the same width, "
                         f"not {real.shape[-1]} and {fake.shape[-1]}")
    return {name: Score(name, float(reading.value), _filled(card, reading))
            for name, reading in metric.measure(real, fake, context).items()}


def _filled(card: ScoreCard, reading: Reading) -> ScoreCard:
    warnings = (*card.warnings, reading.warning) if reading.warning else card.warnings
    return replace(card, settings=reading.settings, better=reading.better, ideal=reading.ideal,
                   interval=reading.interval, interval_method=reading.method, warnings=warnings)


def _checked(x: Tensor | np.ndarray, side: str, metric: Metric) -> Tensor:
    x = torch.as_tensor(x).detach().cpu()
    labels = metric.view == "labels"
    if x.ndim != (1 if labels else 2) or x.is_floating_point() == labels:
        wanted = "whole numbers (N,)" if labels else "floating-point numbers (N, D)"
        raise UsageError(f"the metric '{metric.name}' looks at {metric.view}, {wanted}, "
                         f"not {str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}")
    if len(x) < 2:
        raise UsageError(f"the metric '{metric.name}' needs at least 2 {side} samples, not {len(x)}")
    if labels:
        return x.long()
    bad = int((~torch.isfinite(x)).any(1).sum())
    if bad:
        raise ZerosumError(f"{bad} of {len(x)} {side} samples are NaN or infinite: nothing can be measured")
    return x

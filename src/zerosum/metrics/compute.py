"""The table of metrics, and scores from plain arrays of what they look at."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..core import UsageError, ZerosumError, unknown
from .disentanglement import dci, factor_vae, mig, separability
from .distribution import (
    class_diversity,
    class_fid,
    classes,
    classifier_accuracy,
    fid,
    fid_infinity,
    high_frequency,
    inception_score,
    kid,
    memorisation,
    mmd,
    mode_score,
    modes,
    ms_ssim_diversity,
    one_nn,
    path_length,
    precision_recall,
    sliced_wasserstein,
    wasserstein,
)
from .equivariance import scores as equivariance
from .likelihood import bits_per_dim, decoders, parzen
from .metric import Context, Metric, ModelMetric, Reading, Seen, View, same_width, tensor_of
from .protocol import OURS, Protocol, protocol_of
from .score import Score, ScoreCard

# In the order in which they are worth reading: the survey found the 1-NN test and MMD to separate best (1806.07755).
METRICS: dict[str, Metric | ModelMetric] = {metric.name: metric for metric in (
    one_nn.METRIC, mmd.METRIC, kid.METRIC, fid.METRIC, precision_recall.METRIC, wasserstein.W1, wasserstein.W2,
    sliced_wasserstein.METRIC, mmd.MULTI_SCALE, mmd.ESTIMATORS,
    class_fid.METRIC, class_fid.JUDGED, class_diversity.METRIC, fid_infinity.METRIC, memorisation.METRIC,
    ms_ssim_diversity.METRIC, ms_ssim_diversity.BY_CLASS,
    modes.METRIC, classes.CLASSES, classes.CONFIDENCE, inception_score.METRIC, mode_score.METRIC,
    classifier_accuracy.METRIC,
    high_frequency.METRIC, path_length.METRIC, equivariance.METRIC,
    mig.METRIC, factor_vae.METRIC, dci.METRIC, separability.METRIC,
    parzen.METRIC, decoders.METRIC, bits_per_dim.METRIC)}

WHOLE = ("labels", "targets")                # views that are whole numbers, (N,)
Array = Tensor | np.ndarray
Views = Array | Mapping[View, Array]


def chosen(names: str | Iterable[str]) -> list[Metric | ModelMetric]:
    """The metrics of these names ("fid,kid" or a list); an unknown one is a UsageError that names the nearest."""
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names or ())
    if not names:
        raise UsageError(f"no metric is named; there is: {', '.join(METRICS)}")
    for name in names:
        if name not in METRICS:
            raise unknown("metric", str(name), METRICS)
    return [METRICS[name] for name in dict.fromkeys(names)]


def compute(names: str | Sequence[str], *, real: Views, fake: Views, seed: int = 0, protocol: str | Protocol = OURS,
            train: Views | None = None, modes: Tensor | None = None, mode_std: float = 0.0) -> dict[str, Score]:
    """Scores of plain arrays of what the metrics look at: features (N, D) for most, labels (N,) for `classes`, ...

    A metric with several views takes them by name: fake={"features": ..., "targets": ...}. `train` is what the
    generator was trained on, for metrics of memory; `modes` (M, D) and `mode_std` are the density's, for `modes`.
    Raises UsageError for an unknown metric and for arrays that do not fit together, ZerosumError for numbers that are
    not finite.
    """
    context = Context(seed, modes, mode_std, protocol=protocol_of(protocol))
    scores: dict[str, Score] = {}
    for metric in chosen(names):
        if isinstance(metric, ModelMetric):
            raise UsageError(f"the metric '{metric.name}' looks at a model, not at arrays: zerosum.evaluate(model, "
                             f'metrics=["{metric.name}"])')
        sides = {side: seen(views, metric, side) for side, views in (("real", real), ("fake", fake))}
        memory = seen(train, metric, "train") if metric.memory and train is not None else None
        card = ScoreCard(len(sides["real"]), len(sides["fake"]), protocol=context.protocol.name, seed=seed)
        scores |= measure(metric, sides["real"], sides["fake"], replace(context, train=memory), card)
    return scores


def measure(metric: Metric, real: Seen, fake: Seen, context: Context, card: ScoreCard) -> dict[str, Score]:
    """Measure two sets, and put the readings on copies of this card."""
    for what, side in (("real", real), ("fake", fake)):
        if side.gaussian is None and len(side) < 2:
            raise UsageError(f"the metric '{metric.name}' needs at least 2 {what} samples, not {len(side)}")
    for view in metric.views:
        same_width(*(_example(side, view) for side in (real, fake)), view)
    if metric.memory and context.train is None:
        raise UsageError(f"the metric '{metric.name}' needs the samples that were trained on, too: train=...")
    return on_cards(metric.measure(real, fake, context), card)


def _example(side: Seen, view: View) -> Tensor:
    """What shows the width of a view: the view, or a mean that is left of it."""
    found = getattr(side, view)
    return torch.from_numpy(side.gaussian.mean)[None] if found is None else found


def on_cards(readings: Mapping[str, Reading], card: ScoreCard) -> dict[str, Score]:
    """Readings as scores, each with its own copy of the card; ZerosumError for one that is not a number."""
    for name, reading in readings.items():
        if math.isnan(reading.value) or not all(map(math.isfinite, reading.interval or ())):
            raise ZerosumError(f"{name} cannot be computed: what it looks at is too large, or all alike")
    return {name: Score(name, float(reading.value), _filled(card, reading)) for name, reading in readings.items()}


def _filled(card: ScoreCard, reading: Reading) -> ScoreCard:
    warnings = (*card.warnings, reading.warning) if reading.warning else card.warnings
    n_real, n_fake = reading.counts or (card.n_real, card.n_fake)
    return replace(card, n_real=n_real, n_fake=n_fake, settings=reading.settings, details=reading.details,
                   unit=reading.unit, better=reading.better, ideal=reading.ideal, interval=reading.interval,
                   interval_method=reading.method, warnings=warnings)


def seen(views: Views, metric: Metric, side: str, least: int = 2) -> Seen:
    """The views of a user's arrays that this metric looks at, checked: at least so many samples, all finite."""
    if not isinstance(views, Mapping):
        if len(metric.views) > 1:
            wanted = ", ".join(f'"{view}": ...' for view in metric.views)
            raise UsageError(f"the metric '{metric.name}' looks at several views: give {side}={{{wanted}}}")
        views = {metric.views[0]: views}
    for view in metric.views:
        if view not in views:
            raise UsageError(f"the metric '{metric.name}' looks at {' and '.join(metric.views)}, and {side} has only "
                             f"{', '.join(views)}")
    found = Seen(**{view: checked(views[view], view, f"{side} samples", metric.name, least) for view in metric.views})
    counts = {len(getattr(found, view)) for view in metric.views}
    if len(counts) > 1:
        raise UsageError(f"the views of the {side} samples must be of as many samples each, not {sorted(counts)}")
    return found


def checked(x: Array, view: View, what: str, metric: str, least: int = 2) -> Tensor:
    """One view on the CPU, of the form that it must have."""
    x, whole = tensor_of(x, what), view in WHOLE
    right = x.ndim == 1 if whole else (x.ndim == 2 or (view == "samples" and x.ndim == 4)) and 0 not in x.shape[1:]
    if not right or x.is_floating_point() == whole:
        wanted = "whole numbers (N,)" if whole else "floating-point numbers (N, D)"
        raise UsageError(f"the metric '{metric}' looks at {view}, {wanted}, "
                         f"not {str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}")
    if len(x) < least:
        raise UsageError(f"the metric '{metric}' needs at least {least} {what}, not {len(x)}")
    if whole:
        return x.long()
    bad = int((~torch.isfinite(x)).flatten(1).any(1).sum())
    if bad:
        raise ZerosumError(f"{bad} of {len(x)} {what} are NaN or infinite: nothing can be measured")
    return x if x.dtype == torch.float64 else x.float()      # NumPy knows no bfloat16

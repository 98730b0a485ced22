"""Models measured alike and set side by side, and which of their differences are more than chance.

All meet the same real samples, features, number of samples and seed, and so the same noise. For each pair and metric
the test statistic is the difference over its own reach, which comes from the two 95 % intervals, each taken on the side
that faces the other (MOVER: Zou and Donner, Statistics in Medicine 27, 2008); p is two-sided from the normal
distribution, and corrected over all pairs of the metric (Holm, Scandinavian Journal of Statistics 6, 1979). Intervals
are taken as independent. Shared real samples make scores rise and fall together, so that p is rather too large than too
small. A difference is one between these weights; one between methods must hold over several seeds of training.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ..core import DataSpec, UsageError, ZerosumError
from .comparison import Comparison, Difference, badness
from .compute import chosen
from .evaluate import default_metrics, evaluate
from .features import Features, extractor_for
from .look import times
from .protocol import OURS, Protocol, protocol_of
from .reference import Reference
from .score import Score
from .sources import data_for, model_of

if TYPE_CHECKING:
    from ..data import DataConfig, Dataset

NORMAL = 1.959964                            # reach of a 95 % interval in standard deviations
# Other samples of the same generator would make another manifold, another classifier, and the intervals of these leave
# that out: of 120 pairs of equal sets of 400 digits, recall called 32 different. (FID, KID, MMD, 1-NN: at most 1.)
PARTIAL = ("recall", "classifier-accuracy")
log = logging.getLogger("zerosum.metrics")


def compare(models: Mapping[str, Any], data: "str | Path | DataConfig | Dataset | Reference | None" = None,
            metrics: str | Sequence[str] | None = None, *, n: int | None = None, seed: int = 0,
            features: Features = "auto", protocol: str | Protocol = OURS) -> Comparison:
    """Measure models by name on the same real samples, features, number and noise, and test their differences.

    models: runs, or whatever `evaluate` measures. data: what all are compared with; default what all runs were trained
    on, its test part. The others are as in `evaluate`. Raises UsageError for fewer than two models, for runs trained
    on different data, and for samples of different kinds or sizes; ZerosumError naming the model that cannot be
    measured.
    """
    if len(models) < 2:
        raise UsageError("name at least two runs to compare")
    _same_kind(models, sized=not (data is None or isinstance(data, (str, Path))))
    data = data_for(next(iter(models.values())), shared_data(models) if data is None else data)
    names = [metric.name for metric in chosen(default_metrics(data) if metrics is None else metrics)]
    protocol = protocol_of(protocol)
    extractor = extractor_for(features, data, protocol, names)
    scores = {}
    for name, model in models.items():
        log.info(f"measuring {name}")
        try:
            scores[name] = evaluate(model, data, names, n=n, seed=seed, features=extractor, protocol=protocol)
        except UsageError:                    # what is wrong is what was asked for
            raise
        except ZerosumError as error:
            raise type(error)(f"{name}: {error}") from None
    return judged(scores)


def shared_data(models: Mapping[str, Any]) -> "DataConfig":
    """The data that all runs were trained on; UsageError where they were trained on different data, or one is no run.

    Size and mirroring may differ: a mirrored image is compared only where all were trained on such.
    """
    for name, model in models.items():
        if not hasattr(model, "plan"):
            raise UsageError(f"{name} is no run and knows no data: say which all are compared with (--data D)")
    configs = {name: model.plan.data for name, model in models.items()}
    first = next(iter(configs.values()))
    if any((config.data, config.fit, config.label) != (first.data, first.fit, first.label)
           for config in configs.values()):
        found = ", ".join(f"{name}: {config.data}" for name, config in configs.items())
        raise UsageError(f"these runs were trained on different data ({found}): say which all are compared with "
                         "(--data D)")
    return replace(first, flip=all(config.flip for config in configs.values()))


def judged(scores: Mapping[str, Mapping[str, Score]]) -> Comparison:
    """The comparison of scores, by model and metric, that were measured on the same data with the same features."""
    differences: dict[str, tuple[Difference, ...]] = {}
    silent: dict[str, str] = {}
    for metric in next(iter(scores.values())):
        by_model = {model: found[metric] for model, found in scores.items()}
        reason = _no_verdict(metric, [score for score in by_model.values() if math.isfinite(score.value)])
        if reason:
            silent[metric] = reason
        else:
            differences[metric] = _tested(by_model)
    return Comparison({model: dict(found) for model, found in scores.items()}, differences, silent)


def _no_verdict(metric: str, scores: Sequence[Score]) -> str:
    """Why these scores of a metric cannot be tested against each other, if they cannot."""
    cards = [score.card for score in scores]
    if len(cards) < 2:
        return "fewer than two values are finite"
    keys = dict.fromkeys(key for card in cards for key in card.settings)
    unequal = [key for key in keys if any(card.settings.get(key) != cards[0].settings.get(key) for card in cards)]
    unequal += [field for field in ("n_real", "n_fake") if len({getattr(card, field) for card in cards}) > 1]
    if unequal:
        return f"measured with different settings: {', '.join(unequal)}"
    if any(card.interval is None or not all(map(math.isfinite, card.interval)) for card in cards):
        return "no interval"
    return "its interval leaves out what other samples of the model would change" if metric in PARTIAL else ""


def _tested(scores: Mapping[str, Score]) -> tuple[Difference, ...]:
    """Every pair with its corrected p."""
    pairs = []
    for one, other in combinations([name for name, score in scores.items() if math.isfinite(score.value)], 2):
        better, worse = sorted((one, other), key=lambda name: badness(scores[name]))
        pairs.append((better, worse, badness(scores[worse]) - badness(scores[better])))
    raw = [p_value(scores[better], scores[worse]) for better, worse, _ in pairs]
    return tuple(Difference(*pair, p) for pair, p in zip(pairs, holm(raw), strict=True))


def p_value(one: Score, other: Score) -> float:
    """Two-sided p of a difference in badness, from the sides of two 95 % intervals that face each other.

    Both need a finite interval.
    """
    better, worse = sorted((one, other), key=badness)
    difference = badness(worse) - badness(better)
    reach = math.hypot(_reach(worse)[0], _reach(better)[1])
    if not reach:
        return float(difference == 0)
    return math.erfc(NORMAL * difference / reach / math.sqrt(2))


def _reach(score: Score) -> tuple[float, float]:
    """How far the interval reaches towards better and towards worse values."""
    low, high = (max(0.0, side) for side in (score.value - score.card.interval[0],
                                             score.card.interval[1] - score.value))
    card = score.card
    rising = card.better == "higher" or (card.better == "nearer" and score.value < card.ideal)
    return (high, low) if rising else (low, high)


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number: the k-th smallest of m times m - k + 1, never falling, at most 1."""
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, index in enumerate(np.argsort(p, kind="stable")):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted


def _same_kind(models: Mapping[str, Any], sized: bool) -> None:
    """Refuse points beside images, and other sizes unless it was said at which all are compared (`sized`)."""
    shapes = {name: shape for name, model in models.items() if (shape := _shape(model)) is not None}
    if len(set(shapes.values())) < 2:
        return
    found = ", ".join(f"{name}: {times(shape)}" for name, shape in shapes.items())
    if {len(shape) for shape in shapes.values()} != {3}:
        raise UsageError(f"these cannot be compared, their samples are of different kinds ({found})")
    if not sized:
        raise UsageError(f"the samples are of different sizes ({found}): say at which size the real images are "
                         '(--image-size 32; from Python data=DataConfig("digits", image_size=32))')


def _shape(subject: Any) -> tuple[int, ...] | None:
    """The shape of one sample, where it is known."""
    if isinstance(subject, (Tensor, np.ndarray)):
        return tuple(subject.shape[1:])
    spec = subject.spec if hasattr(subject, "gather") else getattr(model_of(subject), "data", None)
    return spec.shape if isinstance(spec, DataSpec) else None

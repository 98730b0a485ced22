"""Inception score: how sure a classifier is of each sample, and how evenly the classes occur (Salimans et al., 2016).

    IS = exp(E_x KL(p(y|x) || p(y)))                                              arXiv:1606.03498, Sec. 4

One for samples that all look alike to the classifier, K for K classes, each certain and equally frequent. It never
looks at real data: it cannot see memorisation, nor collapse within a class, and it means something only for the classes
that the classifier knows (Barratt and Sharma, 2018, arXiv:1801.01973). Here that classifier is the judge, so it is
compared with what the same judge gives real samples, never with published values.
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.special import entr

from ...core import UsageError, ZerosumError
from ..metric import Context, Metric, Reading
from ..resampling import interval, subsets

SPLITS = 10                                  # of the paper, with 5000 samples in each
FEW = 0.01                                   # of the value: a shortfall that is worth a warning


def inception_score(x: Tensor | np.ndarray, *, logits: bool = False, splits: int = 1, shuffle: int | None = None,
                    dtype: torch.dtype = torch.float64) -> tuple[float, float]:
    """Mean and standard deviation (N) over `splits` equal parts of the score of class probabilities x (N, K).

    x holds logits instead with `logits`. `shuffle`: the seed of NumPy's legacy generator by whose permutation the
    samples are put in order first; None leaves them as they are. Raises UsageError for rows that are no probabilities
    and for more parts than samples, ZerosumError for numbers that are not finite.
    """
    p = probabilities_of(x, logits, dtype)
    if not 1 <= splits <= len(p):
        raise UsageError(f"{len(p)} samples cannot be split into {splits} parts")
    if shuffle is not None:
        p = p[torch.from_numpy(np.random.RandomState(shuffle).permutation(len(p)))]
    scores = [math.exp(information(p[i * len(p) // splits:(i + 1) * len(p) // splits])) for i in range(splits)]
    return float(np.mean(scores)), float(np.std(scores))


def probabilities_of(x: Tensor | np.ndarray, logits: bool = False, dtype: torch.dtype = torch.float64) -> Tensor:
    """Class probabilities (N, K) in this precision, checked; see `inception_score` for what is refused."""
    x = torch.as_tensor(x).detach().cpu().to(dtype)
    if x.ndim != 2 or not len(x):
        raise UsageError(f"class probabilities are (N, K) with N >= 1, not {tuple(x.shape)}")
    if not torch.isfinite(x).all():
        raise ZerosumError("class probabilities are NaN or infinite: nothing can be measured")
    p = x.softmax(1) if logits else x
    if p.min() < 0 or (p.sum(1) - 1).abs().max() > 1e-3:
        raise UsageError("these rows are no class probabilities: each must be >= 0 and add up to 1")
    return p


def information(p: Tensor) -> float:
    """E_x KL(p(y|x) || p(y)) of probabilities p (N, K), in nats: the entropy of the mean less the mean entropy."""
    return float(entr(p.mean(0)).sum() - entr(p).sum(1).mean())


def shortfall(p: Tensor) -> float:
    """By how much `information` of so few samples lies too low, in nats: sum_k Var p_k / (2 N E p_k), to first order.

    For sure and balanced classes that is (K - 1) / 2N, Miller's correction of an entropy (1955).
    """
    mean = p.mean(0)
    seen = mean > 0
    return float((p.var(0, unbiased=False)[seen] / mean[seen]).sum()) / (2 * len(p))


def reading(value: float, ideal: float, halves: list[float], missing: float, settings: dict) -> Reading:
    """A score >= 0 with the interval of its random halves (none: too few samples), `missing` nats too low."""
    if not halves:
        return Reading(value, "higher", ideal, settings=settings, warning="so few samples say nothing")
    low, high = interval(value, halves)
    warning = ""
    if missing > FEW:
        warning = f"so few samples score too low: about {value * math.expm1(missing):.2g} would be added by more"
    return Reading(value, "higher", ideal, (max(0.0, low), high), f"{len(halves)} random halves",
                   settings, warning, {"bias": value * -math.expm1(missing)})


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    splits, shuffle = context.protocol.splits, context.seed if context.protocol.shuffle else None
    (value, std), (ideal, _) = (inception_score(x, splits=splits, shuffle=shuffle) for x in (fake, real))
    settings = {"splits": splits, "shuffled": shuffle is not None, "precision": "float64"}
    details = {"std of splits": std} if splits > 1 else {}
    if splits == 1 and len(fake) >= SPLITS:
        mean, std = inception_score(fake, splits=SPLITS)
        details = {f"mean of {SPLITS} splits": mean, f"std of {SPLITS} splits": std}
    few = min(len(real), len(fake)) < max(4, 2 * splits)
    draws = [] if few else subsets(len(real), len(fake), 40, context.seed)
    halves = [inception_score(fake[rows], splits=splits)[0] for _, rows in draws]
    missing = shortfall(probabilities_of(fake)) * splits
    found = reading(value, ideal, halves, missing, settings)
    return {"inception-score": replace(found, details=found.details | details)}


METRIC = Metric.of_view("inception-score", "probabilities", ("inception-score",), _measure, "1606.03498")

"""Mode score: the inception score, less what the classes' frequencies miss of the data's (Che et al., 2016).

    MS = exp(E_x KL(p(y|x) || p(y)) - KL(p(y) || p_r(y)))                         arXiv:1612.02136, Sec. 4

p(y) is the mean over the generated samples, p_r(y) over real ones. It equals the inception score where the classes are
as frequent as in the data, and falls with every class that is rarer or missing; 0 where a class occurs that the data
does not have. The trap: with p_r(y) in the first term, too, as it is sometimes printed, the second cancels, and what
remains is the inception score itself. Like it, it looks at one sample at a time: collapse within a class is not seen.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.special import entr

from ...core import UsageError
from ..metric import Context, Metric, Reading
from ..resampling import subsets
from .inception_score import information, probabilities_of, reading, shortfall


def mode_score(real: Tensor | np.ndarray, fake: Tensor | np.ndarray, *, logits: bool = False,
               dtype: torch.dtype = torch.float64) -> float:
    """The mode score of class probabilities, or `logits`, fake (N, K), under the mean of real (M, K).

    A known class distribution is one row, (1, K). Raises UsageError for rows that are no probabilities or of unequal
    width, ZerosumError for numbers that are not finite.
    """
    p, p_real = probabilities_of(fake, logits, dtype), probabilities_of(real, logits, dtype)
    if p.shape[1] != p_real.shape[1]:
        raise UsageError(f"real and fake must have the same classes, not {p_real.shape[1]} and {p.shape[1]}")
    return math.exp(information(p) - _divergence(p.mean(0), p_real.mean(0)))


def _divergence(p: Tensor, q: Tensor) -> float:
    """KL(p || q) of two distributions (K,), in nats; inf where q lacks what p has."""
    return float(-(entr(p) + torch.xlogy(p, q)).sum())


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    value, ideal = mode_score(real, fake), mode_score(real, real)
    few = min(len(real), len(fake)) < 4
    draws = [] if few else subsets(len(real), len(fake), 40, context.seed)
    halves = [mode_score(real[i], fake[j]) for i, j in draws]
    # The fakes' own mean stands in both terms, and is estimated too concentrated in both.
    missing = 2 * shortfall(probabilities_of(fake)) + shortfall(probabilities_of(real))
    return {"mode-score": reading(value, ideal, halves, missing, {"precision": "float64"})}


METRIC = Metric.of_view("mode-score", "probabilities", ("mode-score",), _measure, "1612.02136")

"""Turns a discriminator's scores into log-ratios of densities, which sampling by a discriminator needs."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .passes import scored

LogRatio = Callable[[Tensor], Tensor]        # scores (N,) -> log p_data / p_G (N,)


class Calibration(NamedTuple):
    """scale s + shift, the log-odds that a sample with the score s is real: log p_data(x) / p_G(x) (Platt, 1999).

    The default takes scores for what they are in a GAN whose discriminator is optimal (1406.2661, Prop. 1).
    """

    scale: float = 1.0
    shift: float = 0.0

    def __call__(self, scores: Tensor) -> Tensor:
        return self.scale * scores + self.shift


UNCALIBRATED = Calibration()


def calibrated(model: Model, real: Tensor, *, labels: Tensor | None = None, seed: int = 0) -> Calibration:
    """Fit the calibration by logistic regression on real samples (N, *shape) held out from training, and N drawn ones.

    labels: (N,) int64, for conditional models, of both. Raises UsageError for a model without a discriminator.
    """
    from sklearn.linear_model import LogisticRegression

    for ability in ("sample", "score"):
        require(model, ability)
    if len(real) < 2:
        raise UsageError(f"calibration needs at least two real samples, not {len(real)}")
    drawn = model.sample(len(real), seed=seed, labels=labels)                                  # type: ignore[operator]
    scores = torch.cat([scored(model, x.to(model.device), labels) for x in (real, drawn)]).double().cpu().numpy()
    centre, spread = scores.mean(), scores.std() or 1.0         # the fit is of well-scaled numbers
    fit = LogisticRegression(C=1e4).fit((scores[:, None] - centre) / spread, np.arange(len(scores)) < len(real))
    scale = fit.coef_[0, 0] / spread
    return Calibration(float(scale), float(fit.intercept_[0] - scale * centre))

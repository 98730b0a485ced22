"""Log-likelihood of real samples under a Gaussian kernel density of generated ones (Parzen windows; 1406.2661, Sec. 5).

    log p(x) = log 1/n sum_i N(x; g_i, sigma^2 I)

In nats, higher is better; in the units of the data, images in [-1, 1] (add D log 2 to compare with numbers that were
published for pixels in [0, 1]). As in the paper's own code, sigma is the one under which a validation part of the real
samples is most likely, of 0.1 ... 1 times the range in ten geometric steps (here continued while the best is the last),
and the mean over the test part comes with its standard error. That error is not the trap: beyond a few dimensions the
estimate itself is far from log p(x) and ranks models wrongly (Theis et al., 2016, arXiv:1511.01844), so that samples of
the data's own distribution may score below bad ones. The ideal is therefore measured: real samples as windows.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import UsageError
from ..distribution.distances import blocks, squared_distances
from ..metric import Context, Metric, Reading
from ..resampling import interval

NINTHS = range(-9, 1)                        # sigma = 2 * 10^(k / 9): the authors' grid, for a range twice theirs
LOWEST, HIGHEST = -36, 27                    # k at which the search for a better sigma ends
VALIDATION = 1000                            # real samples that choose sigma, at most; the authors' number
AFAR = 1e300                                 # a squared distance at which nothing is left of a window, yet finite
FEW = 10                                     # dimensions up to which windows can fill the space


@dataclass(frozen=True)
class Parzen:
    """Log-likelihoods (N,) of the test samples in nats, and the sigma that the validation samples chose."""

    log_likelihoods: Tensor
    sigma: float

    @property
    def mean(self) -> float:
        return float(self.log_likelihoods.mean())

    @property
    def standard_error(self) -> float:
        return float(self.log_likelihoods.std()) / math.sqrt(len(self.log_likelihoods))


def parzen(test: Tensor, windows: Tensor, validation: Tensor | None = None) -> Parzen:
    """Score test samples (N, ...) under windows (M, ...) with the sigma of validation samples; float64, in blocks.

    Without validation samples, sigma is the best for each window under all others (leave-one-out). Raises UsageError
    for fewer than two test samples or windows, or none to choose sigma by.
    """
    if min(len(test), len(windows)) < 2 or (validation is not None and not len(validation)):
        raise UsageError(f"a Parzen estimate needs at least 2 test samples, 2 windows and 1 validation sample, not "
                         f"{len(test)}, {len(windows)} and {len(windows if validation is None else validation)}")
    origin = windows.flatten(1).double().mean(0)
    test, windows = (x.flatten(1).double() - origin for x in (test, windows))
    others = None if validation is None else validation.flatten(1).double() - origin
    sigma = best_sigma(windows, others)
    return Parzen(log_density(test, windows, [sigma])[0], sigma)


def best_sigma(windows: Tensor, validation: Tensor | None) -> float:
    """The sigma of the geometric grid under which validation samples (V, D) are most likely, or the windows' others."""
    means: dict[int, float] = {}
    new = list(NINTHS)
    while new:
        x = windows if validation is None else validation
        values = log_density(x, windows, [_sigma(k) for k in new], leave_one_out=validation is None).mean(1)
        means |= dict(zip(new, values.tolist(), strict=True))
        best, low, high = max(means, key=means.__getitem__), min(means), max(means)
        new = [k for k in (*range(low - 9, low), *range(high + 1, high + 10))
               if LOWEST <= k <= HIGHEST and (best == low > k or best == high < k)]
    return _sigma(best)


def _sigma(k: int) -> float:
    return 2 * 10 ** (k / 9)


def log_density(x: Tensor, windows: Tensor, sigmas: list[float], *, leave_one_out: bool = False) -> Tensor:
    """Log density of x (N, D) under Gaussians about windows (M, D), for every sigma: (S, N) in nats, float64.

    With `leave_one_out`, x and windows are the same samples and none is under its own window.
    """
    total = x.new_full((len(sigmas), len(x)), -math.inf)
    for rows in blocks(len(x)):
        for columns in blocks(len(windows)):
            distances = squared_distances(x[rows], windows[columns])
            if leave_one_out and rows == columns:
                distances.fill_diagonal_(AFAR)
            nearest = distances.amin(1)      # the sum is taken about its largest term, found once for all sigmas
            beyond = distances.sub_(nearest[:, None])
            for row, sigma in zip(total, sigmas, strict=True):
                precision = -0.5 / sigma ** 2
                here = beyond.mul(precision).exp_().sum(1).log_() + nearest * precision
                row[rows] = torch.logaddexp(row[rows], here)
    scale = torch.tensor([[math.log(sigma * math.sqrt(2 * math.pi))] for sigma in sigmas], dtype=total.dtype)
    return total - math.log(len(windows) - leave_one_out) - x.shape[1] * scale


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    if len(real) < 4:
        raise UsageError(f"the metric 'parzen' needs at least 4 real samples, not {len(real)}: "
                         "one half chooses sigma, the other is measured")
    generator = torch.Generator().manual_seed(context.seed)
    order = torch.randperm(len(real), generator=generator)
    part = min(len(real) // 2, VALIDATION)
    validation, test = real[order[:part]], real[order[part:]]
    fake = fake[torch.randperm(len(fake), generator=generator)]
    found, own = parzen(test, fake, validation), parzen(test, validation)
    fewer = found if len(fake) <= part else parzen(test, fake[:part], validation)
    settings = {"windows": len(fake), "validation": part, "test": len(test), "dimensions": fake[0].numel()}
    details = {"sigma": found.sigma, "standard error": found.standard_error, "windows of the ideal": part,
               "fakes as few as those": fewer.mean}
    bounds = interval(found.mean, found.log_likelihoods.tolist(), 1 / math.sqrt(len(test)))
    return {"parzen": Reading(found.mean, "higher", own.mean, bounds, "test samples, given windows and sigma", settings,
                              _warning(found, own, fewer, fake, part), details, "nats")}


def _warning(found: Parzen, own: Parzen, fewer: Parzen, fake: Tensor, part: int) -> str:
    """How far off the estimate may be, as far as the samples tell: by their number, and by what real ones score."""
    dimensions, gain = fake[0].numel(), found.mean - fewer.mean
    if found.sigma == _sigma(LOWEST):
        return "the best sigma is the smallest tried: samples repeat the real ones, and the density has no bound"
    if dimensions > FEW:
        text = (f"in {dimensions} dimensions this is no log-likelihood and can rank models wrongly (1511.01844): "
                f"{part} real samples score {own.mean:.4g}, {min(part, len(fake))} of these {fewer.mean:.4g}")
        return text + (f", all {len(fake)} {gain:.3g} more" if fewer is not found else "")
    if gain > 2 * found.standard_error:
        return f"{len(fake)} windows are few: they give {gain:.3g} nats more than {part}, and more would go on"
    return ""


METRIC = Metric.of_view("parzen", "samples", ("parzen",), _measure, "1406.2661")

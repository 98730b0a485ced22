"""Leave-one-out accuracy of a 1-nearest-neighbour classifier between real and fake (Lopez-Paz and Oquab, 2017).

arXiv:1610.06545. One half: the sets cannot be told apart. One: they lie apart. Near zero: every fake sits beside a real
sample, it was memorised. The accuracy on real samples falls with precision, that on fakes with diversity.
"""

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading
from ..resampling import wilson
from .distances import centred, nearest_across, neighbour_distances


def one_nn(real: Tensor, fake: Tensor, k: int = 1) -> tuple[float, float]:
    """Accuracy on real and on fake samples of features (N, D) and (N, D); their mean is the overall accuracy.

    The majority of the k nearest others decides, k odd; equal distances to both sides count one half. Needs as many of
    either, more than (k + 1) / 2. Raises UsageError otherwise.
    """
    most = k // 2 + 1                        # own ones outvote the others if the most-th of them comes first
    if k < 1 or k % 2 == 0 or min(len(real), len(fake)) <= most:
        raise UsageError(f"the test by the k nearest neighbours needs an odd k and more than (k + 1) / 2 samples of "
                         f"either, not k = {k} and {len(real)} and {len(fake)} samples")
    real, fake = centred(real, fake)
    to_fake, to_real = nearest_across(real, fake, most)
    return _accuracy(neighbour_distances(real, most), to_fake), _accuracy(neighbour_distances(fake, most), to_real)


def _accuracy(own: Tensor, other: Tensor) -> float:
    return float(((own < other).double() + (own == other).double() / 2).mean())


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    n = min(len(real), len(fake))
    generator = torch.Generator().manual_seed(context.seed)
    # The larger set would win by its number alone: a random part of it plays.
    real, fake = (x[torch.randperm(len(x), generator=generator)[:n]] if len(x) > n else x for x in (real, fake))
    on_real, on_fake = one_nn(real, fake)
    settings = {"k": 1, "n_each": n}
    overall = (on_real + on_fake) / 2
    low, high = wilson(overall, 2 * n)
    warning = f"{n} of each cannot tell these sets apart" if low <= 0.5 <= high else ""
    return {"1-nn": Reading(overall, "nearer", 0.5, (low, high), "Wilson", settings, warning),
            "1-nn-real": Reading(on_real, "nearer", 0.5, wilson(on_real, n), "Wilson", settings),
            "1-nn-fake": Reading(on_fake, "nearer", 0.5, wilson(on_fake, n), "Wilson", settings)}


METRIC = Metric.of_view("1-nn", "features", ("1-nn", "1-nn-real", "1-nn-fake"), _measure, "1610.06545")

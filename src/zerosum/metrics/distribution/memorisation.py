"""Does a generator copy its training data? Distances to the nearest training sample, of fakes and of held-out reals.

Meehan, Chaudhuri and Dasgupta, 2020, arXiv:2004.05675, Eq. (2): the Mann-Whitney statistic U of the two sets of
distances, as a z-score, over the whole space (their C_T is its mean over cells). 0 is ideal; far below 0 fakes lie
nearer to the training data than new real samples do: copied. Above 0 they lie farther: noise, or blur. Its trap: half
copies and half noise cancel, which is why near-exact copies are counted, too.
"""

import math

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading, Seen, same_width
from ..resampling import wilson
from .distances import centred, nearest_across

NEAR = 0.1                                   # of the median distance of held-out samples: a near-exact copy


def distances_to_training(x: Tensor, train: Tensor) -> Tensor:
    """Distance of each sample of x (N, D) to the nearest of train (M, D): (N,)."""
    same_width(train, x, "features")
    return nearest_across(*centred(x, train))[0].sqrt()


def copying_score(held_out: Tensor, fake: Tensor) -> tuple[float, float]:
    """Z-score of distances fake (M,) against held_out (N,), and the share of pairs in which the fake is nearer.

    Ties count one half. (0, 0.5) where all distances are equal. UsageError where a set is empty.
    """
    n, m = len(held_out), len(fake)
    if not n or not m:
        raise UsageError(f"the copying score compares held-out with generated samples, not {n} with {m}")
    held_out = held_out.sort().values
    below, up_to = (torch.searchsorted(held_out, fake, right=right) for right in (False, True))
    farther = float((below + up_to).double().sum()) / 2              # pairs in which the fake lies farther
    ties = torch.cat([held_out, fake]).unique(return_counts=True)[1].double()
    # With ties the ranks vary less (Lehmann, 1975, Sec. 1.4).
    variance = n * m / 12 * (n + m + 1 - float((ties ** 3 - ties).sum()) / ((n + m) * (n + m - 1)))
    z = (farther - n * m / 2) / math.sqrt(variance) if variance > 0 else 0.0
    return z, 1 - farther / (n * m)


def _measure(real: Seen, fake: Seen, context: Context) -> dict[str, Reading]:
    train = context.train.features
    held_out, generated = (distances_to_training(side.features, train) for side in (real, fake))
    z, nearer = copying_score(held_out, generated)
    reach = NEAR * float(held_out.median())
    copies, chance = (int((side <= reach).sum()) for side in (generated, held_out))
    expected = chance / len(real) * len(fake)
    settings = {"n_train": len(train), "neighbours": 1}
    few = "fewer than 20 samples say little" if min(len(real), len(fake)) < 20 else ""
    alarm = wilson(copies / len(fake), len(fake))[0] > wilson(chance / len(real), len(real))[1]
    warning = f"{copies} of {len(fake)} fakes are near-exact copies of training samples" if alarm else ""
    return {"memorisation": Reading(z, "nearer", 0.0, (z - 1.96, z + 1.96), "normal, were there no difference",
                                    settings, few),
            "nearer-than-real": Reading(nearer, "nearer", 0.5, wilson(nearer, min(len(real), len(fake))),
                                        "Wilson, for the smaller set", settings),
            "copies": Reading(copies, "lower", expected, settings=settings | {"share of the median": NEAR},
                              warning=warning, details={"within": reach})}


METRIC = Metric("memorisation", ("features",), ("memorisation", "nearer-than-real", "copies"), _measure, "2004.05675",
                memory=True)

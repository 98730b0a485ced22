"""Improved precision and recall (Kynkäänniemi et al., 2019), and density and coverage (Naeem et al., 2020).

The manifold of a set is the union of balls around its samples, each reaching its k-th nearest neighbour in the set.
Precision: share of fakes within the real manifold, recall: share of reals within the fake one (arXiv:1904.06991,
Eq. (1) and (2)).
1 is most; what real samples reach against each other, which is less, is ideal. The trap: the balls grow as samples get
fewer and around outliers: compare equal numbers only; and precision is 1 for a collapse onto one good sample.
Density and coverage (arXiv:2002.09797, Eq. (3) and (4)): how many real balls hold a fake, on average and over k; the
share of real balls that hold a fake.
"""

import torch
from torch import Tensor

from ...core import UsageError, ZerosumError
from ..metric import Context, Metric, Reading
from ..resampling import wilson
from .distances import blocks, centred, neighbour_distances, squared_distances

K = 3
HALF_BLOCK = 10_000                          # NVlabs' row_batch_size


def precision_recall(real: Tensor, fake: Tensor, k: int = K) -> dict[str, float]:
    """Precision, recall, density and coverage of features (N, D) and (M, D); a sample on a ball's rim is inside.

    Raises UsageError unless both sets have more than k samples.
    """
    _enough(real, fake, k)
    real, fake = centred(real, fake)
    real_radii, fake_radii = neighbour_distances(real, k), neighbour_distances(fake, k)
    inside = torch.zeros(len(fake), dtype=torch.int64)       # real balls that hold this fake
    nearest, clearance = real.new_full((2, len(real)), torch.inf)        # to any fake; to the rim of any fake's ball
    for rows in blocks(len(real)):
        for columns in blocks(len(fake)):
            distances = squared_distances(real[rows], fake[columns])
            inside[columns] += (distances <= real_radii[rows, None]).sum(0)
            nearest[rows] = torch.minimum(nearest[rows], distances.amin(1))
            clearance[rows] = torch.minimum(clearance[rows], distances.sub_(fake_radii[columns]).amin(1))
    return {"precision": _share(inside > 0), "recall": _share(clearance <= 0),
            "density": float(inside.double().mean()) / k, "coverage": _share(nearest <= real_radii)}


def precision_recall_in_half(real: Tensor, fake: Tensor, k: int = K) -> dict[str, float]:
    """Precision and recall of features (N, D) and (M, D) with distances in float16, as NVlabs' code computes them.

    Its `torch.cdist` of float16 features is used as it is, since samples near a rim change sides with the rounding.
    """
    _enough(real, fake, k)
    real, fake = real.half(), fake.half()
    if not (torch.isfinite(real).all() and torch.isfinite(fake).all()):
        raise ZerosumError(f"features beyond {torch.finfo(torch.float16).max:.0f} have no place in half precision, as "
                           "this protocol takes them: measure precision-recall under another")
    return {"precision": _covered_in_half(real, fake, k), "recall": _covered_in_half(fake, real, k)}


def _covered_in_half(manifold: Tensor, probes: Tensor, k: int) -> float:
    # The first of the k + 1 nearest is the sample itself.
    radii = torch.cat([torch.cdist(rows, manifold).float().kthvalue(k + 1).values.half()
                       for rows in manifold.split(HALF_BLOCK)])
    return _share(torch.cat([(torch.cdist(rows, manifold) <= radii).any(1) for rows in probes.split(HALF_BLOCK)]))


def _enough(real: Tensor, fake: Tensor, k: int) -> None:
    if min(len(real), len(fake)) <= k:
        raise UsageError(f"precision and recall with k = {k} need at least {k + 1} real and {k + 1} fake samples, "
                         f"not {len(real)} and {len(fake)}")


def _share(flags: Tensor) -> float:
    return float(flags.double().mean())


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    k, half = context.protocol.nearest, context.protocol.half_precision
    values = precision_recall_in_half(real, fake, k) if half else precision_recall(real, fake, k)
    counted = {"precision": len(fake), "recall": len(real), "coverage": len(real)}
    warning = ("" if min(len(real), len(fake)) >= 1000 else
               "with fewer than 1000 samples the balls are large, and all four look better than they are")
    settings = {"k": k, "rim": "inside"} | ({"distances": "float16"} if half else {})
    readings = {}
    for name, value in values.items():
        n = counted.get(name)
        readings[name] = Reading(value, "higher", 1.0 if name == "density" else None, n and wilson(value, n),
                                 "Wilson, for these manifolds" if n else "", settings, warning)
    return readings


METRIC = Metric.of_view("precision-recall", "features", ("precision", "recall", "density", "coverage"), _measure,
                        "1904.06991")

"""DCI: disentanglement, completeness and informativeness of a code (Eastwood and Williams, 2018).

    R_ij   importance of part i to a regressor that predicts factor j of the code
    D = sum_i rho_i (1 - H_F(R_i. / sum_j R_ij)),   rho_i = sum_j R_ij / sum_ij R_ij       ICLR 2018, By-7dz-AZ, Sec. 2
    C = mean_j (1 - H_P(R_.j / sum_i R_ij)),        H_B the entropy to the base of B alternatives

Disentanglement asks that a part knows one factor only, completeness that a factor is known by one part only,
informativeness how often the factor is predicted rightly (chance is not 0). As in the paper the predictors are forests,
whose importances are the mean decrease of impurity: 20 trees grown on half of the samples, whose depth is the best of
2, 4, 8 and 16 on a quarter of them; the last quarter gives the informativeness. Many publications take boosted trees:
their numbers are others. At most 2000 samples are used. Codes of real samples are measured where a model can tell codes
or encode; else latents, against what judges see in the samples that are made of them: the card says which. The trap:
importances of a poor predictor are noise, so read D and C only where the informativeness is well above chance, and
with one factor alone D is always 1. arXiv:2210.00364, by the same authors, extends it.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, ModelMetric, Reading
from .coded import Coded, coded

if TYPE_CHECKING:
    from ...data import Dataset

TREES, DEPTHS, MOST, LEAST = 20, (2, 4, 8, 16), 2_000, 40


def importances(codes: Coded, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """What forests make of the codes: importances (P, F) of parts, accuracies (F,) on unseen samples, and chances (F,).

    A chance is the share that the most frequent value has among the unseen samples. Raises UsageError for fewer than 40
    samples.
    """
    from sklearn.ensemble import RandomForestClassifier

    if len(codes.values) < LEAST:
        raise UsageError(f"forests need at least {LEAST} samples, not {len(codes.values)}")
    order = torch.randperm(len(codes.values), generator=torch.Generator().manual_seed(seed))[:MOST]
    x, y = codes.values[order].numpy(), codes.factors[order].numpy()
    half, last = len(x) // 2, 3 * len(x) // 4
    columns, accuracies, chances = [], [], []
    for factor in y.T:
        # All parts are open to every split: else a part that knows nothing is split on where the right one is missing.
        forests = [RandomForestClassifier(TREES, max_depth=depth, max_features=None, random_state=seed % 2**32)
                   .fit(x[:half], factor[:half]) for depth in DEPTHS]
        best = max(forests, key=lambda forest: forest.score(x[half:last], factor[half:last]))
        columns.append(torch.from_numpy(best.feature_importances_).double())
        accuracies.append(float(best.score(x[last:], factor[last:])))
        chances.append(float(np.bincount(factor[last:]).max() / len(factor[last:])))
    by_column = torch.stack(columns, 1)
    by_part = torch.stack([part.sum(0) for part in by_column.split(codes.widths)])
    return by_part, torch.tensor(accuracies), torch.tensor(chances)


def sharpness(r: Tensor) -> Tensor:
    """1 - entropy of the rows of r (A, B) >= 0, to the base B, (A,): 1 for all in one, 0 for even, 0 for no row at all.

    With B = 1 it is 1.
    """
    p = r.double() / r.double().sum(1, keepdim=True).clamp_min(1e-300)
    most = max(math.log(r.shape[1]), 1e-300)
    return (1 + torch.special.xlogy(p, p).sum(1) / most) * (r.sum(1) > 0)


def disentanglement(r: Tensor) -> float:
    """D of importances (P, F)."""
    return float((sharpness(r) * r.sum(1)).sum() / r.sum().clamp_min(1e-300))


def completeness(r: Tensor) -> Tensor:
    """C of each factor, (F,), of importances (P, F)."""
    return sharpness(r.T)


def dci(codes: Coded, seed: int = 0) -> dict[str, Reading]:
    """The three scores, by factor in the details.

    A factor that does not vary matters to no part, and counts 0; raises ZerosumError where none does.
    """
    varied, names = codes.varied(), codes.factor_names
    there = [names.index(name) for name in varied.factor_names]
    r = torch.zeros(len(codes.widths), len(names), dtype=torch.float64)
    accuracy, chance = torch.zeros(2, len(names))
    r[:, there], accuracy[there], chance[there] = importances(varied, seed)
    settings = codes.settings | {"forest": f"{TREES} trees", "depth": "2/4/8/16, the best", "most": MOST}
    alone = "where one factor varies disentanglement is 1 whatever the code" if len(there) == 1 else ""

    def reading(value: float, warning: str = "", **details: Tensor) -> Reading:
        return Reading(value, "higher", 1.0, None, "", settings, "; ".join(filter(None, (codes.warning, warning))),
                       {what: dict(zip(names, each.tolist(), strict=True)) for what, each in details.items()})

    complete = completeness(r)
    return {"dci-disentanglement": reading(disentanglement(r), alone),
            "dci-completeness": reading(float(complete.mean()), completeness=complete),
            "dci-informativeness": reading(float(accuracy.mean()), accuracy=accuracy, chance=chance)}


def _measure(model: Any, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    return dci(coded(model, data, n, context.seed), context.seed)


METRIC = ModelMetric("dci", (), ("dci-disentanglement", "dci-completeness", "dci-informativeness"), _measure,
                     "2210.00364", either=("tell_codes", "encode", "generate"))

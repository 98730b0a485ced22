"""MIG, the mutual information gap: how far each factor is known by one part of the code alone (Chen et al., 2018).

    MIG = mean over factors v of (I(c_1; v) - I(c_2; v)) / H(v)                          arXiv:1802.04942, Eq. (6)

c_1 and c_2 are the two parts that know most of v. 1: one part knows the factor wholly, and no other knows anything of
it. 0: at least two parts know as much, as after a rotation, or none does. A categorical code is one part; of numbers,
the mutual information is that of 20 bins of equal width, by counting. Codes of real samples are measured where a
model can tell codes or encode; else latents, against what judges see in the samples that are made of them: the card
says which. The trap: several factors in one part do not lower it (DCI's disentanglement does), and a factor that is
spread over two numbers by nature, such as an angle, cannot score 1.
"""

from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..metric import Context, ModelMetric, Reading
from ..resampling import interval, subsets
from .coded import Coded, coded
from .information import BINS, recovered

if TYPE_CHECKING:
    from ...data import Dataset


def gaps(known: Tensor) -> Tensor:
    """The gap (F,) between the two largest of what parts know of each factor, (P, F); all, where there is one part."""
    ordered = known.sort(0, descending=True).values
    return ordered[0] - ordered[1] if len(ordered) > 1 else ordered[0]


def mig(codes: Coded) -> Reading:
    """The score, with the gap and the best part of every factor as details."""
    known = recovered(codes)
    found = gaps(known)
    value, n = float(found.mean()), len(codes.values)
    halves = [float(gaps(recovered(codes.rows(rows))).mean()) for rows, _ in subsets(n, n, 20, 0)] if n > 40 else []
    best = [codes.names[part] for part in known.argmax(0)]
    about = {"gap": found.tolist(), "best part": best, "it knows": known.amax(0).tolist()}
    return Reading(value, "higher", 1.0, interval(value, halves) if halves else None, "20 random halves",
                   codes.settings | {"bins": BINS}, codes.warning,
                   {what: dict(zip(codes.factor_names, each, strict=True)) for what, each in about.items()})


def _measure(model: Any, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    return {"mig": mig(coded(model, data, n, context.seed))}


METRIC = ModelMetric("mig", (), ("mig",), _measure, "1802.04942", either=("tell_codes", "encode", "generate"))

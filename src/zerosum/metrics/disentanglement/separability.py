"""Linear separability: how well planes in the latent space part the values of factors (Karras et al., 2019).

    exp(sum_i H(Y_i | X_i))                                                               arXiv:1812.04948, Sec. 4.2

Y_i is the value of factor i that the shipped judge sees in a sample, X_i the one that a linear classifier says of its
latent. 1 is ideal: latents say all. Where they say nothing it is the product of the numbers of values, 1944 for
shapes. As in the paper, the half of the samples of which the judge is surest is used. Departures: a factor may have
more than the paper's two values, so that the classifier is multinomial logistic regression in place of a support
vector machine; and it is fitted on half of what is used and read on the other, since few samples can be parted by any
plane. The trap: a generator that makes only one value of a factor loses nothing on it, so such factors are left out
and named, and numbers of models that lack different ones say little.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...core import ZerosumError
from ..metric import Context, ModelMetric, Reading
from .coded import WAYS, drawn, judged
from .information import entropy, mutual_information

if TYPE_CHECKING:
    from ...data import Dataset

KEPT = 0.5                                   # of the samples, those of which the judge is surest
FEW = 10                                     # samples per number of a latent, below which planes are guesses


def conditional_entropy(x: Tensor, y: Tensor) -> float:
    """H(y | x) of values (N,) int64, in nats."""
    return max(0.0, entropy(torch.bincount(y).double() / len(y)) - mutual_information(x, y))


def unexplained(z: Tensor, probabilities: Tensor, seed: int = 0) -> float | None:
    """H(Y | X) of one factor in nats, from latents (N, D) and judged probabilities (N, K); None if it has one value.

    Raises ZerosumError where fewer than four samples would be left.
    """
    from sklearn.linear_model import LogisticRegression

    kept = probabilities.amax(1).sort(descending=True, stable=True).indices[:int(KEPT * len(z))]
    if len(kept) < 4:
        raise ZerosumError(f"{len(z)} samples are too few for planes")
    kept = kept[torch.randperm(len(kept), generator=torch.Generator().manual_seed(seed))]
    y, half = probabilities[kept].argmax(1), len(kept) // 2
    if len(y[:half].unique()) < 2:
        return None
    planes = LogisticRegression(max_iter=1_000).fit(z[kept[:half]].numpy(), y[:half].numpy())
    said = torch.from_numpy(np.asarray(planes.predict(z[kept[half:]].numpy())))
    return conditional_entropy(said, y[half:])


def separability(z: Tensor, seen: dict[str, Tensor], seed: int = 0) -> Reading:
    """The score of latents (N, D) and the judged probabilities (N, K) of every factor by name.

    Raises ZerosumError where no factor varies.
    """
    found = {name: unexplained(z, probabilities, seed) for name, probabilities in seen.items()}
    left = {name: value for name, value in found.items() if value is not None}
    if not left:
        raise ZerosumError("all samples have the same factors: there is nothing to part")
    fitted, warnings = int(KEPT * len(z)) // 2, []
    if len(left) < len(found):
        out = ", ".join(name for name in found if name not in left)
        warnings.append(f"left out, as all samples are alike in it: {out}")
    if fitted < FEW * z.shape[1]:
        warnings.append(f"planes in {z.shape[1]} dimensions were fitted to {fitted} samples only")
    return Reading(math.exp(sum(left.values())), "lower", 1.0, None, "",
                   {"of": WAYS["made"], "factors": "/".join(left), "kept": KEPT,
                    "planes": "logistic regression"}, "; ".join(warnings), {"nats": left})


def _measure(model: Any, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    z, labels, x = drawn(model, data, n, context.seed)
    if labels is not None:
        z = torch.cat([z, one_hot(labels, data.spec.num_classes)], 1)
    return {"separability": separability(z, judged(data.name, x), context.seed)}


METRIC = ModelMetric("separability", ("generate",), ("separability",), _measure, "1812.04948")

"""The FactorVAE score: how well the part that varies least tells which factor is fixed (Kim and Mnih, 2018).

    vote = (argmin_d Var_fixed(c_d) / Var(c_d), k),   k the factor that is the same in all of 64 samples
    score = accuracy of the majority of votes                                            arXiv:1802.05983, Sec. 4

The part that varies least while a factor stays the same should be the one that stands for it. Each part is taken to
mean the factor that most of 4000 votes give it, and the score is how often 2000 further votes agree; chance is one over
the number of factors. The variance of a categorical code is Gini's, as in the paper. Parts whose spread is less than a
twentieth of the largest are collapsed and have no vote. Codes of real samples are measured where a model can tell codes
or encode; else latents, against what judges see in the samples that are made of them: the card says which. The trap: it
asks for one part for every factor, but not that the part knows the factor well, so that a score of 1 may go with a
poor MIG.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..metric import Context, ModelMetric, Reading
from .coded import Coded, coded

if TYPE_CHECKING:
    from ...data import Dataset

BATCH = 64                                   # samples that share a factor
TRAIN, TEST = 4_000, 2_000                   # votes
COLLAPSED = 0.05                             # of the largest standard deviation
AT_A_TIME = 500                              # votes, to bound memory


def variances(values: Tensor, widths: tuple[int, ...]) -> Tensor:
    """The variance of each part over the samples of values (..., N, D), (..., P).

    That of K columns is their sum: for one-hot codes twice Gini's sum_ij [c_i != c_j] / (2 N (N - 1)).
    """
    return torch.stack([part.sum(-1) for part in values.var(-2).split(widths, -1)], -1)


def whole(codes: Coded) -> Tensor:
    """The values with categorical codes made one-hot, (N, D): shares say how sure a model is, and not what it says."""
    return torch.cat([part if part.shape[1] == 1 else one_hot(part.argmax(1), part.shape[1]).to(part)
                      for part in codes.parts], 1).double()


def votes(codes: Coded, count: int, generator: torch.Generator) -> Tensor:
    """How often each part varied least while each factor was fixed, in `count` draws: (P, F) int64."""
    values, n, factors = whole(codes), len(codes.values), codes.factors.shape[1]
    overall = variances(values, codes.widths)
    alive = overall.sqrt() > COLLAPSED * overall.sqrt().max()
    fixed = torch.randint(factors, (count,), generator=generator)
    first = torch.randint(n, (count,), generator=generator)
    places = torch.rand(count, BATCH, generator=generator, dtype=torch.float64)
    found = torch.zeros(len(codes.widths), factors, dtype=torch.int64)
    for draws in torch.arange(count).split(AT_A_TIME):
        rows = torch.stack([_alike(codes.factors[:, fixed[i]], first[i], places[i]) for i in draws])
        ratio = variances(values[rows], codes.widths) / overall.clamp_min(1e-300)
        least = ratio.masked_fill(~alive, torch.inf).argmin(1)
        found.index_put_((least, fixed[draws]), torch.ones(len(draws), dtype=torch.int64), accumulate=True)
    return found


def _alike(factor: Tensor, first: Tensor, places: Tensor) -> Tensor:
    """The numbers of samples drawn, with replacement, among those with the same value of a factor (N,) as the first."""
    same = (factor == factor[first]).nonzero()[:, 0]
    return same[(places * len(same)).long()]


def factor_vae(codes: Coded, seed: int = 0) -> Reading:
    """The score, with the share of right votes of every factor as a detail.

    Of a factor that does not vary no vote is right; raises ZerosumError where none does.
    """
    varied, generator = codes.varied(), torch.Generator().manual_seed(seed)
    meaning = votes(varied, TRAIN, generator).argmax(1)
    found = votes(varied, TEST, generator)
    right = found.gather(1, meaning[:, None])[:, 0]
    by_factor = dict.fromkeys(codes.factor_names, 0.0) | {
        name: float(right[meaning == k].sum() / found[:, k].sum().clamp_min(1))
        for k, name in enumerate(varied.factor_names)}
    value = float(right.sum() / found.sum()) * len(varied.factor_names) / len(codes.factor_names)
    return Reading(value, "higher", 1.0, None, "",
                   codes.settings | {"batch": BATCH, "votes": f"{TRAIN} and {TEST}", "collapsed": COLLAPSED},
                   codes.warning, {"right votes": by_factor, "chance": 1 / len(codes.factor_names)})


def _measure(model: Any, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    return {"factor-vae": factor_vae(coded(model, data, n, context.seed), context.seed)}


METRIC = ModelMetric("factor-vae", (), ("factor-vae",), _measure, "1802.05983",
                     either=("tell_codes", "encode", "generate"))

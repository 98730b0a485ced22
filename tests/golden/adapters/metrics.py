"""Values of metrics by torch-fidelity, pytorch-fid, clean-fid, clovaai's prdc and NVlabs/stylegan3.

Unlike the other folders this one records a table of values from several repositories, so each value is a test. By
convention of the recording: features_1 and feats1 are the fakes.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from zerosum.metrics.distribution.fid import Statistics, fid, frechet_distance
from zerosum.metrics.distribution.kid import cubic, kid
from zerosum.metrics.distribution.mmd import mmd2, rbf, subset_estimates
from zerosum.metrics.distribution.precision_recall import precision_recall

from .case import Case

Value = Callable[[Tensor, Tensor], float | list[float]]      # of real and fake features


def uniform(stream: int, n: int, d: int) -> np.ndarray:
    """The recording's own generator, so that float64 inputs need no file: see `input_recipe` in meta.json."""
    h = np.arange(n * d, dtype=np.uint64) * np.uint64(6364136223846793005)
    h += np.uint64(stream * 1442695040888963407 + 1 & 0xFFFFFFFFFFFFFFFF)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xff51afd7ed558ccd)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xc4ceb9fe1a85ec53)
    h ^= h >> np.uint64(33)
    return (h >> np.uint64(11)).astype(np.float64) * 2.0**-53


def base(s: int, n: int, d: int) -> np.ndarray:
    return (sum(uniform(4 * s + i, n, d) for i in range(4)) - 2).reshape(n, d) * np.sqrt(3)


def float64_features() -> tuple[Tensor, Tensor]:
    """n600_d64 before it was rounded to float32: real, fake."""
    scale = np.linspace(0.5, 1.5, 64)
    return (torch.from_numpy(np.abs(base(2, 600, 64) * 1.15 + 0.1) * scale),
            torch.from_numpy(np.abs(base(1, 600, 64)) * scale))


def _draws(counts: dict[str, int], subsets: int, size: int, order: str, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The references' draws: which set is drawn from first differs between them."""
    rng, size = np.random.RandomState(seed), min(size, *counts.values())
    for _ in range(subsets):
        drawn = {side: torch.from_numpy(rng.choice(counts[side], size, replace=False)) for side in order.split()}
        yield drawn["real"], drawn["fake"]


def subset_kid(real: Tensor, fake: Tensor, **draws) -> list[float]:
    estimates = subset_estimates(real, fake, cubic, _draws({"real": len(real), "fake": len(fake)}, **draws))
    return [float(np.mean(estimates)), float(np.std(estimates))]


def subset_mean(real: Tensor, fake: Tensor, **draws) -> float:
    return subset_kid(real, fake, **draws)[0]


def stylegan3_fid(real: Tensor, fake: Tensor) -> float:
    """NVlabs divides the covariance by N."""
    a, b = (Statistics(x.shape[1]).update(x) for x in (real, fake))
    return frechet_distance(*(part for s in (a, b) for part in (s.mean, s.covariance * (s.count - 1) / s.count)))


def prdc(real: Tensor, fake: Tensor, k: int, names: str) -> list[float]:
    values = precision_recall(real, fake, k)
    both = values["precision"] + values["recall"]
    return [(values | {"f_score": 2 * values["precision"] * values["recall"] / both})[name] for name in names.split()]


FIDELITY, CLEAN = {"order": "fake real", "seed": 2020}, {"order": "real fake", "seed": 0}
STYLEGAN3 = {"order": "fake real", "seed": 0}
EXACT, FLOAT32, COUNTS = 1e-6, 2e-5, 1e-6    # relative; the references' kernels and counts are float32

# What stands behind the name of the features in a key: how it is computed here, and to which relative error.
VALUES: dict[str, tuple[Value, float]] = {
    **{f"fid.{peer}": (fid, EXACT) for peer in ("torch_fidelity", "pytorch_fid", "clean_fid")},
    **{f"float64_features.fid.{peer}": (lambda *_: fid(*float64_features()), EXACT)
       for peer in ("torch_fidelity", "pytorch_fid", "clean_fid")},
    "fid.stylegan3": (stylegan3_fid, EXACT),
    "kid.torch_fidelity.full_set": (partial(subset_kid, subsets=1, size=10_000, **FIDELITY), FLOAT32),
    "kid.torch_fidelity.sub10_size100_seed2020": (partial(subset_kid, subsets=10, size=100, **FIDELITY), FLOAT32),
    "kid.torch_fidelity.rbf_sigma10_full": (lambda real, fake: [mmd2(real, fake, rbf(10.0)), 0.0], FLOAT32),
    "mmd2.float64.torch_fidelity.unbiased": (kid, EXACT),
    "mmd2.float64.torch_fidelity.biased": (partial(kid, estimator="biased"), EXACT),
    "mmd2.float64.torch_fidelity.u-statistic": (partial(kid, estimator="u-statistic"), EXACT),
    "kid.clean_fid.full_1": (partial(subset_mean, subsets=1, size=1000, **CLEAN), FLOAT32),
    "kid.clean_fid.sub10_size100_npseed0": (partial(subset_mean, subsets=10, size=100, **CLEAN), FLOAT32),
    "kid.stylegan3.full_1": (partial(subset_mean, subsets=1, size=1000, **STYLEGAN3), FLOAT32),
    "kid.stylegan3.sub10_size100_npseed0": (partial(subset_mean, subsets=10, size=100, **STYLEGAN3), FLOAT32),
    **{f"prc.torch_fidelity.k{k}{ram}": (partial(prdc, k=k, names="precision recall f_score"), COUNTS)
       for k in (3, 5) for ram in ("", "_save_ram_bs128")},
    **{f"prdc.k{k}": (partial(prdc, k=k, names="precision recall density coverage"), COUNTS) for k in (3, 5)},
}


def compute(case: Case, key: str) -> tuple[list[float], float] | None:
    """Our value(s) of this key of `values` and the relative error allowed; None where it is not built."""
    features, _, what = key.partition(".")
    if what not in VALUES or f"{features}.real" not in case.inputs:
        return None
    value, tolerance = VALUES[what]
    found = value(case.inputs[f"{features}.real"], case.inputs[f"{features}.fake"])
    return (found if isinstance(found, list) else [found]), tolerance

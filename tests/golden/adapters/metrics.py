"""Values of metrics by torch-fidelity, pytorch-fid, clean-fid, clovaai's prdc and NVlabs/stylegan3.

Unlike the other folders this one records a table of values from several repositories, so each value is a test. By
convention of the recording: features_1 and feats1 are the fakes.
"""

import re
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from zerosum.metrics.distribution.fid import fid
from zerosum.metrics.distribution.inception_score import inception_score
from zerosum.metrics.distribution.kid import kid, kid_of_subsets
from zerosum.metrics.distribution.mmd import mmd2, rbf
from zerosum.metrics.distribution.path_length import filtered_mean, great_circle, line, path_lengths
from zerosum.metrics.distribution.precision_recall import precision_recall, precision_recall_in_half

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


FORMULA = re.compile(r"(\w+) \((\d+), ?(\d+), ?(\d+), ?(\d+), ?(\d+), ?([\d.]+), ?([\d.]+)\)")

# Of this set the folder holds the first rows only; the numbers follow from them (test_golden_metrics checks them).
RANK_DEFICIENT = "n200_d2048 (3,4,200,200,2048,.2,.8)"


def float64_features(case: Case, name: str) -> tuple[Tensor, Tensor] | None:
    """Real and fake features of this name by the recording's formula: see `feature_formula` in meta.json."""
    for found, *numbers in FORMULA.findall(f"{case.meta['feature_formula']}, {RANK_DEFICIENT}"):
        if found == name:
            a, b, n_fake, n_real, d = map(int, numbers[:5])
            scale = np.linspace(float(numbers[5]), float(numbers[6]), d)
            return (torch.from_numpy(np.abs(base(b, n_real, d) * 1.15 + 0.1) * scale),
                    torch.from_numpy(np.abs(base(a, n_fake, d)) * scale))
    return None


def features_of(case: Case, name: str) -> tuple[Tensor, Tensor] | None:
    """Real and fake features as they were compared: stored, or, where only their first rows are, by the formula."""
    if f"{name}.real" in case.inputs:
        return case.inputs[f"{name}.real"], case.inputs[f"{name}.fake"]
    made = float64_features(case, name)
    return made and (made[0].float(), made[1].float())


def subset_kid(real: Tensor, fake: Tensor, **draws) -> list[float]:
    estimates = kid_of_subsets(real, fake, **draws)
    return [float(np.mean(estimates)), float(np.std(estimates))]


def subset_mean(real: Tensor, fake: Tensor, **draws) -> float:
    return subset_kid(real, fake, **draws)[0]


def prdc(real: Tensor, fake: Tensor, k: int, names: str) -> list[float]:
    values = precision_recall(real, fake, k)
    both = values["precision"] + values["recall"]
    return [(values | {"f_score": 2 * values["precision"] * values["recall"] / both})[name] for name in names.split()]


FIDELITY, CLEAN = {"first": "fake", "seed": 2020}, {"first": "real", "seed": 0}
STYLEGAN3 = {"first": "fake", "seed": 0}
EXACT, FLOAT32, COUNTS = 1e-6, 2e-5, 1e-6    # relative; the references' kernels and counts are float32

# What stands behind the name of the features in a key: how it is computed here, and to which relative error.
VALUES: dict[str, tuple[Value, float]] = {
    **{f"fid.{peer}": (fid, EXACT) for peer in ("torch_fidelity", "pytorch_fid", "clean_fid")},
    "fid.stylegan3": (partial(fid, covariance="N"), EXACT),
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
    "pr.stylegan3.fp16.k3 [precision, recall]": (
        lambda real, fake: list(precision_recall_in_half(real, fake, 3).values()), COUNTS),
    **{f"prdc.k{k}": (partial(prdc, k=k, names="precision recall density coverage"), COUNTS) for k in (3, 5)},
}


def scores(case: Case, peer: str, splits: int, shuffle: int, seed: int) -> list[float]:
    """Mean and standard deviation of the inception score, in the precision of either library."""
    if peer == "stylegan3":
        return list(inception_score(case.inputs["isc_probs"], splits=splits, dtype=torch.float32))
    order = seed if shuffle else None
    return list(inception_score(case.inputs["isc_logits"], logits=True, splits=splits, shuffle=order))


GRID = torch.linspace(0.5, 2, 64).reshape(8, 8)


def toy_mapping(z: Tensor) -> Tensor:
    return torch.tanh(z)[:, None].repeat(1, 3, 1)


def toy_synthesis(w: Tensor) -> Tensor:
    return torch.sin(w.sum(1)[:, :3, None, None] * GRID)


def toy_distance(x: Tensor, y: Tensor) -> Tensor:
    """Squared distance of 0.01 times the pixels on a scale of 0 to 255."""
    return (0.01 * 127.5 * (x - y)).flatten(1).square().sum(1)


def paths(case: Case, space: str, sampling: str, eps: str = "1e-4") -> Tensor:
    """Lengths of the recorded paths of the toy generator: see `ppl` in meta.json."""
    (start, end), how = case.inputs["ppl_z"].chunk(2), {"distance": toy_distance, "eps": float(eps)}
    t = case.inputs["ppl_t"] * (sampling == "full")
    if space == "w":
        return path_lengths(toy_synthesis, toy_mapping(start), toy_mapping(end), t, path=line, **how)
    return path_lengths(lambda z: toy_synthesis(toy_mapping(z)), start, end, t, path=great_circle, **how)


ISC = re.compile(r"isc\.(\w+)\.splits(\d+)(?:\.shuffle(\d)\.seed(\d+))?")
PPL = re.compile(r"ppl\.stylegan3\.([zw])\.(full|end)\.eps(\S+)")


def compute(case: Case, key: str) -> tuple[list[float], float] | None:
    """Our value(s) of this key of `values` and the relative error allowed; None where it is not built."""
    if found := ISC.match(key):
        peer, *numbers = found.groups()
        return scores(case, peer, *(int(number or 0) for number in numbers)), 1e-7 if peer == "torch_fidelity" else 1e-5
    if found := PPL.match(key):
        return [filtered_mean(paths(case, *found.groups()))], 1e-3       # float32 differences over eps^2 = 1e-8
    name, _, what = key.partition(".")
    exact = what.startswith("float64_features.")
    what = what.removeprefix("float64_features.")
    features = (float64_features if exact else features_of)(case, name)
    if what not in VALUES or features is None:
        return None
    value, tolerance = VALUES[what]
    found = value(*features)
    return (found if isinstance(found, list) else [found]), tolerance

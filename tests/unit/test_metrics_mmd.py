"""Kernel discrepancies: hand-computed sums, blocks, unbiasedness, and what they can tell apart."""

from itertools import combinations

import numpy as np
import pytest
import torch

from zerosum.core import UsageError
from zerosum.metrics import compute
from zerosum.metrics.distribution import distances
from zerosum.metrics.distribution.kid import cubic, kid
from zerosum.metrics.distribution.mmd import SCALES, mmd, mmd2, rbf, rbf_mixture, rms_distance
from zerosum.metrics.distribution.permutation import permutation_p


def draw(n: int, d: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


def by_hand(x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    k = {name: ((a @ b.T) / x.shape[1] + 1) ** 3 for name, a, b in (("xx", x, x), ("yy", y, y), ("xy", x, y))}
    n, m = len(x), len(y)
    off = {name: float(k[name].sum() - k[name].trace()) for name in ("xx", "yy")}
    within = off["xx"] / (n * (n - 1)) + off["yy"] / (m * (m - 1))
    return {"unbiased": within - 2 * float(k["xy"].mean()),
            "biased": float(k["xx"].mean() + k["yy"].mean() - 2 * k["xy"].mean()),
            "u-statistic": within - 2 * float(k["xy"].sum() - k["xy"].trace()) / (n * (n - 1))}


@pytest.mark.parametrize("estimator", ["unbiased", "biased", "u-statistic"])
@pytest.mark.parametrize("block", [7, 1024])
def test_estimators_are_their_formulas_in_blocks_of_any_size(estimator, block, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", block)
    x, y = draw(23, 5, 0).double(), draw(23, 5, 1, 0.5).double()
    assert kid(x, y, estimator) == pytest.approx(by_hand(x, y)[estimator], rel=1e-12)


def test_unequal_numbers_are_weighted_by_their_own_pairs():
    x, y = draw(23, 5, 0).double(), draw(11, 5, 1).double()
    assert kid(x, y) == pytest.approx(by_hand(x, y)["unbiased"], rel=1e-12)


def test_kid_is_unbiased_between_samples_of_one_distribution():
    """The mean of many small estimates is 0 within its standard error, which the biased one misses by far."""
    for estimator, unbiased in (("unbiased", True), ("biased", False)):
        values = np.array([kid(draw(20, 8, 2 * s), draw(20, 8, 2 * s + 1), estimator) for s in range(300)])
        assert (abs(values.mean()) < 3 * values.std() / np.sqrt(300)) == unbiased


def test_rbf_kernel_between_two_points():
    x, y = torch.zeros(2, 3).double(), torch.tensor([[3.0, 0, 4], [3, 0, 4]]).double()
    assert mmd2(x, y, rbf(5.0)) == pytest.approx(2 - 2 * np.exp(-0.5), rel=1e-12)


def test_mmd_detects_a_shift_of_a_fifth_of_a_deviation_with_500_samples():
    same = compute("mmd", real=draw(500, 2, 0), fake=draw(500, 2, 1))["mmd"]
    shifted = compute("mmd", real=draw(500, 2, 0), fake=draw(500, 2, 1, 0.2))["mmd"]
    assert same.card.interval[0] <= 0 <= same.card.interval[1]
    assert any("cannot tell" in warning for warning in same.card.warnings)
    assert shifted.card.interval[0] > 0
    assert not shifted.card.warnings


def test_wide_features_in_float32_agree_with_float64():
    x, y = draw(50, 600, 0), draw(50, 600, 1, 0.3)
    exact = by_hand(x.double(), y.double())["unbiased"]
    assert kid(x, y) == pytest.approx(exact, rel=1e-5)


def test_cubic_kernel():
    assert cubic(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 1.0]])).item() == pytest.approx(3.5 ** 3)


# Mixtures, estimators, and the test -----------------------------------------------------------------------------------


def test_a_mixture_is_the_sum_of_its_kernels():
    x, y, widths = draw(23, 5, 0), draw(11, 5, 1, 0.5), (0.5, 2.0, 7.0)
    expected = sum(mmd2(x, y, rbf(width)) for width in widths)
    assert mmd2(x, y, rbf_mixture(widths)) == pytest.approx(expected, rel=1e-12)
    score = compute("mmd-multi-scale", real=x, fake=y)["mmd-multi-scale"]
    assert score.value == pytest.approx(mmd2(x, y, rbf_mixture(score.card.settings["widths"])), rel=1e-10)
    assert len(score.card.settings["widths"]) == 5


def test_a_mixture_sees_a_fine_difference_that_one_wide_kernel_misses():
    """Two clusters, far wider among the fakes, and still well apart."""
    centres = torch.tensor([[-1.0], [1.0]]).repeat(150, 1)
    real, fake = centres + 0.02 * draw(300, 1, 1), centres + 0.4 * draw(300, 1, 2)
    width = rms_distance(real)
    kernels = rbf(width), rbf_mixture([width * scale for scale in SCALES])
    wide, mixed = (permutation_p(real, fake, kernel) for kernel in kernels)
    assert mixed < 0.05 < wide


def test_estimators_by_name():
    x, y = draw(60, 3, 0), draw(60, 3, 1, 0.5)
    scores = compute("mmd-estimators", real=x, fake=y)
    kernel = rbf(scores["mmd-root"].card.settings["width"])
    assert scores["mmd-u-statistic"].value == pytest.approx(0.09, abs=0.06)
    assert scores["mmd-biased"].value == pytest.approx(mmd2(x, y, kernel, "biased"), rel=1e-10)
    assert scores["mmd-root"].value == pytest.approx(mmd(x, y, kernel), rel=1e-10)
    assert mmd(x, y, kernel) == pytest.approx(mmd2(x, y, kernel, "biased") ** 0.5, rel=1e-12)
    assert mmd(x, x, kernel) == pytest.approx(0, abs=1e-6)
    assert compute("mmd-estimators", real=x, fake=x[:40])["mmd-biased"].card.settings["n_each"] == 40
    with pytest.raises(UsageError, match="as many of either, not 60 and 40"):
        mmd2(x, y[:40], kernel, "u-statistic")


def test_the_biased_estimate_is_what_chance_leads_one_to_expect():
    found = [compute("mmd-estimators", real=draw(50, 3, 2 * s), fake=draw(50, 3, 2 * s + 1))["mmd-biased"]
             for s in range(100)]
    values = np.array([score.value for score in found])
    chance = np.mean([score.card.details["expected by chance"] for score in found])
    assert values.mean() == pytest.approx(chance, abs=3 * values.std() / 10)


def test_permutations_are_those_of_the_samples():
    """Against relabelling the samples themselves, over all 20 ways to choose 3 of 6."""
    x = draw(6, 2, 0).double()
    x[:3] += 1.0
    kernel = rbf(1.5)

    def value(first):
        second = [i for i in range(6) if i not in first]
        return mmd2(x[list(first)], x[second], kernel)

    every = [value(first) for first in combinations(range(6), 3)]
    expected = np.mean([v >= value((0, 1, 2)) - 1e-12 for v in every])
    assert permutation_p(x[:3], x[3:], kernel, 20_000) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("n", "m"), [(25, 25), (30, 12)])
def test_p_is_uniform_between_samples_of_one_law(n, m):
    from scipy.stats import kstest

    found = [permutation_p(draw(n, 2, 2 * s), draw(m, 2, 2 * s + 1), rbf(2.0), 199, seed=s) for s in range(300)]
    assert kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize("d", [1, 2, 64])
def test_p_detects_a_fifth_of_a_deviation_with_500_samples(d):
    shifted = compute("mmd", real=draw(500, d, 0), fake=draw(500, d, 1, 0.2))["mmd-p"]
    same = compute("mmd", real=draw(500, d, 0), fake=draw(500, d, 1))["mmd-p"]
    assert shifted.value < 0.05 < same.value
    assert not shifted.card.warnings
    assert same.card.warnings == ("500 real and 500 fake samples cannot be told apart at 5 %",)


def test_p_of_sets_apart_is_the_smallest_there_is_and_of_alike_ones_one():
    apart = compute("mmd", real=draw(1500, 2, 0), fake=draw(1200, 2, 1, 9.0))["mmd-p"]
    assert apart.value == 0.001
    assert apart.card.settings["tested"] == [1000, 1000]
    assert compute("mmd", real=torch.ones(10, 2), fake=torch.ones(8, 2))["mmd-p"].value == 1
    assert compute("mmd", real=draw(40, 2, 0), fake=draw(40, 2, 0))["mmd-p"].value > 0.95


def test_p_is_decided_by_the_seed():
    first, again, other = (compute("mmd", real=draw(40, 2, 0), fake=draw(40, 2, 1), seed=s)["mmd-p"] for s in (0, 0, 1))
    assert first == again and first.value != other.value

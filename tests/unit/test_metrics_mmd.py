"""Kernel discrepancies: hand-computed sums, blocks, unbiasedness, and what they can tell apart."""

import numpy as np
import pytest
import torch

from zerosum.metrics import compute
from zerosum.metrics.distribution import distances
from zerosum.metrics.distribution.kid import cubic, kid
from zerosum.metrics.distribution.mmd import mmd2, rbf


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

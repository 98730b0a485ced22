"""The Fréchet distance: closed forms, invariances, degenerate sets, streaming, and its estimate of its own error."""

import numpy as np
import pytest
import torch

from zerosum.metrics import compute
from zerosum.metrics.distribution.fid import fid, frechet_distance
from zerosum.metrics.distribution.statistics import Statistics


def draw(n: int, d: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    return np.random.RandomState(seed).standard_normal((n, d)) * scale + shift


def test_of_commuting_gaussians_is_the_closed_form():
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    mean = np.array([1.0, -2.0, 0.5])
    expected = float((mean ** 2).sum() + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum())
    assert frechet_distance(mean, np.diag(a), 0 * mean, np.diag(b)) == pytest.approx(expected, rel=1e-12)


def test_of_general_gaussians_is_that_of_the_matrix_square_root():
    first, second = np.cov(draw(50, 6, 0), rowvar=False), np.cov(draw(50, 6, 1, 2.0), rowvar=False)
    values = np.linalg.eigvals(first @ second)               # similar to a positive definite matrix
    expected = first.trace() + second.trace() - 2 * np.sqrt(values.real).sum()
    assert frechet_distance(np.zeros(6), first, np.zeros(6), second) == pytest.approx(expected, rel=1e-11)


def test_in_one_dimension_is_the_difference_of_means_and_deviations():
    x, y = draw(400, 1, 0, 2.0, 1.0), draw(300, 1, 1)
    expected = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert fid(x, y) == pytest.approx(expected, rel=1e-12)


def test_does_not_see_a_rotation_or_the_order_of_samples_or_of_sets():
    x, y = draw(300, 16, 0, 1.5), draw(200, 16, 1, shift=0.3)
    rotation = np.linalg.qr(draw(16, 16, 2))[0]
    value = fid(x, y)
    assert fid(x @ rotation, y @ rotation) == pytest.approx(value, rel=1e-10)
    assert fid(x[::-1], y) == pytest.approx(value, rel=1e-12)
    assert fid(y, x) == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize(("n", "d"), [(300, 32), (33, 32), (32, 32), (20, 32), (2, 32)])
def test_of_a_set_and_itself_is_zero(n, d):
    x = (draw(n, d, 0) * 30 + 100).astype(np.float32)
    assert abs(fid(x, x)) < 1e-6
    assert abs(fid(x, x[::-1])) < 1e-6


@pytest.mark.parametrize("n", [40, 400])
def test_is_exact_where_covariances_have_no_inverse(n):
    """A set in a subspace of 5 of 64 dimensions: by either way, as if the other 59 did not exist."""
    x, y = draw(n, 5, 0, 2.0), draw(n, 5, 1) * np.linspace(0.5, 2, 5)
    basis = np.linalg.qr(draw(64, 5, 2))[0].T
    assert fid(x @ basis + 7, y @ basis + 7) == pytest.approx(fid(x, y), rel=1e-9)


def test_few_samples_and_many_agree():
    """The Gram matrix of N < D samples against the D x D covariances of the same samples."""
    x, y = draw(30, 40, 0), draw(35, 40, 1, 1.5)
    a, b = Statistics(40).update(x), Statistics(40).update(y)
    assert fid(x, y) == pytest.approx(frechet_distance(a.mean, a.covariance, b.mean, b.covariance), rel=1e-9)


def test_of_constant_features_is_the_distance_of_the_constants():
    ones = np.ones((50, 8))
    assert fid(ones, ones) == 0
    assert fid(ones, 3 * ones) == pytest.approx(32)
    assert fid(ones[:5], 3 * ones[:5]) == pytest.approx(32)


def test_statistics_are_those_of_numpy_far_from_zero_and_in_any_number_of_parts():
    x = (draw(5000, 12, 0) + 1e4).astype(np.float32)
    whole, parts = Statistics(12).update(x), Statistics(12)
    for start in range(0, 5000, 700):
        parts.merge(Statistics(12).update(x[start:start + 700]))
    for found in (whole, parts):
        np.testing.assert_allclose(found.mean, x.astype(np.float64).mean(0), rtol=1e-13)
        np.testing.assert_allclose(found.covariance, np.cov(x.astype(np.float64), rowvar=False), rtol=1e-9, atol=1e-10)
    assert parts.count == 5000


def test_card_says_how_much_is_sampling_bias():
    """Between samples of one Gaussian the true distance is 0, and the whole value is bias."""
    score = compute("fid", real=torch.from_numpy(draw(400, 32, 0)), fake=torch.from_numpy(draw(400, 32, 1)))["fid"]
    assert score.card.details["bias"] == pytest.approx(score.value, rel=0.3)
    assert any("would vanish" in warning for warning in score.card.warnings)


def test_interval_holds_the_distance_between_independent_draws():
    """Values of twenty fresh pairs of samples scatter as widely as the interval of the first pair says."""
    def value(seed):
        return torch.from_numpy(draw(500, 8, 2 * seed)), torch.from_numpy(draw(500, 8, 2 * seed + 1, 1.3, 0.4))

    real, fake = value(0)
    low, high = compute("fid", real=real, fake=fake)["fid"].card.interval
    fresh = [fid(*value(seed)) for seed in range(1, 21)]
    assert sum(low < x < high for x in fresh) >= 12
    assert high - low < 6 * np.std(fresh)


def test_plenty_of_samples_carry_no_warning():
    score = compute("fid", real=draw(2000, 4, 0), fake=draw(2000, 4, 1, shift=1.0))["fid"]
    assert score.card.warnings == ()
    assert score.value == pytest.approx(4.0, abs=0.5)

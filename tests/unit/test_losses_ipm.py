"""Integral probability metrics in closed form: Fisher's second moment, means and covariances of features, kernels."""

import math

import pytest
import torch

from zerosum.losses import covariance_ipm, fisher_ipm, mean_difference, mean_ipm, mmd, mmd2, second_moment
from zerosum.metrics.distribution.mmd import mmd2 as measured
from zerosum.metrics.distribution.mmd import rbf_mixture
from zerosum.ops import to_ball, to_orthonormal

WIDTHS = (1.0, 2.0, 4.0)


def normal(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# Fisher ---------------------------------------------------------------------------------------------------------------

REAL, FAKE = torch.tensor([1.0, 3.0], dtype=torch.float64), torch.tensor([-1.0, 0.0, -2.0], dtype=torch.float64)


def test_fisher_by_hand():
    assert mean_difference(REAL, FAKE).item() == 3
    assert second_moment(REAL, FAKE).item() == pytest.approx((5 + 5 / 3) / 2)      # each law weighs half
    assert fisher_ipm(REAL, FAKE).item() == pytest.approx(3 / math.sqrt(10 / 3))


def test_fisher_knows_no_scale():
    for factor in (1e-3, 7.0):
        torch.testing.assert_close(fisher_ipm(factor * REAL, factor * FAKE), fisher_ipm(REAL, FAKE))


def test_fisher_is_at_most_two():
    one = torch.ones(4)
    assert fisher_ipm(one, -one).item() == 2
    assert all(fisher_ipm(normal(9, seed=s), normal(9, seed=s + 1)).abs() <= 2 for s in range(20))


def test_the_supremum_of_fisher_is_the_chi_squared_distance():
    """Two discrete laws on three points: Theorem 1's f* attains F, and no other f exceeds it."""
    p, q = torch.tensor([0.5, 0.3, 0.2]).double(), torch.tensor([0.1, 0.3, 0.6]).double()
    distance = ((p - q).square() / ((p + q) / 2)).sum().sqrt()

    def ratio(f: torch.Tensor) -> torch.Tensor:
        return (p - q) @ f / ((p + q) @ f.square() / 2).sqrt()

    torch.testing.assert_close(ratio((p - q) / (p + q)), distance)
    assert all(ratio(normal(3, seed=seed)) <= distance for seed in range(200))


# Means and covariances ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "expected"), [(1.0, 4.0), (2.0, 5.0), (math.inf, 7.0)])
def test_the_mean_ipm_is_the_dual_norm(p, expected):
    x = torch.tensor([[3.0, 4.0], [5.0, 0.0]]).double()
    y = torch.tensor([[1.0, -2.0]]).double()
    assert mean_ipm(x, y, p).item() == pytest.approx(expected)       # of (3, 4)


@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_no_vector_of_the_ball_exceeds_the_mean_ipm(p):
    x, y = normal(30, 5), normal(20, 5, seed=1) + 0.5
    best = mean_ipm(x, y, p)
    for seed in range(50):
        assert to_ball(10 * normal(5, seed=seed), p) @ (x.mean(0) - y.mean(0)) <= best + 1e-12


def test_the_covariance_ipm_is_a_sum_of_singular_values():
    x = torch.diag(torch.tensor([2.0, 1.0, 3.0])).double() * math.sqrt(3)          # E x x^T = diag(4, 1, 9)
    y = torch.diag(torch.tensor([1.0, 3.0, 2.0])).double() * math.sqrt(3)          # E y y^T = diag(1, 9, 4)
    assert [round(covariance_ipm(x, y, k).item(), 9) for k in (1, 2, 3)] == [8, 13, 16]


def test_no_orthonormal_pair_exceeds_the_covariance_ipm():
    x, y, k = normal(40, 6), 2 * normal(30, 6, seed=1), 3
    difference, best = x.T @ x / 40 - y.T @ y / 30, covariance_ipm(x, y, k)
    left, _, right = torch.linalg.svd(difference)
    torch.testing.assert_close((left[:, :k].T @ difference @ right[:k].T).trace(), best)
    for seed in range(50):
        u, v = (to_orthonormal(normal(6, k, seed=2 * seed + side)) for side in (0, 1))
        assert (u.T @ difference @ v).trace() <= best + 1e-12


def test_equal_means_with_other_covariances():
    x = normal(500, 2)
    x = torch.cat([x, -x])                   # mean 0, exactly
    assert mean_ipm(x, 2 * x, 2.0) < 1e-12
    assert covariance_ipm(x, 2 * x, 1) > 1


# Projections ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_the_projection_on_a_ball_is_the_nearest_point(p):
    """v - Pv makes an obtuse angle with every way from Pv into the ball; within the ball nothing moves."""
    for seed in range(20):
        v = 2 * normal(6, seed=seed)
        nearest = to_ball(v, p)
        assert torch.linalg.vector_norm(nearest, p) <= 1 + 1e-12
        for other in range(10):
            inside = to_ball(normal(6, seed=100 + other), p)
            assert (v - nearest) @ (inside - nearest) <= 1e-12
        torch.testing.assert_close(to_ball(nearest / 2, p), nearest / 2)


def test_orthonormal_columns_stay_and_others_become():
    q = to_orthonormal(normal(7, 3))
    torch.testing.assert_close(q.T @ q, torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(to_orthonormal(q), q)
    torch.testing.assert_close(to_orthonormal(q * torch.tensor([2.0, 0.1, 5.0])), q)


# Kernels --------------------------------------------------------------------------------------------------------------


def test_mmd2_by_hand():
    x, y = torch.tensor([[0.0], [1.0]]).double(), torch.tensor([[2.0], [2.0]]).double()
    one, two = math.exp(-1 / 2), math.exp(-4 / 2)
    assert mmd2(x, y, (1.0,)).item() == pytest.approx((1 + one) / 2 + 1 - (one + two))
    assert mmd2(x, y, (1.0,), biased=False).item() == pytest.approx(one + 1 - (one + two))
    assert mmd(x, y, (1.0,)).item() == pytest.approx(math.sqrt((1 + one) / 2 + 1 - (one + two)))


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_the_loss_is_the_metric(estimator):
    x, y = normal(40, 3), normal(25, 3, seed=1) + 0.3
    assert mmd2(x, y, WIDTHS, biased=estimator == "biased").item() == \
        pytest.approx(measured(x, y, rbf_mixture(WIDTHS), estimator), abs=1e-10)


def test_the_unbiased_estimate_has_mean_zero_for_one_law():
    found = torch.stack([mmd2(normal(32, 2, seed=2 * s), normal(32, 2, seed=2 * s + 1), WIDTHS, biased=False)
                         for s in range(200)])
    assert found.mean().abs() < 3 * found.std() / math.sqrt(200)
    biased = torch.stack([mmd2(normal(32, 2, seed=2 * s), normal(32, 2, seed=2 * s + 1), WIDTHS) for s in range(200)])
    assert biased.min() > 0


def test_small_features_keep_their_digits():
    """Features of 1e-3, as a clipped critic makes them, in float32: k itself would be 1 to seven digits."""
    x, y = 1e-3 * normal(64, 4), 1e-3 * (normal(64, 4, seed=1) + 0.5)
    exact = mmd2(x, y, WIDTHS)
    assert mmd2(x.float() + 3, y.float() + 3, WIDTHS).item() == pytest.approx(exact.item(), rel=1e-2)
    assert mmd2(x.float(), y.float(), WIDTHS).item() == pytest.approx(exact.item(), rel=1e-4)


def test_the_root_has_no_slope_where_all_samples_are_alike():
    x = torch.ones(4, 2, requires_grad=True)
    mmd(x, torch.ones(4, 2), WIDTHS).backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("loss", [lambda x, y: fisher_ipm(x[:, 0], y[:, 0]), lambda x, y: mean_ipm(x, y, 2.0),
                                  lambda x, y: covariance_ipm(x, y, 2), lambda x, y: mmd(x, y, WIDTHS),
                                  lambda x, y: mmd2(x, y, WIDTHS, biased=False)],
                         ids=["fisher", "mean", "covariance", "mmd", "mmd2"])
def test_gradients_are_those_of_finite_differences(loss):
    x, y = normal(6, 3).requires_grad_(), (normal(5, 3, seed=1) + 1).requires_grad_()
    torch.autograd.gradcheck(loss, (x, y), eps=1e-6, atol=1e-7)

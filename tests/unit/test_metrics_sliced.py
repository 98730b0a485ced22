"""Sliced Wasserstein distance: closed forms, the one-dimensional case, unequal sizes, precision, and bad input."""

import numpy as np
import pytest
import torch

from zerosum.core import UsageError
from zerosum.metrics import compute
from zerosum.metrics.distribution.distances import products
from zerosum.metrics.distribution.sliced_wasserstein import random_directions, sliced_wasserstein
from zerosum.metrics.distribution.wasserstein import on_lines, wasserstein


def draw(n: int, d: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


@pytest.mark.parametrize("m", [40, 31])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_in_one_dimension_is_the_wasserstein_distance(m, p):
    x, y = draw(40, 1, 0), draw(m, 1, 1, 0.7)
    assert sliced_wasserstein(x, y, p) == pytest.approx(wasserstein(x, y, p), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (30, 45), (7, 5)])
def test_on_lines_is_scipys_in_one_dimension(n, m):
    from scipy.stats import wasserstein_distance

    x, y = draw(3, n, 0).double(), draw(3, m, 1).double()
    expected = [wasserstein_distance(a, b) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    assert on_lines(x, y, 1.0).tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("d", "error"), [(2, 1e-12), (64, 1e-12), (600, 1e-5)])
def test_a_shift_by_t_is_its_length_over_the_root_of_the_dimension(d, error):
    """E (theta . t)^2 = |t|^2 / D, and whole orthogonal groups of directions have that mean exactly."""
    x, t = draw(50, d, 0).double(), draw(1, d, 1).double()
    assert sliced_wasserstein(x, x + t, 2.0, 2 * d) == pytest.approx(float(t.norm()) / d ** 0.5, rel=error)


def test_scaling_a_gaussian():
    """Each projection is N(0, 1) against N(0, 4): W_2 = 1, up to sampling."""
    assert sliced_wasserstein(draw(20_000, 5, 0), 2 * draw(15_000, 5, 1)) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("dim", [3, 4])
def test_is_the_mean_over_its_directions(dim):
    x, y = draw(25, dim, 0).double(), draw(25, dim, 1, 0.5).double()
    lines = [(x @ theta[:, None], y @ theta[:, None]) for theta in random_directions(9, dim, 4).vectors]
    powers = [wasserstein(a, b, 2.0) ** 2 for a, b in lines]
    assert len(powers) == 9
    assert sliced_wasserstein(x, y, 2.0, 9, seed=4) == pytest.approx(np.mean(powers) ** 0.5, rel=1e-10)


def test_repeating_each_sample_changes_nothing():
    x, y = draw(20, 4, 0), draw(30, 4, 1)
    assert sliced_wasserstein(x.repeat(3, 1), y.repeat(2, 1)) == pytest.approx(sliced_wasserstein(x, y), rel=1e-12)


@pytest.mark.parametrize(("count", "dim"), [(7, 3), (5, 600), (3, 2), (8, 1)])
def test_directions_are_unit_vectors_and_orthogonal_in_groups(count, dim):
    theta = random_directions(count, dim, 0).vectors
    assert theta.shape == (1 if dim == 1 else count, dim)
    group = theta[:dim]
    torch.testing.assert_close(group @ group.T, torch.eye(len(group), dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(theta.norm(dim=1), torch.ones(len(theta), dtype=torch.float64))


@pytest.mark.parametrize("dim", [3, 4])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_each_direction_is_uniform(dim, which):
    """E theta = 0, E theta theta^T = I / D, E theta_i^4 = 3 / (D (D + 2)) over many draws of one of three."""
    theta = torch.stack([random_directions(3, dim, seed).vectors[which] for seed in range(4000)])
    assert theta.mean(0).abs().max() < 0.04
    torch.testing.assert_close(theta.T @ theta / 4000, torch.eye(dim, dtype=torch.float64) / dim, atol=0.03, rtol=0)
    fourth = torch.full((dim,), 3 / (dim * (dim + 2)), dtype=torch.float64)
    torch.testing.assert_close((theta ** 4).mean(0), fourth, atol=0.02, rtol=0)


def test_pairs_are_as_exact_as_directions_one_by_one():
    """Of sets that differ along one feature, the hardest case for a pair, which shares the half that holds it."""
    x, d = draw(400, 600, 0), 600
    y = draw(400, 600, 1)
    y[:, 5] += 20

    def spread(directions) -> float:
        values = [on_lines(products(theta, x), products(theta, y), 2.0).mean().sqrt() for theta in directions]
        return float(torch.stack(values).std())

    singly = [torch.nn.functional.normalize(draw(100, d, seed)) for seed in range(40)]
    in_pairs = [random_directions(100, d, seed, torch.float32).vectors for seed in range(40)]
    assert spread(in_pairs) < 1.5 * spread(singly)


def test_far_from_zero_loses_no_digits():
    x, y = draw(200, 600, 0), draw(200, 600, 1, 0.3)
    near = sliced_wasserstein(x, y, 2.0, 50)
    assert sliced_wasserstein(x.double() + 1e6, y.double() + 1e6, 2.0, 50) == pytest.approx(near, rel=1e-5)


def test_the_reading():
    one, again, other = (compute("sliced-w2", real=draw(300, 8, 0), fake=draw(200, 8, 1), seed=seed)["sliced-w2"]
                         for seed in (0, 0, 1))
    assert one == again and one.value != other.value
    assert any("by chance alone" in warning for warning in one.card.warnings)
    shifted = compute("sliced-w2", real=draw(300, 8, 0), fake=draw(200, 8, 1, 1.0))["sliced-w2"]
    assert shifted.card.interval[0] < 1.0 < shifted.card.interval[1]
    assert not shifted.card.warnings
    same = compute("sliced-w2", real=draw(300, 8, 0), fake=draw(300, 8, 0))["sliced-w2"]
    assert same.value == 0 and same.card.settings["directions"] == 512
    few = compute("sliced-w2", real=draw(3, 8, 0), fake=draw(300, 8, 0))["sliced-w2"]
    assert few.card.interval is None and few.card.warnings == ("3 samples say nothing",)


def test_constant_features_are_their_distance():
    score = compute("sliced-w2", real=torch.zeros(10, 4), fake=torch.ones(10, 4))["sliced-w2"]
    assert score.value == pytest.approx(1.0, rel=1e-12)
    assert compute("sliced-w2", real=torch.ones(10, 4), fake=torch.ones(10, 4))["sliced-w2"].value == 0


@pytest.mark.parametrize(("call", "message"), [
    (lambda: sliced_wasserstein(draw(5, 3, 0), draw(5, 2, 0)), "same width, not 3 and 2"),
    (lambda: sliced_wasserstein(draw(5, 3, 0), draw(5, 3, 0), 0.5), "p >= 1"),
    (lambda: sliced_wasserstein(draw(5, 3, 0), draw(5, 3, 0), directions=0), "at least one direction"),
])
def test_wrong_use_is_said(call, message):
    with pytest.raises(UsageError, match=message):
        call()

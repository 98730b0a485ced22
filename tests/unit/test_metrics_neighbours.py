"""Neighbour metrics: toy manifolds, copies, sets apart and alike, against brute force and scikit-learn."""

import numpy as np
import pytest
import torch

from zerosum.core import UsageError
from zerosum.metrics import compute
from zerosum.metrics.distribution import distances
from zerosum.metrics.distribution.one_nn import one_nn
from zerosum.metrics.distribution.precision_recall import precision_recall


def draw(n: int, d: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


def brute_force(real: torch.Tensor, fake: torch.Tensor, k: int) -> dict[str, float]:
    def radii(x):
        return torch.cdist(x, x).sort(1).values[:, k]        # the first is the sample itself

    between = torch.cdist(real, fake)
    in_real, in_fake = between <= radii(real)[:, None], between <= radii(fake)[None]
    return {"precision": in_real.any(0).double().mean().item(), "recall": in_fake.any(1).double().mean().item(),
            "density": in_real.double().sum(0).mean().item() / k, "coverage": in_real.any(1).double().mean().item()}


@pytest.mark.parametrize("block", [11, 1024])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_coverage_are_brute_force_in_blocks_of_any_size(k, block, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", block)
    real, fake = draw(100, 4, 0).double(), draw(80, 4, 1, 0.5).double()
    assert precision_recall(real, fake, k) == pytest.approx(brute_force(real, fake, k), rel=1e-12)


def test_fakes_on_half_the_manifold_are_precise_and_recall_half():
    """Reals on two far clusters, fakes on one of them."""
    real = torch.cat([draw(300, 2, 0), draw(300, 2, 1, 100.0)])
    values = precision_recall(real, draw(600, 2, 2))
    assert values["precision"] > 0.9
    assert values["recall"] == pytest.approx(0.5, abs=0.05)
    assert values["coverage"] == pytest.approx(0.5, abs=0.05)


def test_fakes_beyond_the_manifold_recall_all_and_are_half_precise():
    fake = torch.cat([draw(300, 2, 0), draw(300, 2, 1, 100.0)])
    values = precision_recall(draw(600, 2, 2), fake)
    assert values["precision"] == pytest.approx(0.5, abs=0.05)
    assert values["recall"] > 0.9


def test_one_far_outlier_does_not_lift_density():
    """What density mends (Naeem et al., Fig. 2): a real outlier's huge ball makes faraway fakes precise."""
    real = torch.cat([draw(200, 2, 0), torch.full((1, 2), 50.0)])
    values = precision_recall(real, draw(200, 2, 1, 25.0))
    assert values["precision"] > 0.9
    assert values["density"] < 0.5


def test_too_few_samples_for_k_is_said():
    with pytest.raises(UsageError, match="need at least 4 real and 4 fake"):
        precision_recall(draw(10, 2, 0), draw(3, 2, 1))


@pytest.mark.parametrize("d", [2, 64])
def test_one_nn_is_scikit_learns_leave_one_out(d):
    from sklearn.neighbors import NearestNeighbors

    real, fake = draw(150, d, 0), draw(150, d, 1, 0.4)
    both = torch.cat([real, fake]).double().numpy()
    nearest = NearestNeighbors(n_neighbors=2).fit(both).kneighbors(both, return_distance=False)[:, 1]
    right = (nearest < 150) == (np.arange(300) < 150)
    assert one_nn(real, fake) == pytest.approx((right[:150].mean(), right[150:].mean()), abs=1e-12)


@pytest.mark.parametrize("block", [11, 1024])
@pytest.mark.parametrize("k", [1, 3, 7])
def test_k_neighbours_vote(k, block, monkeypatch):
    monkeypatch.setattr(distances, "BLOCK", block)
    real, fake = draw(60, 3, 0).double(), draw(60, 3, 1, 0.7).double()
    both, own = torch.cat([real, fake]), torch.arange(120) < 60
    nearest = torch.cdist(both, both).fill_diagonal_(torch.inf).topk(k, largest=False).indices
    right = (own[nearest] == own[:, None]).sum(1) > k / 2
    expected = right[:60].double().mean().item(), right[60:].double().mean().item()
    assert one_nn(real, fake, k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(2, 9), (0, 9), (5, 3)])
def test_a_vote_needs_an_odd_number_and_enough_samples(k, n):
    with pytest.raises(UsageError, match="needs an odd k"):
        one_nn(draw(n, 2, 0), draw(n, 2, 1), k)


def test_one_nn_of_one_distribution_is_a_half_and_of_disjoint_sets_one():
    alike = compute("1-nn", real=draw(600, 4, 0), fake=draw(600, 4, 1))["1-nn"]
    apart = compute("1-nn", real=draw(600, 4, 0), fake=draw(600, 4, 1, 20.0))["1-nn"]
    assert alike.value == pytest.approx(0.5, abs=0.05)
    assert any("cannot tell" in warning for warning in alike.card.warnings)
    assert apart.value == 1.0
    assert not apart.card.warnings


@pytest.mark.parametrize("d", [2, 64])
def test_one_nn_unmasks_a_copied_training_set(d):
    real = draw(300, d, 0)
    copies = real + 1e-4 * draw(300, d, 1)
    assert max(one_nn(real, copies)) <= 0.05
    assert max(one_nn(real, real)) <= 0.05


def test_one_nn_sees_a_generator_that_repeats_itself():
    """A few samples over and over: each fake's neighbour is a fake, while the reals hardly notice."""
    fake = draw(5, 2, 1).repeat(60, 1) + 1e-4 * draw(300, 2, 2)
    on_real, on_fake = one_nn(draw(300, 2, 0), fake)
    assert on_fake > 0.95
    assert on_real > 0.7


def test_points_that_are_all_alike_are_told_apart_half_the_time():
    assert one_nn(torch.ones(10, 2), torch.ones(10, 2)) == (0.5, 0.5)


def test_one_nn_balances_the_sets_and_says_so():
    score = compute("1-nn", real=draw(100, 4, 0), fake=draw(900, 4, 1))["1-nn"]
    assert score.card.settings["n_each"] == 100
    assert score.value == pytest.approx(0.5, abs=0.1)


def test_tight_clusters_far_from_zero_keep_their_neighbours():
    """Distances of 1e-3 between points of size 2 and more, which float32 products would lose."""
    real = draw(200, 2, 0) * 1e-3 + 2.0
    assert one_nn(real, draw(200, 2, 1) * 1e-3 + 2.0) == pytest.approx((0.5, 0.5), abs=0.12)
    assert one_nn(real, draw(200, 2, 1) * 1e-3 + 2.02) == (1.0, 1.0)

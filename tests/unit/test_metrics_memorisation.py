"""The memorisation test: against SciPy's, on copies, fresh samples and noise, with ties, and wrong use."""

import numpy as np
import pytest
import torch

from zerosum.core import UsageError
from zerosum.metrics import compute
from zerosum.metrics.distribution.memorisation import copying_score, distances_to_training


def draw(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def measured(fake: torch.Tensor, d: int = 8, held_out: int = 200):
    return compute("memorisation", real=draw(held_out, d, 1), fake=fake, train=draw(500, d, 0))


def test_distances_are_to_the_nearest_training_sample():
    x, train = draw(40, 3, 0), draw(30, 3, 1)
    expected = torch.cdist(x.double(), train.double()).amin(1)
    torch.testing.assert_close(distances_to_training(x, train), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rounded", [False, True])
def test_the_score_is_scipys_mann_whitney(rounded):
    """Rounding makes ties, which take from the variance."""
    from scipy.stats import mannwhitneyu, norm

    held_out, fake = draw(60, 1, 0)[:, 0].abs().double(), draw(45, 1, 1)[:, 0].abs().double() * 1.2
    if rounded:
        held_out, fake = (x.mul(3).round() for x in (held_out, fake))
    found = mannwhitneyu(fake.numpy(), held_out.numpy(), use_continuity=False, method="asymptotic")
    z, nearer = copying_score(held_out, fake)
    assert 2 * norm.sf(abs(z)) == pytest.approx(found.pvalue, rel=1e-9)
    assert nearer == pytest.approx(1 - found.statistic / (60 * 45), rel=1e-12)


def test_a_copied_training_set_is_extreme():
    copies = measured(draw(500, 8, 0)[:300])
    assert copies["nearer-than-real"].value == 1
    # The least z that 200 and 300 distances can have, ties at 0 apart.
    assert copies["memorisation"].value < -(200 * 300 / 2) / np.sqrt(200 * 300 / 12 * 501) * 0.999
    assert copies["copies"].value == 300 and copies["copies"].card.ideal == 0
    assert copies["copies"].card.warnings == ("300 of 300 fakes are near-exact copies of training samples",)


def test_copies_with_a_little_noise_are_copies():
    scores = measured(draw(500, 8, 0)[:200] + 0.01 * draw(200, 8, 5))
    assert scores["memorisation"].value < -15 and scores["copies"].value == 200


def test_fresh_samples_score_zero_within_the_interval():
    inside = [scores["memorisation"].card.interval[0] < 0 < scores["memorisation"].card.interval[1]
              for scores in (measured(draw(200, 8, seed)) for seed in range(2, 22))]
    assert sum(inside) >= 17
    scores = measured(draw(200, 8, 2))
    assert scores["nearer-than-real"].card.interval[0] < 0.5 < scores["nearer-than-real"].card.interval[1]
    assert scores["copies"].value <= 2 and not scores["copies"].card.warnings


def test_z_is_a_standard_normal_between_samples_of_one_law():
    found = [copying_score(draw(40, 1, 2 * s)[:, 0].abs(), draw(30, 1, 2 * s + 1)[:, 0].abs())[0] for s in range(400)]
    assert np.mean(found) == pytest.approx(0, abs=0.15)
    assert np.std(found) == pytest.approx(1, abs=0.1)


def test_noise_scores_above_zero():
    scores = measured(3 * draw(200, 8, 2))
    assert scores["memorisation"].card.interval[0] > 5
    assert scores["nearer-than-real"].value < 0.1


def test_half_copies_and_half_noise_cancel_but_are_counted():
    fake = torch.cat([draw(500, 8, 0)[:100], 5 * draw(100, 8, 2)])
    scores = measured(fake)
    assert abs(scores["memorisation"].value) < 3
    assert scores["copies"].value == 100 and scores["copies"].card.warnings


def test_ties_take_from_the_variance():
    z, nearer = copying_score(torch.ones(20), torch.zeros(30))
    ties = (30 ** 3 - 30 + 20 ** 3 - 20) / (50 * 49)
    assert nearer == 1 and z == pytest.approx(-300 / np.sqrt(50 * (51 - ties)), rel=1e-12)


def test_points_that_are_all_alike_say_nothing():
    alike = torch.ones(30, 2)
    scores = compute("memorisation", real=alike, fake=alike, train=alike)
    assert scores["memorisation"].value == 0 and scores["nearer-than-real"].value == 0.5
    assert scores["copies"].value == scores["copies"].card.ideal == 30


def test_few_samples_are_said():
    assert measured(draw(10, 8, 2))["memorisation"].card.warnings == ("fewer than 20 samples say little",)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: compute("memorisation", real=draw(9, 2, 0), fake=draw(9, 2, 1)), "samples that were trained on, too"),
    (lambda: compute("memorisation", real=draw(9, 2, 0), fake=draw(9, 2, 1), train=draw(9, 3, 0)), "same width, not 3"),
    (lambda: copying_score(torch.zeros(0), torch.zeros(3)), "not 0 with 3"),
])
def test_wrong_use_is_one_line(call, message):
    with pytest.raises(UsageError, match=message):
        call()

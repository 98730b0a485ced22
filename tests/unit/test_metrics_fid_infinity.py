"""FID at infinitely many samples: Gaussians whose distance is known, sets of any sizes, intervals, and bad input."""

import numpy as np
import pytest
import torch

from zerosum.core import UsageError
from zerosum.metrics import compute
from zerosum.metrics.distribution.fid import fid
from zerosum.metrics.distribution.fid_infinity import fid_infinity


def pair(n: int, m: int, d: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Samples of N(0, S^2) and of N(0.1, (1.3 S)^2), S diagonal, and the distance of the two laws."""
    rng, scale = np.random.RandomState(seed), np.linspace(0.5, 1.5, d)
    truth = 0.3 ** 2 * float((scale ** 2).sum()) + 0.1 ** 2 * d
    return (torch.from_numpy(rng.standard_normal((n, d)) * scale),
            torch.from_numpy(rng.standard_normal((m, d)) * scale * 1.3 + 0.1), truth)


@pytest.mark.parametrize(("n", "m", "d"), [(400, 400, 32), (1000, 400, 32), (450, 600, 64)])
def test_is_nearer_to_the_truth_than_fid_of_the_same_samples(n, m, d):
    for seed in range(4):
        real, fake, truth = pair(n, m, d, seed)
        assert abs(fid_infinity(real, fake) - truth) < abs(fid(real, fake) - truth) / 2


def test_has_next_to_no_bias():
    errors = [fid_infinity(real, fake, seed=seed) - truth for seed in range(30)
              for real, fake, truth in [pair(300, 300, 16, seed)]]
    assert abs(np.mean(errors)) < 3 * np.std(errors) / 30 ** 0.5 + 0.02


def test_does_not_depend_on_how_many_were_drawn_as_fid_does():
    few, many = (pair(n, n, 32, 5) for n in (300, 3000))
    assert abs(fid_infinity(*few[:2]) - fid_infinity(*many[:2])) < abs(fid(*few[:2]) - fid(*many[:2])) / 2


def test_the_interval_holds_the_truth():
    held = 0
    for seed in range(10):
        real, fake, truth = pair(400, 400, 16, 100 + seed)
        card = compute("fid-infinity", real=real, fake=fake, seed=seed)["fid-infinity"].card
        held += card.interval[0] < truth < card.interval[1]
        assert card.details["finite"] == fid(real, fake) and not card.warnings
    assert held >= 8


def test_of_one_law_is_zero_within_its_interval():
    real, _, _ = pair(800, 2, 16, 0)
    low, high = compute("fid-infinity", real=real[:400], fake=real[400:])["fid-infinity"].card.interval
    assert low < 0 < high


def test_the_seed_decides():
    real, fake, _ = pair(100, 100, 4, 0)
    assert fid_infinity(real, fake, seed=3) == fid_infinity(real, fake, seed=3) != fid_infinity(real, fake, seed=4)


def test_few_samples_are_said():
    real, fake, _ = pair(100, 100, 64, 0)
    assert "too few for a line" in compute("fid-infinity", real=real, fake=fake)["fid-infinity"].card.warnings[0]
    score = compute("fid-infinity", real=real[:10], fake=fake[:10])["fid-infinity"]
    assert score.card.interval is None and score.card.warnings == ("10 samples say nothing",)
    with pytest.raises(UsageError, match="at least 8 samples of either and 2 points, not 7, 100 and 15"):
        fid_infinity(real[:7], fake)


def test_constant_features_are_their_distance():
    assert fid_infinity(torch.ones(20, 3), 3 * torch.ones(20, 3)) == pytest.approx(12, rel=1e-9)
    assert fid_infinity(torch.ones(20, 3), torch.ones(20, 3)) == 0

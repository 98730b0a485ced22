"""Points of the plane: modes reached and missed by synthetic samples, and Wasserstein distances with known answers."""

import pytest
import torch

from zerosum.core import UsageError
from zerosum.data import load_data
from zerosum.metrics import compute, evaluate
from zerosum.metrics.distribution.modes import count_modes
from zerosum.metrics.distribution.wasserstein import wasserstein


def draw(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def around(modes: torch.Tensor, counts: list[int], std: float) -> torch.Tensor:
    centres = torch.repeat_interleave(modes[:len(counts)], torch.tensor(counts), 0)
    return centres + std * draw(len(centres), 2, 0)


@pytest.fixture(scope="module")
def ring():
    return load_data("ring", split="test")


def test_dropped_modes_are_not_counted(ring):
    for kept in (1, 3, 8):
        x = around(ring.modes, [2500 // kept] * kept, ring.mode_std)
        count = count_modes(x, ring.modes, ring.mode_std)
        assert (count.reached, count.reached_narrowly) == (kept, kept)
        assert count.high_quality == pytest.approx(0.989, abs=0.01)      # 1 - exp(-9 / 2), a chi-squared tail


def test_a_mode_counts_from_20_of_2500_samples_on(ring):
    assert count_modes(around(ring.modes, [2480, 20], 0.0), ring.modes, ring.mode_std).reached == 2
    assert count_modes(around(ring.modes, [2481, 19], 0.0), ring.modes, ring.mode_std).reached == 1


def test_samples_beside_the_modes_are_reached_widely_but_not_narrowly(ring):
    x = ring.modes.repeat(100, 1) + torch.tensor([5 * ring.mode_std, 0.0])
    count = count_modes(x, ring.modes, ring.mode_std)
    assert (count.reached, count.reached_narrowly, count.high_quality) == (8, 0, 0.0)


def test_samples_between_the_modes_reach_none(ring):
    assert count_modes(draw(2500, 2, 0) * 0.1, ring.modes, ring.mode_std).reached == 0


def test_the_data_itself_is_ideal(ring):
    scores = evaluate(load_data("ring").all()[:2500], ring, "modes")
    assert list(scores) == ["modes", "modes-3-sigma", "high-quality"]
    assert [scores[name].value for name in ("modes", "modes-3-sigma")] == [8, 8]
    assert scores["modes"].card.ideal == 8
    assert not scores["modes"].card.warnings


def test_data_without_modes_is_refused():
    with pytest.raises(UsageError, match="modes are known: ring or grid"):
        evaluate(draw(50, 2, 0), "swissroll", "modes")


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [1, 3])
def test_of_a_shifted_set_is_the_shift(p, d):
    x = draw(200, d, 0)
    shift = torch.tensor([3.0, -4.0, 12.0])[:d]
    assert wasserstein(x, x + shift, p) == pytest.approx(float(shift.norm()), rel=1e-6)


def test_in_one_dimension_agrees_with_scipy_for_any_numbers_of_samples():
    from scipy.stats import wasserstein_distance

    x, y = draw(70, 1, 0), 2 * draw(33, 1, 1) + 1
    assert wasserstein(x, y) == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-12)


def test_sorting_and_matching_agree():
    x, y = draw(60, 1, 0), 2 * draw(60, 1, 1) + 1
    on_a_plane = [torch.cat([z, torch.zeros_like(z)], 1) for z in (x, y)]
    for p in (1, 2):
        assert wasserstein(x, y, p) == pytest.approx(wasserstein(*on_a_plane, p), rel=1e-7)


def test_w2_of_gaussians_is_their_frechet_distance():
    """In one dimension W2^2 = (mean difference)^2 + (deviation difference)^2 = 9 + 1, up to sampling."""
    assert wasserstein(draw(20_000, 1, 0), 2 * draw(20_000, 1, 1) + 3, 2) ** 2 == pytest.approx(10, rel=0.03)


def test_a_missing_mode_costs_its_mass_times_its_distance():
    x = torch.cat([torch.zeros(50, 2), torch.full((50, 2), 3.0)])
    assert wasserstein(x, torch.zeros(100, 2)) == pytest.approx(0.5 * 18 ** 0.5, rel=1e-9)
    assert wasserstein(x, torch.zeros(100, 2), 2) == pytest.approx((0.5 * 18) ** 0.5, rel=1e-9)


def test_unequal_numbers_in_the_plane_are_refused():
    with pytest.raises(UsageError, match="as many samples of either, not 5 and 4"):
        wasserstein(draw(5, 2, 0), draw(4, 2, 1))


def test_sampling_noise_is_named():
    same = compute("w2", real=draw(200, 2, 0), fake=draw(300, 2, 1))["w2"]
    apart = compute("w2", real=draw(200, 2, 0), fake=draw(200, 2, 1) + 5)["w2"]
    assert same.card.settings["n_each"] == 200
    assert any("by chance alone" in warning for warning in same.card.warnings)
    assert not apart.card.warnings
    low, high = apart.card.interval
    assert low < 50 ** 0.5 < high

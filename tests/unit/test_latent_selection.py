"""Selection by a discriminator that is known exactly, against the distributions that it must lead to."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm
from torch import nn

import zerosum as zs
from zerosum.core import DataSpec, LatentModel, UsageError
from zerosum.latent import Calibration, calibrated, langevin, metropolis_hastings, reject
from zerosum.latent.langevin import energy_slope

MEAN, STD = 0.6, 0.6                         # p_data = N(0.6, 0.6^2), where p_G = N(0, 1)
FAMILIES = ["dcgan", "cgan", "mad-gan", "vae-gan"]


class Known(LatentModel):
    """G(z) = z, and the optimal discriminator: D(x) = log p_data(x) - log p_G(x)."""

    scale, shift = 1.0, 0.0                  # of scores that are not log-ratios

    def __init__(self, shape=(1,), z_dim=1, prior="normal"):
        super().__init__(type("cfg", (), {"z_dim": z_dim, "prior": prior}), DataSpec(shape))
        self.weight = nn.Parameter(torch.zeros(1))

    def generate(self, z, labels=None):
        return z

    def log_ratio(self, x):
        return (x.square() - ((x - MEAN) / STD).square()).sum(1) / 2 - math.log(STD)

    def scores(self, x, labels=None):
        assert not self.training
        return (self.log_ratio(x) - self.shift) / self.scale


class Warped(Known):
    scale, shift = 2.5, 0.7


class Points(Known):
    """Three points, of known probabilities under p_G and p_data."""

    generated, real = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.3, 0.5])

    def generate(self, z, labels=None):
        u = torch.special.ndtr(z)
        return (u > self.generated[0]).float() + (u > self.generated[:2].sum())

    def log_ratio(self, x):
        return (self.real / self.generated).log()[x[:, 0].long()]


class Sum(Known):
    """G(z) = z_1 + z_2 ~ N(0, 2), and the log-ratio 0.5 x: z must follow N((0.5, 0.5), I)."""

    def __init__(self):
        super().__init__(z_dim=2)

    def generate(self, z, labels=None):
        return z.sum(1, keepdim=True)

    def log_ratio(self, x):
        return 0.5 * x[:, 0]


def distance(x: torch.Tensor, mean=MEAN, std=STD) -> float:
    """Kolmogorov and Smirnov's statistic times sqrt(N): above 1.95 once in a thousand times."""
    return kstest(x.flatten().numpy(), norm(mean, std).cdf).statistic * len(x) ** 0.5


# Rejection -----------------------------------------------------------------------------------------------------------


def test_rejection_leads_to_the_data():
    x, scores, drawn = reject(Known().train(), 4_000, seed=1)
    assert x.shape == (4_000, 1) and torch.allclose(scores, Known().log_ratio(x))
    assert distance(x) < 1.95 < distance(Known().sample(4_000, seed=1))
    peak = MEAN / (1 - STD**2)                # where the ratio is greatest; 1 / M of the samples are kept
    most = Known().log_ratio(torch.tensor([[peak]])).exp().item()
    assert abs((drawn - 10_240) / 4_000 - most) < 0.15    # 3 standard deviations, and the last chunk


def test_rejection_by_a_percentile_keeps_more():
    """And without one the shares are those of the data."""
    exact, freely = (reject(Points(), 2_000, percentile=percentile, seed=1) for percentile in (None, 20))
    assert freely.drawn < exact.drawn
    shares = torch.bincount(exact.x[:, 0].long(), minlength=3) / 2_000
    assert (shares - Points.real).abs().max() < 0.035                          # 3 standard deviations


def test_a_maximum_that_was_missed_is_made_up_for():
    few = reject(Known(), 4_000, trial=1, seed=2)
    assert distance(few.x) < 1.95


def test_rejection_of_everything_ends(monkeypatch):
    class Hopeless(Known):
        def log_ratio(self, x):               # the first sample is the best by far
            first, self.first = getattr(self, "first", True), False
            return torch.where(torch.arange(len(x)) == 0, 200.0 * first, 0.0)

    monkeypatch.setattr("zerosum.latent.rejection.PATIENCE", 2_000)
    with pytest.raises(UsageError, match="2,000 samples in a row were rejected"):
        reject(Hopeless(), 4)


# Metropolis and Hastings ---------------------------------------------------------------------------------------------


def test_chains_lead_to_the_data():
    x, scores, drawn = metropolis_hastings(Known().train(), 4_000, steps=30, seed=1)
    assert distance(x) < 1.95 and drawn == 4_000 * 31 and torch.allclose(scores, Known().log_ratio(x))


@pytest.mark.parametrize("steps", [1, 2, 40])
def test_chains_move_as_their_transition_matrix_says(steps):
    """P(i -> j) = p_G(j) min(1, r_j / r_i), from p_G."""
    ratio = Points.real / Points.generated
    move = Points.generated * (ratio[None] / ratio[:, None]).clamp_max(1)
    move.fill_diagonal_(0)
    move += torch.diag(1 - move.sum(1))
    expected = Points.generated @ torch.linalg.matrix_power(move, steps)
    x = metropolis_hastings(Points(), 10_000, steps=steps, seed=3).x
    shares = torch.bincount(x[:, 0].long(), minlength=3) / 10_000
    assert (shares - expected).abs().max() < 0.015                             # 3 standard deviations
    assert steps < 40 or torch.allclose(expected, Points.real, atol=1e-4)


def test_chains_from_real_samples_need_no_burn_in():
    """Two steps keep p_data where the chain begins at it; from p_G they do not get there."""
    real = MEAN + STD * torch.randn(4_000, 1, generator=torch.Generator().manual_seed(1))
    began, cold = (metropolis_hastings(Known(), 4_000, steps=2, start=start, seed=1) for start in (real, None))
    moved = ~torch.isin(began.x, real)[:, 0]
    assert moved.all() and began.drawn > 4_000 * 3
    assert distance(cold.x) > distance(began.x)


def test_a_chain_that_never_leaves_its_real_sample_begins_anew():
    class Sure(Known):
        def log_ratio(self, x):
            return torch.where(x[:, 0] > 50, 100.0, 0.0)

    x, scores, drawn = metropolis_hastings(Sure(), 10, steps=5, start=torch.full((3, 1), 99.0))
    assert (x < 50).all() and (scores == 0).all() and drawn == 10 + 50 + 50


# Langevin ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.05, 0.4])
def test_langevin_leads_to_the_energy(size):
    """exp(-E) = p_data where G is the identity; steps of a finite size widen a Gaussian by 1 / (1 - size / (4 s^2))."""
    x, _, drawn = langevin(Known().train(), 4_000, steps=100, size=size, seed=1)
    assert drawn == 4_000 * 101
    assert distance(x, std=STD / (1 - size / (4 * STD**2)) ** 0.5) < 1.95
    assert size < 0.1 or distance(x) > 1.95   # and the widening is seen


def test_langevin_moves_latents_under_their_prior():
    x = langevin(Sum(), 4_000, steps=400, size=0.05, seed=2).x
    assert distance(x, mean=1.0, std=(2 / (1 - 0.05 / 4)) ** 0.5) < 1.95


def test_the_slope_is_that_of_the_energy():
    model, z = Known(), torch.randn(300, 1).double()
    energy = lambda z: (z.square().sum(1) / 2 - Calibration(2.0, 1.0)(model.eval().scores(z))).sum()  # noqa: E731
    slope = energy_slope(model, z, Calibration(2.0, 1.0))
    h = 1e-5
    assert torch.allclose(slope, torch.tensor([[(energy(one + h) - energy(one - h)) / (2 * h)]
                                               for one in z.split(1)]).double(), atol=1e-5)


def test_langevin_needs_a_gaussian_prior():
    with pytest.raises(UsageError, match=r"needs noise that is N\(0, I\)"):
        langevin(Known(prior="uniform"), 4)


# Calibration ---------------------------------------------------------------------------------------------------------


def test_calibration_finds_the_log_ratio():
    real = MEAN + STD * torch.randn(20_000, 1, generator=torch.Generator().manual_seed(1))
    found = calibrated(Warped(), real)
    assert abs(found.scale - 2.5) < 0.15 and abs(found.shift - 0.7) < 0.05     # 3 standard errors
    assert calibrated(Known(), real) == pytest.approx((1.0, 0.0), abs=0.06)
    right, wrong = (reject(Warped(), 4_000, log_ratio=f, seed=1).x for f in (Calibration(2.5, 0.7), Calibration()))
    assert distance(right) < 1.95 < distance(wrong)


# All of them ---------------------------------------------------------------------------------------------------------


WAYS = {"reject": lambda model, n, **options: reject(model, n, trial=256, **options),
        "mh": lambda model, n, **options: metropolis_hastings(model, n, steps=3, **options),
        "langevin": lambda model, n, **options: langevin(model, n, steps=3, **options)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family(name, way):
    data = zs.load_data("digits", image_size=8)
    model = zs.create(name, data, preset="tiny", seed=0, prior="normal").train()
    labels = torch.tensor([3, 3, 3, 3, 3]) if name == "cgan" else None
    one, same, other = (WAYS[way](model, 5, seed=seed, labels=labels) for seed in (1, 1, 2))
    assert one.x.shape == (5, *data.spec.shape) and one.scores.shape == (5,) and one.drawn >= 5 and model.training
    assert torch.equal(one.x, same.x) and not torch.equal(one.x, other.x) and not one.x.requires_grad
    assert torch.allclose(one.scores, model.eval().scores(one.x, labels), atol=1e-5)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("way", WAYS)
def test_who_cannot_judge(way):
    class Blind(Known):
        scores = None

    with pytest.raises(UsageError, match="cannot score; it can sample, generate"):
        WAYS[way](Blind(), 4)


@pytest.mark.parametrize("wrong", [lambda m: metropolis_hastings(m, 4, steps=0), lambda m: langevin(m, 4, steps=0)])
def test_no_step(wrong):
    with pytest.raises(UsageError, match="at least one step"):
        wrong(Known())


def test_points_are_as_probable_as_they_should_be():
    x = Points().sample(20_000, seed=1)[:, 0].long()
    assert np.allclose(torch.bincount(x) / 20_000, Points.generated, atol=0.011)

"""The f-divergences against their definitions: conjugates, composed forms, thresholds, tightness, extreme scores."""

import math

import pytest
import torch
from torch import Tensor

from zerosum.core import DataSpec, build
from zerosum.losses import DIVERGENCES, Divergence
from zerosum.models import FGAN

each = pytest.mark.parametrize("divergence", DIVERGENCES.values(), ids=DIVERGENCES)
SCORES = torch.linspace(-1.9, 6, 80, dtype=torch.float64)     # below -2, Pearson's f* is that of f on all reals
EXPECTED = {"kl": 1.0, "reverse-kl": -1.0, "pearson": 0.0, "hellinger": 0.0, "jensen-shannon": 0.0,
            "gan": -math.log(2), "total-variation": 0.0}      # f'(1): 1606.00709, Table 2; |u - 1| has a kink there


def slope(function, at: Tensor) -> Tensor:
    at = at.clone().requires_grad_()
    return torch.autograd.grad(function(at).sum(), at)[0]


def test_the_table_is_complete():
    assert DIVERGENCES.keys() == EXPECTED.keys()
    assert all(name == divergence.name for name, divergence in DIVERGENCES.items())


@each
def test_f_is_convex_and_least_at_equality(divergence: Divergence):
    u = torch.linspace(0.05, 8, 500, dtype=torch.float64)
    f = divergence.f(u)
    assert (f[2:] - 2 * f[1:-1] + f[:-2] >= -1e-12).all()
    assert divergence.f(torch.ones((), dtype=torch.float64)).item() == \
        pytest.approx(-math.log(4) if divergence.name == "gan" else 0.0, abs=1e-12)


@each
def test_the_conjugate_is_fenchels(divergence: Divergence):
    """f*(t) = sup over u > 0 of u t - f(u), here over a fine grid: from below, and nowhere by more than its step."""
    scores = SCORES[SCORES < 3]
    t, u = divergence.activation(scores), torch.logspace(-5, 4, 200_001, dtype=torch.float64)
    best = torch.stack([(u * each_t - divergence.f(u)).max() for each_t in t])
    torch.testing.assert_close(best, divergence.conjugate(t), atol=1e-4, rtol=1e-6)


@each
def test_the_composed_form_is_the_conjugate_of_the_activation(divergence: Divergence):
    torch.testing.assert_close(divergence.composed(SCORES), divergence.conjugate(divergence.activation(SCORES)),
                               rtol=1e-9, atol=1e-12)


@each
def test_the_threshold_is_the_papers(divergence: Divergence):
    assert divergence.threshold == pytest.approx(EXPECTED[divergence.name], abs=1e-12)
    if divergence.name != "total-variation":
        assert divergence.threshold == pytest.approx(slope(divergence.f, torch.ones(1, dtype=torch.float64)).item())


@each
def test_a_larger_score_is_more_real(divergence: Divergence):
    assert (divergence.activation(SCORES).diff() > 0).all()


X = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
P, Q = (torch.distributions.Normal(torch.tensor(m, dtype=torch.float64), s).log_prob(X)
        for m, s in ((0.0, 1.0), (1.0, 1.2)))
KL = math.log(1.2) + (1 + 1) / (2 * 1.44) - 0.5
REVERSE = math.log(1 / 1.2) + (1.44 + 1) / 2 - 0.5
# E_Q[(p/q)^2] and E_Q[sqrt(p/q)] of two Gaussians.
CHI = 1.44 / math.sqrt(2 * 1.44 - 1) * math.exp(1 / (2 * 1.44 - 1)) - 1
HELLINGER = 2 - 2 * math.sqrt(2 * 1.2 / (1 + 1.44)) * math.exp(-1 / (4 * (1 + 1.44)))
MIDDLE = torch.logaddexp(P, Q) - math.log(2)
JS = torch.trapezoid(P.exp() * (P - MIDDLE) + Q.exp() * (Q - MIDDLE), X).item()
ANALYTIC = {"kl": KL, "reverse-kl": REVERSE, "pearson": CHI, "hellinger": HELLINGER, "jensen-shannon": JS,
            "gan": JS - math.log(4), "total-variation": torch.trapezoid((P.exp() - Q.exp()).abs() / 2, X).item()}


@each
def test_the_bound_is_tight_at_the_derivative_of_f(divergence: Divergence):
    """At T* = f'(p/q) the bound is the analytic divergence (Eq. 5), and nowhere above it."""
    best = slope(divergence.f, (P - Q).exp())
    value = torch.trapezoid(P.exp() * best - Q.exp() * divergence.conjugate(best), X).item()
    assert value == pytest.approx(ANALYTIC[divergence.name], abs=1e-6)
    direct = torch.trapezoid(Q.exp() * divergence.f((P - Q).exp()), X).item()
    assert direct == pytest.approx(ANALYTIC[divergence.name], abs=1e-6)
    for scores in (torch.zeros_like(X), P - Q + 0.3, (P - Q) / 3):
        worse = P.exp() * divergence.activation(scores) - Q.exp() * divergence.composed(scores)
        assert torch.trapezoid(worse, X).item() < value


@each
def test_values_and_gradients_are_finite_at_extreme_scores(divergence: Divergence):
    far = torch.tensor([-50.0, 50.0])
    assert divergence.bound(far, far).isfinite() and divergence.heuristic_generator(far).isfinite()
    for part in (divergence.activation, divergence.composed):
        assert part(far).isfinite().all() and slope(part, far).isfinite().all()


@each
def test_gradients_are_those_of_finite_differences(divergence: Divergence):
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(7, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(2))
    torch.autograd.gradcheck(divergence.bound, (real, fake), eps=1e-6, atol=1e-8)
    torch.autograd.gradcheck(divergence.heuristic_generator, (fake,), eps=1e-6, atol=1e-8)


def test_the_gan_row_is_the_gans_game():
    """Its F is -L_D of 1406.2661, and its heuristic -E[log D(G(z))]."""
    from zerosum.losses import OBJECTIVES

    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    row = DIVERGENCES["gan"]
    torch.testing.assert_close(row.bound(real, fake), -OBJECTIVES["saturating"].discriminator(real, fake))
    torch.testing.assert_close(row.heuristic_generator(fake), OBJECTIVES["non-saturating"].generator(fake))


@pytest.mark.parametrize("objective", ["bound", "heuristic"])
def test_the_players_of_f_gan_share_one_forward_pass(objective):
    """Under the bound the losses are opposite numbers; the heuristic changes the generator's alone."""
    from zerosum.core import Batch

    torch.manual_seed(0)
    model = FGAN(build(FGAN.Config, {"divergence": "reverse-kl", "objective": objective, "width": 4, "z_dim": 2,
                                     "norm": "none", "init": "default"}), DataSpec((2,)))
    losses = model.losses(Batch(torch.randn(5, 2)))
    opposite = losses["discriminator"]["adversarial"] == -losses["generator"]["adversarial"]
    assert bool(opposite) == (objective == "bound")


def test_scores_of_f_gan_are_zero_where_the_critical_value_lies():
    model = FGAN(build(FGAN.Config, {"divergence": "kl", "width": 4, "z_dim": 2}), DataSpec((2,)))
    x = torch.randn(3, 2)
    assert torch.equal(model.scores(x) > 0, DIVERGENCES["kl"].activation(model.discriminator(x)) >
                       DIVERGENCES["kl"].threshold)
    torch.testing.assert_close(model.scores(x), model.discriminator(x) - 1)

"""The objectives against closed forms: known logits, extreme logits, derivatives and the theory of the first paper."""

import math

import pytest
import torch
from torch import Tensor

from zerosum.losses import OBJECTIVES, RELATIVISTIC, binary_cross_entropy, least_squares, squared_error

REAL, FAKE = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])


def log_sigmoid(s: float) -> float:
    return -math.log1p(math.exp(-s))


def mean(*values: float) -> float:
    return sum(values) / len(values)


EXPECTED = {                                 # name: (discriminator, generator) at REAL and FAKE, by hand
    "saturating": (-mean(log_sigmoid(2), log_sigmoid(-1)) - mean(log_sigmoid(-0.5), log_sigmoid(3)),
                   mean(log_sigmoid(-0.5), log_sigmoid(3))),
    "non-saturating": (-mean(log_sigmoid(2), log_sigmoid(-1)) - mean(log_sigmoid(-0.5), log_sigmoid(3)),
                       -mean(log_sigmoid(0.5), log_sigmoid(-3))),
    "wasserstein": (-1.25 - 0.5, 1.25),
    "least-squares": (mean(1, 4) / 2 + mean(0.25, 9) / 2, mean(0.25, 16) / 2),
    "hinge": (mean(0, 2) + mean(1.5, 0), 1.25),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_known_logits(name):
    objective = OBJECTIVES[name]
    assert objective.discriminator(REAL, FAKE).item() == pytest.approx(EXPECTED[name][0], rel=1e-6)
    assert objective.generator(FAKE).item() == pytest.approx(EXPECTED[name][1], rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_map_of_scores_counts_every_patch(name):
    objective = OBJECTIVES[name]
    real, fake = REAL.reshape(1, 1, 1, 2), FAKE.reshape(1, 1, 2, 1)
    assert objective.discriminator(real, fake) == objective.discriminator(REAL, FAKE)
    assert objective.generator(fake, real) == objective.generator(FAKE)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_are_those_of_finite_differences(name):
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(7, dtype=torch.float64, generator=generator).mul(3).requires_grad_() for _ in range(2))
    torch.autograd.gradcheck(OBJECTIVES[name].discriminator, (real, fake), eps=1e-6, atol=1e-8)
    torch.autograd.gradcheck(OBJECTIVES[name].generator, (fake,), eps=1e-6, atol=1e-8)


def gradient(loss, *scores: float) -> list[float]:
    x = torch.tensor(scores, requires_grad=True)
    (grad,) = torch.autograd.grad(loss(x), x)
    return (grad * len(scores)).tolist()


def test_cross_entropy_keeps_value_and_gradient_at_extreme_logits():
    tail = math.exp(-100)                    # representable in float32 only below its normal range
    for target, values, slopes in ((1.0, (100.0, tail), (-1.0, -tail)), (0.0, (tail, 100.0), (tail, 1.0))):
        for s, value, slope in zip((-100.0, 100.0), values, slopes, strict=True):
            assert binary_cross_entropy(torch.tensor(s), target).item() == pytest.approx(value, rel=1e-2, abs=1e-45)
            assert gradient(lambda x, t=target: binary_cross_entropy(x, t), s)[0] == \
                pytest.approx(slope, rel=1e-2, abs=1e-45)


@pytest.mark.parametrize("name", ["saturating", "non-saturating"])
def test_objectives_stay_finite_at_extreme_logits(name):
    far = torch.tensor([-100.0, 100.0])
    objective = OBJECTIVES[name]
    assert objective.discriminator(far, far).item() == pytest.approx(100.0)
    assert gradient(lambda x: objective.discriminator(x, x.detach()), -100.0, 100.0)[0] == -1.0
    assert gradient(lambda x: objective.discriminator(x.detach(), x), -100.0, 100.0)[1] == 1.0


@pytest.mark.parametrize("share", [1e-1, 1e-3, 1e-6, 1e-12])
def test_only_the_saturating_gradient_vanishes_with_d_of_g(share):
    """OBJ-01 and OBJ-02: at D(G(z)) = eps the logit's gradient is eps for one and 1 - eps for the other."""
    logit = math.log(share) - math.log1p(-share)
    assert gradient(OBJECTIVES["saturating"].generator, logit)[0] == pytest.approx(-share, rel=1e-5, abs=0)
    assert gradient(OBJECTIVES["non-saturating"].generator, logit)[0] == pytest.approx(-(1 - share), rel=1e-5)


def test_least_squares_still_pulls_samples_that_fool_the_discriminator():
    """OBJ-04: at a score of 5 its gradient is 5 - c = 4, where cross-entropy has none left."""
    assert gradient(OBJECTIVES["least-squares"].generator, 5.0)[0] == pytest.approx(4.0)
    assert abs(gradient(OBJECTIVES["non-saturating"].generator, 5.0)[0]) < 0.01


def test_least_squares_labels_are_fake_real_wanted():
    pearson = least_squares(a=-1.0, b=1.0, c=0.0)
    assert pearson.discriminator(torch.ones(3), -torch.ones(3)) == 0
    assert pearson.generator(torch.zeros(3)) == 0
    assert pearson.discriminator(-torch.ones(3), torch.ones(3)) == 4


def test_labels_may_be_smoothed():
    """The minimum of E[-t log D - (1 - t) log(1 - D)] is at D = t, and a target may be drawn for each score."""
    logit = torch.tensor(math.log(0.9 / 0.1))
    assert gradient(lambda x: binary_cross_entropy(x, 0.9), logit.item())[0] == pytest.approx(0.0, abs=1e-7)
    both = binary_cross_entropy(REAL, torch.tensor([0.9, 1.0]))
    assert both.item() == pytest.approx(mean(-0.9 * log_sigmoid(2) - 0.1 * log_sigmoid(-2), -log_sigmoid(-1)))
    assert squared_error(REAL, 0.9).item() == pytest.approx(mean(1.1 ** 2, 1.9 ** 2))


# p = N(0, 1) and q = N(theta, 1), each as 20,000 equal parts of its probability: E is then a plain mean.
QUANTILES = torch.special.ndtri((torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000)
THETA = torch.tensor(1.5, dtype=torch.float64)


def best_logit(x: Tensor, theta: Tensor) -> Tensor:
    """log p(x) - log q(x), the logit of D* = p / (p + q)."""
    return (x - theta).square() / 2 - x.square() / 2


def jensen_shannon(theta: Tensor) -> Tensor:
    x, y = QUANTILES, QUANTILES + theta
    terms = [torch.nn.functional.logsigmoid(sign * best_logit(at, theta)).mean() for at, sign in ((x, 1), (y, -1))]
    return (sum(terms) + math.log(4)) / 2


def slope(function, theta: Tensor) -> float:
    theta = theta.clone().requires_grad_()
    return torch.autograd.grad(function(theta), theta)[0].item()


def test_the_best_discriminator_measures_the_jensen_shannon_divergence():
    """V(D*, G) = 2 JSD - log 4 (Thm. 1); for these two the divergence by quadrature of its own definition."""
    loss = OBJECTIVES["saturating"].discriminator(best_logit(QUANTILES, THETA), best_logit(QUANTILES + THETA, THETA))
    x = torch.linspace(-12, 14, 200_001, dtype=torch.float64)
    p, q = (torch.exp(-(x - centre).square() / 2) / math.sqrt(2 * math.pi) for centre in (0.0, THETA))
    middle = (p + q) / 2
    divergence = torch.trapezoid((p * (p / middle).log() + q * (q / middle).log()) / 2, x).item()
    assert -loss.item() == pytest.approx(2 * divergence - math.log(4), abs=1e-4)


def test_generator_gradients_at_the_best_discriminator():
    """Saturating: grad 2 JSD. Non-saturating: grad [KL(q || p) - 2 JSD] (1701.04862, Thm. 2.5); KL = theta^2 / 2."""
    def descend(name: str) -> float:
        return slope(lambda theta: OBJECTIVES[name].generator(best_logit(QUANTILES + theta, THETA)), THETA)

    twice = 2 * slope(jensen_shannon, THETA)
    assert descend("saturating") == pytest.approx(twice, abs=1e-4)
    assert descend("non-saturating") == pytest.approx(THETA.item() - twice, abs=1e-3)


# Relativistic losses: differences of scores -----------------------------------------------------------------------

def test_relativistic_losses_at_known_logits():
    """OBJ-20: pairs (2, 0.5) and (-1, -3); means 0.5 of the real and -1.25 of the generated scores."""
    paired, average = RELATIVISTIC["relativistic"], RELATIVISTIC["relativistic-average"]
    assert paired.discriminator(REAL, FAKE).item() == pytest.approx(-mean(log_sigmoid(1.5), log_sigmoid(2)), rel=1e-6)
    assert paired.generator(FAKE, REAL).item() == pytest.approx(-mean(log_sigmoid(-1.5), log_sigmoid(-2)), rel=1e-6)
    assert average.discriminator(REAL, FAKE).item() == pytest.approx(
        -mean(log_sigmoid(3.25), log_sigmoid(0.25)) - mean(log_sigmoid(0.0), log_sigmoid(3.5)), rel=1e-6)
    assert average.generator(FAKE, REAL).item() == pytest.approx(
        -mean(log_sigmoid(0.0), log_sigmoid(-3.5)) - mean(log_sigmoid(-3.25), log_sigmoid(-0.25)), rel=1e-6)


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_a_constant_added_to_all_scores_changes_no_relativistic_loss(name):
    objective = RELATIVISTIC[name]
    real, fake = REAL.double(), FAKE.double()
    for loss, first, second in ((objective.discriminator, real, fake), (objective.generator, fake, real)):
        assert loss(first + 7, second + 7).item() == pytest.approx(loss(first, second).item(), abs=1e-14)
        assert loss(first + 7, second).item() != pytest.approx(loss(first, second).item(), abs=0.1)


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_relativistic_gradients_are_those_of_finite_differences_and_sum_to_zero(name):
    draws = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(7, dtype=torch.float64, generator=draws).mul(3).requires_grad_() for _ in range(2))
    for loss, pair in ((RELATIVISTIC[name].discriminator, (real, fake)), (RELATIVISTIC[name].generator, (fake, real))):
        torch.autograd.gradcheck(loss, pair, eps=1e-6, atol=1e-8)
        raised, lowered = torch.autograd.grad(loss(*pair), pair)
        assert (raised < 0).all() and (lowered > 0).all()
        assert (raised.sum() + lowered.sum()).item() == pytest.approx(0, abs=1e-14)      # of all constants, none counts


@pytest.mark.parametrize("name", RELATIVISTIC)
def test_relativistic_losses_take_maps_and_extreme_scores(name):
    objective = RELATIVISTIC[name]
    shape = (1, 1, 1, 2)
    assert objective.discriminator(REAL.reshape(shape), FAKE.reshape(shape)) == objective.discriminator(REAL, FAKE)
    far = torch.full((2,), 1e4)
    assert objective.discriminator(-far, far).item() == pytest.approx(2e4 * (1 + (name != "relativistic")))
    assert objective.discriminator(far, -far).item() == 0


# Best discriminators ----------------------------------------------------------------------------------------------

def test_least_squares_at_its_best_discriminator_is_the_pearson_divergence():
    """OBJ-04: with a, b, c = -1, 1, 0, D* = (p - q) / (p + q) and 2 C(G) = chi^2(p + q || 2 q) (1611.04076, Eq. 7)."""
    objective = least_squares(a=-1.0, b=1.0, c=0.0)
    best = [torch.tanh(best_logit(at, THETA) / 2) for at in (QUANTILES, QUANTILES + THETA)]      # (p - q) / (p + q)
    x = torch.linspace(-12, 14, 200_001, dtype=torch.float64)
    p, q = (torch.exp(-(x - centre).square() / 2) / math.sqrt(2 * math.pi) for centre in (0.0, THETA))
    divergence = torch.trapezoid((2 * q - (p + q)).square() / (p + q), x).item()
    twice = 2 * sum(objective.generator(scores) for scores in best)
    assert twice.item() == pytest.approx(divergence, abs=1e-4)
    for step in (1e-3, -1e-3):               # and no other D is better
        moved = [scores + step for scores in best]
        assert objective.discriminator(*moved) > objective.discriminator(*best)


def test_the_hinge_at_its_best_discriminator_is_twice_one_minus_the_total_variation():
    """Geometric GAN: D* = sign(p - q), so the loss is 2 E_q[p > q] + 2 E_p[p < q] = 2 - 2 TV."""
    best = [torch.sign(best_logit(at, THETA)) for at in (QUANTILES, QUANTILES + THETA)]
    variation = torch.erf(THETA / 2 / math.sqrt(2))          # P(|N(0, 1)| < theta / 2)
    assert OBJECTIVES["hinge"].discriminator(*best).item() == pytest.approx(2 - 2 * variation.item(), abs=1e-3)

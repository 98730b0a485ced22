"""Likelihood metrics against closed forms: windows, a linear-Gaussian decoder, uniform and Gaussian densities."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.data import ArrayDataset
from zerosum.metrics import compute, evaluate
from zerosum.metrics.likelihood import parzen as parzen_file
from zerosum.metrics.likelihood.ais import Annealing, ais, ais_upper, bdmc, fitted_sigma
from zerosum.metrics.likelihood.bits_per_dim import bits_per_dim, dequantised
from zerosum.metrics.likelihood.decoders import ais_of_model
from zerosum.metrics.likelihood.parzen import log_density, parzen


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Parzen windows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [7, 1024])
def test_the_density_of_windows_is_the_mixture_of_gaussians(block, monkeypatch):
    monkeypatch.setattr("zerosum.metrics.distribution.distances.BLOCK", block)
    x, windows, sigma = draw(20, 3, seed=1), draw(30, 3, seed=2), 0.4
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(30)),
        torch.distributions.Independent(torch.distributions.Normal(windows, sigma), 1))
    found = log_density(x, windows, [sigma, 2 * sigma])
    assert torch.allclose(found[0], mixture.log_prob(x), atol=1e-12)
    own = log_density(windows, windows, [sigma], leave_one_out=True)[0]
    rest = torch.stack([log_density(windows[i:i + 1], windows[[j for j in range(30) if j != i]], [sigma])[0, 0]
                        for i in range(30)])
    assert torch.allclose(own, rest, atol=1e-12)


def test_one_far_window_does_not_underflow():
    x, windows = torch.zeros(2, 1).double(), torch.full((2, 1), 1e4).double()
    assert log_density(x, windows, [1.0])[0, 0].item() == pytest.approx(-0.5e8 - 0.5 * math.log(2 * math.pi))


def test_in_one_dimension_the_estimate_nears_the_entropy():
    """Reals and windows of N(0, 1): the mean log-likelihood is minus the entropy, -1/2 log(2 pi e), less a small KL."""
    found = parzen(draw(2000, 1, seed=1), draw(2000, 1, seed=2), draw(500, 1, seed=3))
    entropy = 0.5 * math.log(2 * math.pi * math.e)
    assert -entropy - 0.02 < found.mean < -entropy + 3 * found.standard_error
    assert found.standard_error == pytest.approx(math.sqrt(0.5 / 2000), rel=0.1)     # Var(x^2 / 2) = 1/2
    assert 0.1 < found.sigma < 0.5


def test_sigma_widens_over_a_shift():
    """Windows of N(1, 1) under x ~ N(0, 1), E (x - 1)^2 = 2: sigma = 1 is best, and log 2 / 2 is lost."""
    test, validation, windows = draw(2000, 1, seed=1), draw(500, 1, seed=3), draw(2000, 1, seed=2)
    right, off = (parzen(test, windows + shift, validation) for shift in (0.0, 1.0))
    assert right.mean - off.mean == pytest.approx(math.log(2) / 2, abs=0.05)
    assert off.sigma == pytest.approx(1, rel=0.3)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 30.0])
def test_sigma_follows_the_scale_beyond_the_authors_grid(scale):
    x = draw(300, 2) * scale
    found = parzen(x[:100], x[100:200], x[200:])
    assert 0.1 * scale < found.sigma < scale


def test_sigma_is_chosen_without_the_test_part(monkeypatch):
    seen = []
    original = parzen_file.best_sigma
    monkeypatch.setattr(parzen_file, "best_sigma", lambda w, v: seen.append((w, v)) or original(w, v))
    real, fake = draw(40, 2, seed=1).float(), draw(50, 2, seed=2).float()
    scores = compute("parzen", real=real, fake=fake)
    settings = scores["parzen"].card.settings
    assert (settings["validation"], settings["test"]) == (20, 20)
    assert [None if v is None else len(v) for _, v in seen] == [20, None, 20]
    assert scores == compute("parzen", real=real, fake=fake)


def test_high_dimensions_are_warned_of_with_numbers():
    card = compute("parzen", real=draw(60, 200, seed=1), fake=draw(90, 200, seed=2))["parzen"].card
    [warning] = card.warnings
    assert "200 dimensions" in warning and "1511.01844" in warning and "30 real samples score" in warning
    low = compute("parzen", real=draw(2000, 1, seed=1), fake=draw(2000, 1, seed=2))["parzen"].card
    assert not low.warnings
    assert low.interval[0] < low.ideal < low.interval[1]


def test_samples_that_repeat_the_real_ones_are_named():
    x = torch.ones(10, 2)
    assert "repeat the real ones" in compute("parzen", real=x, fake=x)["parzen"].card.warnings[0]


def test_parzen_refuses_too_few():
    with pytest.raises(UsageError, match="at least 4 real samples, not 3"):
        compute("parzen", real=draw(3, 2), fake=draw(9, 2))
    with pytest.raises(UsageError, match="at least 2 test samples"):
        parzen(draw(1, 2), draw(9, 2))


# Annealed importance sampling ----------------------------------------------------------------------------------------

Z, D, SIGMA = 2, 4, 0.5
WEIGHT, BIAS = draw(D, Z, seed=10), draw(D, seed=11)


def linear(z: Tensor) -> Tensor:
    return z @ WEIGHT.to(z.dtype).T + BIAS.to(z.dtype)


def exactly(x: Tensor, sigma: float = SIGMA) -> Tensor:
    return MultivariateNormal(BIAS, WEIGHT @ WEIGHT.T + sigma ** 2 * torch.eye(D).double()).log_prob(x.double())


def simulated(n: int) -> tuple[Tensor, Tensor]:
    z = draw(n, Z, seed=12)
    return z, linear(z) + SIGMA * draw(n, D, seed=13)


def test_both_bounds_of_a_linear_decoder_hold_its_exact_likelihood_between_them():
    z, x = simulated(16)
    exact, plan = exactly(x), Annealing(steps=600)
    lower, upper = ais(linear, x, SIGMA, Z, annealing=plan), ais_upper(linear, x, SIGMA, z, annealing=plan)
    assert lower.dtype == torch.float64 and lower.shape == (16,)
    assert (lower - exact).mean().item() == pytest.approx(0, abs=0.15)
    assert (upper - exact).mean().item() == pytest.approx(0, abs=0.15)
    assert max((lower - exact).abs().max(), (upper - exact).abs().max()) < 0.5


def test_few_steps_leave_a_gap_on_the_right_sides():
    """Bounds hold on average: with ten steps they are loose, and the truth lies between them."""
    z, x = simulated(64)
    exact, plan = exactly(x).mean(), Annealing(steps=5, chains=2)
    assert ais(linear, x, SIGMA, Z, annealing=plan).mean() < exact - 0.1
    assert ais_upper(linear, x, SIGMA, z, annealing=plan).mean() > exact + 0.1


def test_posterior_samples_given_directly_score_any_sample():
    """An exact posterior sample of real-like x, drawn in closed form, serves the reverse chain as well."""
    x = BIAS + 1.5 * draw(12, D, seed=20)
    precision = torch.eye(Z).double() + WEIGHT.T @ WEIGHT / SIGMA ** 2
    mean = torch.linalg.solve(precision, WEIGHT.T @ (x - BIAS).T / SIGMA ** 2).T
    z = MultivariateNormal(mean, precision_matrix=precision).mean + torch.linalg.solve(
        torch.linalg.cholesky(precision).T, draw(Z, 12, seed=21)).T
    upper = ais_upper(linear, x, SIGMA, z, annealing=Annealing(steps=200))
    assert (upper - exactly(x)).abs().mean() < 0.25


def test_bdmc_says_how_far_off_the_bound_is():
    z = draw(16, Z, seed=12)
    gaps = [(upper - lower).mean().item() for lower, upper in (
        bdmc(linear, SIGMA, z, annealing=Annealing(steps=steps, chains=4)) for steps in (5, 200))]
    assert gaps[0] > 1
    assert abs(gaps[1]) < 0.25


def test_float32_decoders_and_images_agree_with_float64():
    _, x = simulated(6)
    plan = Annealing(steps=200)
    images = ais(lambda z: linear(z).reshape(-1, 1, 2, 2), x.float().reshape(-1, 1, 2, 2), SIGMA, Z, annealing=plan)
    assert (images - exactly(x)).abs().max() < 0.5


def test_sigma_is_fitted_near_the_most_likely():
    z = draw(20, Z, seed=14)
    x = linear(z) + SIGMA * draw(20, D, seed=15)
    sigmas = [0.25 * 1.02 ** k for k in range(60)]
    best = max(sigmas, key=lambda sigma: exactly(x, sigma).mean().item())
    assert fitted_sigma(linear, x, Z, annealing=Annealing(steps=250, chains=4)) == pytest.approx(best, rel=0.1)


def test_ais_is_the_same_by_seed_and_leaves_the_global_generator_and_gradients_alone():
    _, x = simulated(4)
    state = torch.get_rng_state()
    with torch.no_grad():
        first, again, other = (ais(linear, x, SIGMA, Z, annealing=Annealing(steps=30), seed=s) for s in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize(("call", "words"), [
    (lambda x: ais(linear, x, 0.0, Z), "sigma > 0"),
    (lambda x: ais(linear, x[:0], 1.0, Z), "needs samples"),
    (lambda x: ais(linear, x[:, :2], 1.0, Z), "makes samples of"),
    (lambda x: ais(lambda z: linear(z.detach()), x, 1.0, Z), "differentiable in z"),
    (lambda x: ais(lambda z: linear(z) * math.nan, x, 1.0, Z, annealing=Annealing(steps=2)), "NaN or infinite"),
    (lambda x: fitted_sigma(lambda z: x[:1].expand(len(z), -1), x[:1], Z), "repeats the samples"),
    (lambda x: Annealing(steps=0), "steps must be greater than 0"),
])
def test_ais_says_in_one_line_what_does_not_fit(call, words):
    with pytest.raises(ZerosumError, match=words) as error:
        call(simulated(4)[1])
    assert "\n" not in str(error.value)


# Models --------------------------------------------------------------------------------------------------------------


class Linear(nn.Module):
    """A linear-Gaussian model of points with one of the three priors, and its exact density for the Gaussian one."""

    name, data = "linear", DataSpec((D,))
    card = type("Card", (), {"tasks": ("generation",), "density": "tractable"})

    def __init__(self, prior: str | None = "normal"):
        super().__init__()
        self.cfg = type("Config", (), {"prior": prior, "z_dim": Z})
        self.layer = nn.Linear(Z, D)
        self.layer.load_state_dict({"weight": WEIGHT.float(), "bias": BIAS.float()})

    @property
    def device(self):
        return self.layer.weight.device

    def noise(self, n, generator=None):
        return torch.randn(n, Z, generator=generator)

    def generate(self, z, labels=None):
        assert not self.training
        return self.layer(z)


def points(n: int, seed: int = 12) -> ArrayDataset:
    x = linear(draw(n, Z, seed=seed)) + SIGMA * draw(n, D, seed=seed + 1)
    return ArrayDataset(x.float().numpy(), DataSpec((D,)), name="linear", split="test")


def test_ais_of_a_model_finds_its_likelihood_and_says_how_sure_it_is():
    model, data = Linear(), points(200)
    reading = ais_of_model(model, data, 30, annealing=Annealing(steps=200, chains=4))["ais"]
    exact = exactly(data.all())
    assert reading.value == pytest.approx(exact.mean().item(), abs=3 * exact.std().item() / math.sqrt(30))
    assert reading.interval[0] < reading.value < reading.interval[1]
    assert reading.details["sigma"] == pytest.approx(SIGMA, rel=0.4)
    assert (reading.settings["samples"], reading.settings["steps"]) == (30, 200)
    assert abs(reading.details["bdmc gap"]) < 1 and not reading.warning
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    short = ais_of_model(model, data, 2, annealing=Annealing(steps=3, chains=1))["ais"]
    assert "take more steps" in short.warning


@pytest.mark.parametrize(("prior", "low", "high"), [("unit", 0, 1), ("uniform", -1, 1)])
def test_uniform_priors_are_made_gaussian(prior, low, high):
    from zerosum.metrics.likelihood.decoders import decoder_of

    model = Linear(prior).eval()
    model.layer = nn.Identity()
    decoder, z_dim = decoder_of(model)
    z = decoder(draw(20_000, z_dim))
    assert z.min() >= low and z.max() <= high
    assert z.mean().item() == pytest.approx((low + high) / 2, abs=0.02)
    assert z.std().item() == pytest.approx((high - low) / math.sqrt(12), rel=0.02)


def test_ais_refuses_models_it_cannot_measure():
    with pytest.raises(UsageError, match="knows the priors normal, unit, uniform"):
        ais_of_model(Linear(None), points(40))
    conditional = Linear()
    conditional.card = type("Card", (), {"tasks": ("conditional-generation",)})
    with pytest.raises(UsageError, match="is conditional"):
        ais_of_model(conditional, points(40))
    with pytest.raises(UsageError, match="at least 12 samples"):
        ais_of_model(Linear(), points(11))


# Bits per dimension --------------------------------------------------------------------------------------------------


class Density(nn.Module):
    """A model whose log-density of an image is that of independent numbers."""

    name = "density"

    def __init__(self, log_prob, density="tractable"):
        super().__init__()
        self.anchor, self.of = nn.Parameter(torch.zeros(())), log_prob
        self.cfg, self.card = None, type("Card", (), {"density": density, "tasks": ()})

    @property
    def device(self):
        return self.anchor.device

    def log_prob(self, x: Tensor) -> Tensor:
        assert not self.training and not torch.is_grad_enabled()
        return self.of(x).flatten(1).sum(1)


def images(levels: np.ndarray) -> ArrayDataset:
    return ArrayDataset(levels.astype(np.uint8), DataSpec(levels.shape[1:]), name="levels", split="test")


NOISE = np.random.RandomState(0).randint(0, 256, (50, 1, 4, 4))


def test_a_uniform_density_needs_eight_bits():
    def uniform(x):
        inside = (x.abs() <= 1 + 1 / 255)
        return torch.where(inside, -math.log(2 + 2 / 255), -math.inf)

    score = evaluate(Density(uniform), images(NOISE), "bits-per-dim")["bits-per-dim"]
    assert score.value == pytest.approx(8, abs=1e-6)
    assert score.card.settings["log_prob"] == "exact" and not score.card.warnings


def test_a_gaussian_density_needs_its_cross_entropy_less_the_width_of_a_level():
    sigma = 0.3
    x = np.clip(np.random.RandomState(1).randn(2000, 1, 4, 4) * sigma * 127.5 / 2 + 127.5, 0, 255)
    model = Density(lambda x: torch.distributions.Normal(0.0, sigma).log_prob(x))
    score = evaluate(model, images(x), "bits-per-dim")["bits-per-dim"]
    moment = np.square(np.floor(x) / 127.5 - 1).mean() + (1 / 127.5) ** 2 / 12      # of levels and of the noise on them
    nats = moment / (2 * sigma ** 2) + math.log(sigma * math.sqrt(2 * math.pi)) + math.log(127.5)
    assert score.value == pytest.approx(nats / math.log(2), abs=1e-3)
    assert score.card.interval[0] < score.value < score.card.interval[1]


def test_bits_are_nats_of_levels():
    assert bits_per_dim(torch.zeros(1), 3).item() == pytest.approx(math.log2(127.5))
    assert bits_per_dim(torch.tensor([3 * math.log(127.5)]), 3).item() == pytest.approx(0, abs=1e-6)


def test_noise_stays_within_the_level():
    x = torch.arange(256.0).reshape(1, 1, 16, 16) / 127.5 - 1
    noisy = dequantised(x, torch.Generator().manual_seed(0))
    assert torch.equal(((noisy + 1) * 127.5).round(), ((x + 1) * 127.5).round())
    assert (noisy - x).abs().max() > 0.45 / 127.5


def test_a_bound_is_called_a_bound_and_chance_is_the_seeds():
    model = Density(lambda x: -x.square() - torch.rand_like(x), "approximate")
    state = torch.get_rng_state()
    first, again = (evaluate(model, images(NOISE), "bits-per-dim", seed=1)["bits-per-dim"] for _ in range(2))
    assert first == again
    assert torch.equal(state, torch.get_rng_state())
    assert first.card.settings["log_prob"] == "lower bound" and "upper bound" in first.card.warnings[0]
    assert model.training


def test_bits_per_dim_refuses_what_has_no_bits():
    fine = Density(torch.zeros_like)
    with pytest.raises(UsageError, match="is points"):
        evaluate(fine, points(20), "bits-per-dim")
    floats = ArrayDataset(np.random.RandomState(0).rand(9, 1, 4, 4).astype(np.float32), DataSpec((1, 4, 4)), name="x")
    with pytest.raises(UsageError, match="count 256 levels"):
        evaluate(fine, floats, "bits-per-dim")
    with pytest.raises(ZerosumError, match="log_prob of 50 of 50 images"):
        evaluate(Density(lambda x: x / 0), images(NOISE), "bits-per-dim")
    bernoulli = Density(torch.zeros_like)
    bernoulli.cfg = type("Config", (), {"likelihood": "bernoulli"})
    with pytest.raises(UsageError, match="a Bernoulli likelihood is none"):
        evaluate(bernoulli, images(NOISE), "bits-per-dim")

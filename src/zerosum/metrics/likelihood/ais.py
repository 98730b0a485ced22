"""Log-likelihood of decoder models by annealed importance sampling (Wu et al., 2017, arXiv:1611.04273).

    p(x) = int N(z; 0, I) N(x; G(z), sigma^2 I) dz,   f_t(z) = N(z; 0, I) p(x|z)^beta_t,   beta from 0 to 1
    log w = sum_t (beta_t - beta_(t-1)) log p(x|z_(t-1)),   z_t by Hamiltonian Monte Carlo on f_t

In nats per sample, in the units of the data, images in [-1, 1]; higher is better. The mean of w over chains is p(x) on
average, so its logarithm is a lower bound on average. For samples of the model itself, whose z is known, the reverse
chain gives an upper bound, and the gap between the two is how far the lower one can be off (bidirectional Monte Carlo:
Grosse et al., 2015, arXiv:1511.02543). The trap: a generator has no density of its own; what is measured is that of its
samples with Gaussian noise of one sigma, fitted to real samples, and models are compared each at its own sigma.
The schedule is that of the authors' code: a logistic curve from -4 to 4.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from ...core import UsageError, ZerosumError, between, positive
from .hmc import State, transition

Decoder = Callable[[Tensor], Tensor]         # of z (n, Z), N(0, I) a priori: the means of x, (n, *shape)

RATIO = 2 ** 0.5                             # between neighbouring sigmas
MOST = 20                                    # sigmas tried: down to a thousandth
SHORT = 5                                    # as many times fewer steps while sigma is fitted
PILOT = 4                                    # as many times fewer steps while step sizes are found
RATE = 1.0                                   # of their adaptation, per step in the logarithm


@dataclass(frozen=True)
class Annealing:
    """How long, and with how many chains, to go from the prior to the posterior."""

    steps: int = 1000                        # distributions after the prior; the authors take 10 000
    chains: int = 8                          # per sample; the authors take 16
    leapfrogs: int = 10                      # of each Hamiltonian step
    acceptance: float = 0.8                  # that step sizes are adapted to; Neal's 0.65 falls behind as f narrows

    def __post_init__(self) -> None:
        positive(self, "steps", "chains", "leapfrogs")
        between(self, 0.1, 0.99, "acceptance")

    def betas(self) -> Tensor:
        """The schedule from 0 to 1, (steps + 1,) float64: denser at both ends, where the distributions change most."""
        curve = torch.sigmoid(torch.linspace(-4, 4, self.steps + 1, dtype=torch.float64))
        return (curve - curve[0]) / (curve[-1] - curve[0])


def ais(decoder: Decoder, x: Tensor, sigma: float, z_dim: int, *, annealing: Annealing | None = None,
        seed: int = 0) -> Tensor:
    """A lower bound, on average, of log p(x) for each x (N, *shape): (N,) in nats, float64, on the CPU.

    Works on the device and in the precision of x. Raises UsageError for what does not fit, ZerosumError for a decoder
    that is not finite.
    """
    path = Path(decoder, x, sigma, z_dim, annealing or Annealing(), seed=seed)
    return _log_mean_exp(path.weights(path.noise(), path.levels))


def ais_upper(decoder: Decoder, x: Tensor, sigma: float, z: Tensor, *, annealing: Annealing | None = None,
              seed: int = 0) -> Tensor:
    """An upper bound, on average, of log p(x), by reverse chains from exact posterior samples z (N, Z): (N,).

    The z that a simulated x was made from is such a sample. Otherwise like `ais`.
    """
    path = Path(decoder, x, sigma, z.shape[1], annealing or Annealing(), seed=seed)
    return -_log_mean_exp(path.weights(z.expand(path.annealing.chains, *z.shape), path.levels[::-1]))


def bdmc(decoder: Decoder, sigma: float, z: Tensor, *, annealing: Annealing | None = None,
         seed: int = 0) -> tuple[Tensor, Tensor]:
    """Lower and upper bounds, each (N,), of log p(x) for x simulated from the model with these z (N, Z) ~ N(0, I)."""
    with torch.no_grad():
        x = decoder(z)
    x = x + sigma * _draw(x.shape, x, torch.Generator().manual_seed(seed))
    return (ais(decoder, x, sigma, z.shape[1], annealing=annealing, seed=seed + 1),
            ais_upper(decoder, x, sigma, z, annealing=annealing, seed=seed + 2))


class Path:
    """The distributions between the prior of z and its posteriors given x (N, *shape), and chains (C, N, Z) on them."""

    def __init__(self, decoder: Decoder, x: Tensor, sigma: float, z_dim: int, annealing: Annealing, *, seed: int):
        if not sigma > 0 or not len(x):
            raise UsageError(f"annealed importance sampling needs samples and sigma > 0, not {len(x)} and {sigma:g}")
        self.decoder, self.x, self.sigma, self.z_dim, self.annealing = decoder, x, sigma, z_dim, annealing
        self.generator = torch.Generator().manual_seed(seed)
        self.betas = annealing.betas().tolist()
        self.levels = list(range(len(self.betas)))
        self.sizes = self._step_sizes()

    def noise(self) -> Tensor:
        """A draw from the prior for every chain."""
        return _draw((self.annealing.chains, len(self.x), self.z_dim), self.x, self.generator)

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log N(x; G(z), sigma^2 I) at z (C, N, Z): (C, N)."""
        means = self.decoder(z.flatten(0, 1))
        if means.shape[1:] != self.x.shape[1:]:
            raise UsageError(f"the decoder makes samples of {tuple(means.shape[1:])}, not of {tuple(self.x.shape[1:])}")
        errors = means.reshape(*z.shape[:2], -1) - self.x.flatten(1)
        constant = errors.shape[2] * math.log(self.sigma * math.sqrt(2 * math.pi))
        return errors.square().sum(2) / (-2 * self.sigma ** 2) - constant

    def weights(self, z: Tensor, levels: list[int]) -> Tensor:
        """Logarithms of the weights that chains from z gather on these levels of the schedule, (C, N) float64."""
        state, total = State.at(z, self.log_likelihood), torch.zeros(z.shape[:2], dtype=torch.float64)
        for before, after in pairwise(levels):
            # On the CPU, since not every accelerator has float64.
            total += (self.betas[after] - self.betas[before]) * state.log_likelihood.cpu().double()
            state, _ = self._move(state, after, self.sizes[after])
        if not torch.isfinite(total).all():
            raise ZerosumError("the decoder's samples are NaN or infinite: nothing can be measured")
        return total

    def _step_sizes(self) -> list[Tensor]:
        """A step size (N, 1) for every level and x, from a pilot run that adapts it to the acceptance wanted.

        The chains that count then move by fixed rules, without which the bounds would not be bounds.
        """
        state, sizes = State.at(self.noise(), self.log_likelihood), []
        size = torch.full((len(self.x), 1), 0.5, device=self.x.device, dtype=self.x.dtype)
        for level in self.levels[::PILOT]:
            state, acceptance = self._move(state, level, size)
            size = size * torch.exp(RATE * (acceptance - self.annealing.acceptance))[:, None]
            sizes += [size] * PILOT
        return sizes

    def _move(self, state: State, level: int, size: Tensor) -> tuple[State, Tensor]:
        return transition(state, self.log_likelihood, self.betas[level], size, self.annealing.leapfrogs,
                          generator=self.generator)


def _draw(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise drawn on the CPU, so that one seed means the same on every device."""
    return torch.randn(shape, generator=generator, dtype=like.dtype).to(like.device)


def _log_mean_exp(weights: Tensor) -> Tensor:
    return weights.logsumexp(0) - math.log(len(weights))


def fitted_sigma(decoder: Decoder, x: Tensor, z_dim: int, *, annealing: Annealing | None = None,
                 seed: int = 0) -> float:
    """The sigma under which x (N, *shape) are most likely on average, by `ais` with a fifth of the steps.

    Downwards in steps of sqrt 2 from the distance of x to samples of the prior, which is too large, as long as the
    likelihood rises; then the vertex of the parabola through the best three.
    """
    plan = annealing or Annealing()
    plan = replace(plan, steps=max(1, plan.steps // SHORT))
    with torch.no_grad():
        prior = decoder(_draw((256, z_dim), x, torch.Generator().manual_seed(seed))).flatten(1)
    start = float((x.flatten(1)[:, None] - prior).square().mean().sqrt())
    if not 0 < start < math.inf:
        raise ZerosumError("no sigma can be fitted: the decoder repeats the samples, or is not finite")
    means: list[float] = []
    while len(means) < MOST and (len(means) < 2 or means[-1] > means[-2]):
        means.append(float(ais(decoder, x, start / RATIO ** len(means), z_dim, annealing=plan, seed=seed).mean()))
    return start / RATIO ** _vertex(means)


def _vertex(values: list[float]) -> float:
    """Where the parabola through the largest value and its neighbours is highest; at an end, that end."""
    best = max(range(len(values)), key=values.__getitem__)
    if not 0 < best < len(values) - 1:
        return best
    left, middle, right = values[best - 1:best + 2]
    return best + (right - left) / (2 * (2 * middle - left - right)) if 2 * middle > left + right else best

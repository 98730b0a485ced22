"""Annealed importance sampling of a model: its noise made Gaussian, its sigma fitted, its bound checked."""

import logging
import math
import time
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...core import Model, UsageError, ZerosumError, condition
from ..metric import Context, ModelMetric, Reading
from ..resampling import interval
from ..sources import some
from .ais import PILOT, SHORT, Annealing, Decoder, ais, bdmc, fitted_sigma
from .at_rest import at_rest

if TYPE_CHECKING:
    from ...data import Dataset

TEST, VALIDATION, SIMULATED = 20, 10, 10     # samples: measured; that fit sigma; of the model itself
SIGMAS = 8                                   # that are tried, usually
LONG = 30.0                                  # seconds of silence that are announced
LOOSE = 1.0                                  # nats between the bounds that are worth a warning

log = logging.getLogger("zerosum.metrics")

# From N(0, 1) to the noise of each prior.
PRIORS: dict[str, Decoder] = {"normal": lambda z: z, "unit": torch.special.ndtr,
                              "uniform": lambda z: 2 * torch.special.ndtr(z) - 1}


def ais_of_model(model: Model, data: "Dataset", n: int = TEST, *, annealing: Annealing | None = None,
                 seed: int = 0) -> dict[str, Reading]:
    """A lower bound of the log-likelihood of n samples of `data` under a model that generates from noise, in nats.

    A further ten fit sigma. Raises UsageError for a conditional model, an unknown prior, and too few samples.
    """
    annealing = annealing or Annealing()
    decoder, z_dim = decoder_of(model)
    validation, test = _parts(data, n, seed)
    with at_rest(model, seed) as device:
        validation, test = validation.to(device), test.to(device)
        _say_how_long(decoder, test, z_dim, annealing)
        sigma = fitted_sigma(decoder, validation, z_dim, annealing=annealing, seed=seed)
        nats = ais(decoder, test, sigma, z_dim, annealing=annealing, seed=seed + 1)
        z = torch.randn(SIMULATED, z_dim, generator=torch.Generator().manual_seed(seed), dtype=test.dtype).to(device)
        lower, upper = bdmc(decoder, sigma, z, annealing=annealing, seed=seed + 2)
    gap = float((upper - lower).mean())
    settings = {"samples": len(test), "fit sigma": len(validation), **vars(annealing), "schedule": "logistic -4 to 4",
                "dimensions": test[0].numel()}
    details = {"sigma": sigma, "bdmc gap": gap, "bdmc samples": SIMULATED}
    warning = "" if gap < LOOSE else (f"on {SIMULATED} samples of the model itself the bounds lie {gap:.3g} nats "
                                      "apart: this one may be as much too low, and more on real ones; take more steps")
    value = float(nats.mean())
    bounds = interval(value, nats.tolist(), 1 / math.sqrt(len(nats)))
    return {"ais": Reading(value, "higher", None, bounds, "samples", settings, warning, details, "nats",
                           (len(test), 0))}


def _say_how_long(decoder: Decoder, test: Tensor, z_dim: int, annealing: Annealing) -> None:
    """One line before work of minutes or hours, from the time that a pass through the generator and back takes."""
    z = torch.randn(annealing.chains * len(test), z_dim, device=test.device, dtype=test.dtype)
    taken = math.inf
    for _ in range(2):                       # the first one warms up
        start = time.perf_counter()
        torch.autograd.grad(decoder(z.requires_grad_()).square().sum(), z)
        taken = min(taken, time.perf_counter() - start)
    samples = len(test) + 2 * SIMULATED + SIGMAS * VALIDATION / SHORT
    seconds = taken * (1 + 1 / PILOT) * annealing.steps * annealing.leapfrogs * samples / len(test)
    if seconds > LONG:
        log.info(f"annealed importance sampling of {len(test)} samples will take about "
                 f"{max(1, round(seconds / 60)):,} min")


def decoder_of(model: Model) -> tuple[Decoder, int]:
    """The model's `generate` as a function of Gaussian noise, and how many numbers that has."""
    name, prior = model.name or type(model).__name__, getattr(model.cfg, "prior", None)
    if prior not in PRIORS:
        raise UsageError(f"annealed importance sampling knows the priors {', '.join(PRIORS)}, and {name} has "
                         f"{prior or 'none'}")
    if condition(model):
        raise UsageError(f"annealed importance sampling measures p(x), and {name} is conditional: take another metric")
    z_dim = model.noise(1, torch.Generator().manual_seed(0)).shape[1]                          # type: ignore[operator]
    return lambda z: model.generate(PRIORS[prior](z)), z_dim                                   # type: ignore[operator]


def _parts(data: "Dataset", n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Samples that fit sigma, and n others to measure, or all that are left."""
    from ...data import to_float

    rows = some(len(data), n + VALIDATION, seed)
    if len(rows) < VALIDATION + 2 or n < 2:
        raise UsageError(f"annealed importance sampling needs at least {VALIDATION + 2} samples of {data.name}, "
                         f"{VALIDATION} to fit sigma and 2 to measure, not {min(len(rows), VALIDATION + n)}")
    x = to_float(data.gather(rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))])["x"])
    if not torch.isfinite(x).all():
        raise ZerosumError(f"samples of {data.name} are NaN or infinite: nothing can be measured")
    return x[:VALIDATION], x[VALIDATION:]


def _measure(model: Model, data: "Dataset", n: int, context: Context) -> dict[str, Reading]:
    return ais_of_model(model, data, min(n, TEST), seed=context.seed)


METRIC = ModelMetric("ais", ("generate",), ("ais",), _measure, "1611.04273")

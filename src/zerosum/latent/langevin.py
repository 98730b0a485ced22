"""Discriminator-driven latent sampling: Che et al. (2020), arXiv:2003.06060."""

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .calibration import UNCALIBRATED, LogRatio
from .passes import CHUNK, chosen_labels, evaluating, generated, scored
from .selection import Selected


def langevin(model: Model, n: int, *, steps: int = 200, size: float = 0.01, log_ratio: LogRatio = UNCALIBRATED,
             seed: int = 0, labels: Tensor | None = None) -> Selected:
    """Samples of latents that follow exp(-E), E(z) = -log p(z) - log r(G(z)), with p(z) = N(0, I).

    z <- z - size/2 grad E(z) + sqrt(size) n, n ~ N(0, I), for so many steps from a latent of the prior (Alg. 1). It
    follows exp(-E) up to what a step of this size leaves out. labels: (n,) int64, one each. A step is counted as a
    sample drawn for each latent. Raises UsageError for a model that cannot draw and judge, another prior, or no step.
    """
    require(model, "generate")
    require(model, "score")
    if steps < 1 or not 0 < size < 4:
        raise UsageError(f"latents need at least one step, of a size between 0 and 4, not {steps} of {size:g}")
    if getattr(model.cfg, "prior", "") != "normal":
        raise UsageError(f"ddls needs noise that is N(0, I): train {model.name} with --prior normal")
    labels = chosen_labels(model, n) if labels is None else labels.to(model.device)
    generator = torch.Generator().manual_seed(seed)
    z = model.noise(n, generator)                                                              # type: ignore[operator]
    for _ in range(steps):
        kick = torch.randn(z.shape, generator=generator).to(z.device)
        z = z - size / 2 * energy_slope(model, z, log_ratio, labels) + size ** 0.5 * kick
    x = generated(model, z, labels)
    return Selected(x, scored(model, x, labels), n * (steps + 1))


def energy_slope(model: Model, z: Tensor, log_ratio: LogRatio = UNCALIBRATED, labels: Tensor | None = None) -> Tensor:
    """The gradient of E(z) = |z|^2 / 2 - log r(G(z)) for z (N, D), labels (N,): (N, D)."""
    slopes = []
    with evaluating(model), torch.enable_grad():
        for i in range(0, len(z), CHUNK):
            part = z[i:i + CHUNK].detach().requires_grad_()
            told = None if labels is None else labels[i:i + CHUNK]
            log_r = log_ratio(model.scores(model.generate(part, told), told))                  # type: ignore[operator]
            slopes.append(part.detach() - torch.autograd.grad(log_r.sum(), part)[0])
    return torch.cat(slopes)

"""Claim of Fisher GAN (1705.09675): its critic attains the chi-squared distance, held by its second moment alone."""

from statistics import mean

import torch
from torch import Tensor

from ..engine import Trainer
from ..losses import fisher_ipm
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .gan import Fixed, P, Q, gaussian, samples_of
from .panels import curves_panel, images_panel, points_panel
from .trial import Trial

SAMPLES = 2_500                              # of which a mode must receive 20
CRITIC_UPDATES = 2_000                       # between the known Gaussians


def chi_squared(trial: Trial) -> dict[str, float]:
    """Train critic and multiplier between two known Gaussians; compare with F, f* and alpha* = F / 2 (Thm. 2)."""
    trainer = trial.start("known Gaussians")
    model = trainer.model
    model.generator = Fixed(1)
    for _ in range(CRITIC_UPDATES):
        model.ascend(trainer)
    axis = torch.linspace(-6, 6, 2_401)
    p, q = (gaussian(*density, 1).log_prob(axis[:, None]).exp() for density in (P, Q))
    distance = torch.trapezoid((p - q).square() / ((p + q) / 2), axis).sqrt()
    best, found = (p - q) / ((p + q) / 2) / distance, model.scores(axis[:, None]).detach()
    omega = torch.trapezoid((p + q) / 2 * found.square(), axis)
    ratio = torch.trapezoid((p - q) * found, axis) / omega.sqrt()
    seen = axis.abs() <= 3
    trial.panel("critic between two known Gaussians", curves_panel(
        {"f* of Theorem 2": (axis[seen].tolist(), best[seen].tolist()),
         "trained critic": (axis[seen].tolist(), found[seen].tolist())}, "x"))
    return {"chi-squared distance": float(distance), "distance the critic falls short": float(1 - ratio / distance),
            "error of the critic": float((found - best)[seen].abs().mean()),
            "error of alpha": float((model.alpha - distance / 2).abs())}


class Look:
    """Follows a training: the second moment, the multiplier and the Fisher ratio on each batch of the critic."""

    def __init__(self) -> None:
        self.omega: list[float] = []
        self.ratio: list[float] = []

    def __call__(self, trainer: Trainer, terms: dict[str, Tensor]) -> None:
        self.omega.append(float(terms["critic/second_moment"]))
        self.ratio.append(-float(terms["critic/fisher"]) / self.omega[-1] ** 0.5)


def ring(trial: Trial) -> dict[str, float]:
    """Play on the ring, and again with no constraint; WGAN's critic, clipped, beside them."""
    found: dict[str, float] = {}
    for side in ("fisher-gan", "no constraint", "wgan"):
        look = None if side == "wgan" else Look()
        done = trial.train(side, look)
        x, real = done.model.sample(SAMPLES, seed=trial.seed), done.data.all()[:SAMPLES]
        modes = count_modes(x, done.data.modes, done.data.mode_std)
        found |= {f"modes, {side}": modes.reached, f"high quality, {side}": modes.high_quality}
        if look is not None:
            half, tenth = len(look.omega) // 2, len(look.omega) // 10
            found |= {f"mean deviation of Omega, {side}": mean(abs(omega - 1) for omega in look.omega[half:]),
                      f"largest Omega, {side}": max(look.omega[half:]),
                      f"fall of the ratio, {side}": 1 - mean(look.ratio[-tenth:]) / max(
                          mean(look.ratio[i:i + tenth]) for i in range(0, half, tenth))}
        trial.panel(f"{side}: {modes.reached} of 8 modes", points_panel(x, real))
    return found

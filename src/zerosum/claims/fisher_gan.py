"""Claim of Fisher GAN (1705.09675): its critic attains the chi-squared distance, held by its second moment alone."""

from statistics import mean

import torch
from torch import Tensor

from ..engine import Trainer
from ..losses import fisher_ipm
from .claim import Check, Claim, Side
from .digits import judged
from .known import Fixed, P, Q, gaussian, samples_of
from .panels import curves_panel
from .points import SAMPLES, covered
from .trial import Trial

CRITIC_UPDATES = 1_000                       # between the known Gaussians
ALONE, WINDOW = 300, 100                     # updates of the critic outside the game, and steps in a mean of Omega


def chi_squared(trial: Trial) -> dict[str, float]:
    """Train critic and multiplier between two known Gaussians; compare with F, f* and alpha* = F / 2 (Thm. 1)."""
    trainer = trial.start("known Gaussians")
    model = trainer.model
    model.generator = Fixed(1)
    for _ in range(CRITIC_UPDATES):
        trainer.update_jointly(("critic", "multiplier"), model.saddle_losses, trainer.batch())
    axis = torch.linspace(-6, 6, 2_401)
    p, q = (gaussian(*density, 1).log_prob(axis[:, None]).exp() for density in (P, Q))
    distance = torch.trapezoid((p - q).square() / ((p + q) / 2), axis).sqrt()
    best, found = (p - q) / ((p + q) / 2) / distance, model.scores(axis[:, None]).detach()
    omega = torch.trapezoid((p + q) / 2 * found.square(), axis)
    ratio = torch.trapezoid((p - q) * found, axis) / omega.sqrt()
    seen = axis.abs() <= 3
    trial.panel("critic between two known Gaussians", curves_panel(
        {"f* of Theorem 1": (axis[seen].tolist(), best[seen].tolist()),
         "trained critic": (axis[seen].tolist(), found[seen].tolist())}, "x"))
    return {"chi-squared distance": float(distance), "distance the critic falls short": float(1 - ratio / distance),
            "error of the critic": float((found - best)[seen].abs().mean()),
            "error of alpha": float((model.alpha - distance / 2).abs())}


def distance_left(trainer: Trainer) -> float:
    """Let the critic train alone for a while; the Fisher ratio on samples that it has not seen together."""
    model = trainer.model
    for _ in range(ALONE):
        trainer.update_jointly(("critic", "multiplier"), model.saddle_losses, trainer.batch())
    with torch.no_grad():
        real = trainer.data.all()[:SAMPLES]
        return float(fisher_ipm(model.scores(real), model.scores(model.generate(model.noise(len(real))))))


def windows(values: list[float]) -> list[float]:
    """Means over WINDOW steps each: single batches of a heavy-tailed f^2 differ by chance."""
    return [mean(values[i:i + WINDOW]) for i in range(0, len(values) - WINDOW + 1, WINDOW)]


def ring(trial: Trial) -> dict[str, float | list[float]]:
    """Play on the ring, and again with no constraint; WGAN's critic, clipped, beside them."""
    found: dict[str, float | list[float]] = {"ratio before the game": distance_left(trial.start("ring, fisher-gan"))}
    for side in ("fisher-gan", "no constraint", "wgan"):
        omega: list[float] = []

        def look(trainer: Trainer, terms: dict[str, Tensor], omega: list[float] = omega) -> None:
            omega.append(float(terms["critic/second_moment"]))

        done = trial.train(f"ring, {side}", None if side == "wgan" else look)
        found |= covered(trial, side, done)
        if side != "wgan":
            late = omega[len(omega) // 2:]
            found |= {f"Omega, {side}": windows(omega),
                      f"Omega from one, {side}": mean(abs(value - 1) for value in windows(late)),
                      f"Omega from one, single batches, {side}": mean(abs(value - 1) for value in late)}
        if side == "fisher-gan":
            found["ratio after the game"] = distance_left(done.trainer)
    return found


def digits(trial: Trial) -> dict[str, float]:
    """Train on digits, and WGAN beside it; let the judges look at 1000 samples."""
    found: dict[str, float] = {}
    for side in ("fisher-gan", "wgan"):
        found |= judged(trial, side, trial.train(f"digits, {side}"))
    return found


def measure(trial: Trial) -> dict[str, float | list[float]]:
    return chi_squared(trial) | ring(trial) | digits(trial)


KNOWN = {"z_dim": 2, "width": 64, "batch_size": 256, "optimizer": "adam", "lr": 1e-3, "rho": 0.01}
RING = {"steps": 1_200}
DIGITS = {"network": "mlp", "width": 128, "n_critic": 2, "lr": 1e-3, "ema": 20_000.0, "steps": 1_000}

CLAIM = Claim(
    statement="With no weight clipped, the critic between two known Gaussians attains their chi-squared distance and "
              "its multiplier half of it; in the game its second moment stays at one, and it covers a ring of eight "
              "Gaussians and makes digits no worse than the clipped critic of WGAN does.",
    baseline="WGAN with weight clipping: the same networks, optimiser, rate, batch, steps and critic updates; and the "
             "same game with no constraint (rho = 0)",
    sides={
        "known Gaussians": Side("fisher-gan", "ring", KNOWN, lambda: samples_of(gaussian(*P, 1), "N(-0.5, 1)")),
        "ring, fisher-gan": Side("fisher-gan", "ring", RING),
        "ring, no constraint": Side("fisher-gan", "ring", RING | {"rho": 0.0}),
        "ring, wgan": Side("wgan", "ring", RING | {"z_dim": 2, "n_critic": 2, "lr": 5e-4}),
        "digits, fisher-gan": Side("fisher-gan", "small", DIGITS),
        "digits, wgan": Side("wgan", "small", DIGITS),
    },
    checks=(
        Check("the trained critic attains the chi-squared distance", "distance the critic falls short", "below", 0.05,
              "1705.09675, Thm. 1; as for f-GAN's bounds"),
        Check("it is f* of the theorem", "error of the critic", "below", 0.1, "1705.09675, Thm. 1; as for LSGAN"),
        Check("the multiplier is half the distance", "error of alpha", "below", 0.05,
              "1705.09675, Eq. 9, at its saddle point"),
        Check("over the last half of the game, means of 100 second moments stay at one", "Omega from one, fisher-gan",
              "below", 0.1, "catalogue OBJ-15"),
        Check("without the constraint it does not", "Omega from one, no constraint", "above", 1, "catalogue OBJ-15"),
        Check("equally trained critics find laws nearer after the game than before", "ratio after the game", "below",
              "ratio before the game", "catalogue OBJ-15: the IPM ratio falls; 1705.09675, Fig. 3"),
        Check("it covers as many modes as WGAN", "modes, fisher-gan", "at least", "modes, wgan", "catalogue OBJ-15"),
        Check("FID of digits at most WGAN's", "fid, fisher-gan", "at most", "fid, wgan",
              "1705.09675, Sec. 1: clipping costs the critic capacity"),
    ),
    measure=measure,
)

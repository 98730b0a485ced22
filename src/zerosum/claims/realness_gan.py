"""Claim of RealnessGAN (2002.05512): D answers with the two anchors, mixed as the densities are, and guides better."""

import torch

from .claim import Check, Claim, Side
from .digits import judged
from .known import Fixed, P, Q, gaussian, samples_of
from .panels import curves_panel
from .points import covered
from .trial import Trial, finished


def best_answer(trial: Trial) -> dict[str, float]:
    """Train D alone between two known Gaussians; compare its answers with (A1 p + A0 q) / (p + q)."""
    trainer = trial.start("known Gaussians")
    model = trainer.model
    model.generator = Fixed(1)
    for _ in range(2_000):
        trainer.update("discriminator", model.discriminator_loss, trainer.batch())
    axis = torch.linspace(-3, 3, 601)[:, None]
    p, q = (gaussian(*density, 1).log_prob(axis).exp()[:, None] for density in (P, Q))
    best, found = (model.a1 * p + model.a0 * q) / (p + q), model.discriminator(axis).detach().softmax(1)
    curves = {f"{name}, {place} outcome": (axis[:, 0].tolist(), answers[:, outcome].tolist())
              for place, outcome in (("first", 0), ("last", -1))
              for name, answers in (("best", best), ("trained", found))}
    trial.panel("D between two known Gaussians", curves_panel(curves, "x"))
    return {"distance of D from the best answer": float((found - best).abs().sum(1).mean() / 2)}


def on_ring(trial: Trial, side: str, one_anchor: bool = False) -> dict[str, float]:
    """Train a side on the ring, with A1 in place of both anchors if so asked; count its modes."""
    trainer = trial.start(f"{side}, ring")
    if one_anchor:
        trainer.model.a0.copy_(trainer.model.a1)
        side = "one anchor"
    trainer.fit()
    return covered(trial, side, finished(trainer))


def measure(trial: Trial) -> dict[str, float]:
    found = best_answer(trial)
    found |= on_ring(trial, "realness-gan") | on_ring(trial, "realness-gan", one_anchor=True) | on_ring(trial, "gan")
    for side in ("realness-gan", "gan"):
        found |= judged(trial, side, trial.train(f"{side}, digits"))
    return found


DIGITS = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal",
          "lr": 1e-3, "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}

CLAIM = Claim(
    statement="A trained discriminator mixes its two anchors as real and generated densities mix; the generator covers "
              "a ring of eight Gaussians, which it cannot under one anchor for both; and its digits have a lower FID "
              "than those of the GAN.",
    baseline="the non-saturating GAN: the same networks but for the last layer, optimiser, batch and steps",
    sides={
        "known Gaussians": Side("realness-gan", "ring", {"z_dim": 2, "width": 64, "batch_size": 256},
                                lambda: samples_of(gaussian(*P, 1), "N(-0.5, 1)")),
        "realness-gan, ring": Side("realness-gan", "ring"),
        "gan, ring": Side("gan", "ring"),
        "realness-gan, digits": Side("realness-gan", "small", DIGITS),
        "gan, digits": Side("recipe", "small", DIGITS),
    },
    checks=(
        Check("a trained D is (A1 p + A0 q) / (p + q)", "distance of D from the best answer", "below", 0.05,
              "2002.05512, Eq. 4; total variation, the bar is that of GAN's D"),
        Check("covers the ring", "modes, realness-gan", "at least", 6, "catalogue OBJ-20"),
        Check("not with one anchor for both", "modes, one anchor", "below", "modes, realness-gan",
              "the mechanism switched off; 2002.05512, Sec. 3.3: the more the anchors differ, the better"),
        Check("all ten digits among 1000 samples", "classes, realness-gan", "at least", 10, "2002.05512, Sec. 5"),
        Check("FID of digits below the GAN's", "fid, realness-gan", "below", "fid, gan",
              "2002.05512, Sec. 5: lower FID than the GAN"),
    ),
    measure=measure,
)

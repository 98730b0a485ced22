"""Claim of McGan (1702.08398): its critic attains norms of feature statistics; covariances see what means cannot."""

import torch
from torch import Tensor, nn

from ..losses import covariance_ipm, mean_ipm
from .claim import Check, Claim, Side
from .digits import judged
from .known import gaussian, samples_of
from .points import covered
from .trial import Trial

MATCHES = ("mean", "covariance", "both")
CRITIC_UPDATES = 400


class Itself(nn.Module):
    """The sample as its own features: linear, so that only the readout is left to learn."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Stretched(nn.Module):
    """A generator that makes N(0, diag(4, 1)): the mean of the data, and another covariance."""

    def forward(self, z: Tensor) -> Tensor:
        return z * z.new_tensor([2.0, 1.0])


def readouts(trial: Trial) -> dict[str, float]:
    """Train v, and U and V, alone on fixed features of two laws of one mean; compare with the norms they maximise."""
    found = {}
    for match in ("mean", "covariance"):
        trainer = trial.start(f"equal means, {match}")
        model = trainer.model
        model.generator, model.critic.features = Stretched(), Itself()
        for _ in range(CRITIC_UPDATES):
            trainer.update("critic", model.critic_loss, trainer.batch())
            model.critic.project(model.cfg.p, model.cfg.clip)
        x, y = trainer.data.all(), model.generate(model.noise(len(trainer.data)))
        with torch.no_grad():
            found[f"reached, {match}"] = float(model.scores(x).mean() - model.scores(y).mean())
        found[f"norm, {match}"] = float(mean_ipm(x, y, 2.0) if match == "mean" else covariance_ipm(x, y, 2))
    return found | {"share of the norm that U and V attain": found["reached, covariance"] / found["norm, covariance"]}


def ring(trial: Trial) -> dict[str, float]:
    """Play on the ring with each choice of statistics, and WGAN beside them."""
    found: dict[str, float] = {}
    for side in (*MATCHES, "wgan"):
        found |= covered(trial, side, trial.train(f"ring, {side}"))
    return found


def digits(trial: Trial) -> dict[str, float]:
    """Train on digits, and WGAN beside it; let the judges look at 1000 samples."""
    found: dict[str, float] = {}
    for side in ("mcgan", "wgan"):
        found |= judged(trial, side, trial.train(f"digits, {side}"))
    return found


def measure(trial: Trial) -> dict[str, float]:
    return readouts(trial) | ring(trial) | digits(trial)


KNOWN = {"z_dim": 2, "features": 2, "components": 2, "batch_size": 512, "lr": 1e-2}
RING = {"z_dim": 2, "warmup_steps": 0, "refresh_every": 0, "steps": 600}
DIGITS = {"network": "mlp", "width": 128, "n_critic": 2, "lr": 1e-3, "steps": 1_200, "ema": 20_000.0}

CLAIM = Claim(
    statement="On fixed features its readouts attain the norms of differences of means and covariances; two laws of "
              "one mean, which mean matching cannot tell apart, differ in their covariance; and the game on "
              "means, covariances or both covers a ring of eight Gaussians, and digits.",
    baseline="WGAN with clipping, which is the mean of one feature: the same generator, critic body, optimiser, batch "
             "and steps",
    sides={
        **{f"equal means, {match}": Side("mcgan", "ring", KNOWN | {"match": match},
                                         lambda: samples_of(gaussian(0.0, 1.0, 2), "N(0, I)"))
           for match in ("mean", "covariance")},
        **{f"ring, {match}": Side("mcgan", "ring", RING | {"match": match}) for match in MATCHES},
        "ring, wgan": Side("wgan", "ring", RING),
        "digits, mcgan": Side("mcgan", "small", DIGITS),
        "digits, wgan": Side("wgan", "small", DIGITS),
    },
    checks=(
        Check("mean matching cannot tell two laws of one mean apart", "norm, mean", "below", 0.05,
              "catalogue OBJ-16; 1702.08398, Sec. 4"),
        Check("covariance matching can", "norm, covariance", "above", 1, "catalogue OBJ-16; 1702.08398, Sec. 4"),
        Check("its trained U and V attain the nuclear norm", "share of the norm that U and V attain", "at least", 0.9,
              "catalogue OBJ-16; 1702.08398, Sec. 4"),
        *(Check(f"matching {what} covers as many modes as WGAN", f"modes, {match}", "at least", "modes, wgan",
                "catalogue OBJ-16: RING8 runs; 1702.08398, Sec. 1: less mode dropping")
          for match, what in (("mean", "means"), ("both", "both"))),
        Check("matching covariances alone covers the ring", "modes, covariance", "at least", 6,
              "catalogue OBJ-16: RING8 runs; the bar is that of OBJ-20"),
        Check("all ten digits among 1000 samples", "classes, mcgan", "at least", 10, "1702.08398, Sec. 6"),
    ),
    measure=measure,
)

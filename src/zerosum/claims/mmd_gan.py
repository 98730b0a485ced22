"""Claim of MMD-GAN (1705.08584): a kernel on learned features trains where a fixed one does not."""

import torch
from torch import Tensor

from ..losses import mmd2
from .claim import Check, Claim, Side
from .digits import judged
from .points import covered
from .trial import Trained, Trial

DRAWS, BATCH = 200, 64                       # pairs of batches of one law, and samples in each


@torch.no_grad()
def chance(done: Trained, seed: int) -> float:
    """The mean of unbiased MMD^2 between batches of real samples, in standard errors: 0 but for chance."""
    code = done.model.embed(done.data.all())
    draw = torch.Generator().manual_seed(seed)

    def one() -> Tensor:
        index = torch.randperm(len(code), generator=draw)[:2 * BATCH]
        return mmd2(*code[index].double().chunk(2), done.model.cfg.widths, biased=False)

    found = torch.stack([one() for _ in range(DRAWS)])
    return float(found.mean().abs() / (found.std() / DRAWS ** 0.5))


def ring(trial: Trial) -> dict[str, float]:
    """Play on the ring with a learned kernel, and with the same kernel on the points themselves."""
    found: dict[str, float] = {}
    for side in ("mmd-gan", "gmmn"):
        done = trial.train(f"ring, {side}")
        found |= covered(trial, side, done)
        if side == "mmd-gan":
            found["standard errors from 0 of MMD^2 of one law"] = chance(done, trial.seed)
    return found


def digits(trial: Trial) -> dict[str, float]:
    """Train on digits with learned and fixed kernels, each in a large and a small batch."""
    found: dict[str, float] = {}
    for side in ("mmd-gan", "mmd-gan, small batch", "gmmn", "gmmn, small batch"):
        found |= judged(trial, side, trial.train(f"digits, {side}"))
    for side in ("mmd-gan", "gmmn"):
        found[f"fid ratio of the small batch, {side}"] = found[f"fid, {side}, small batch"] / found[f"fid, {side}"]
    return found


def measure(trial: Trial) -> dict[str, float]:
    return ring(trial) | digits(trial)


FIXED = {"kernel": "fixed"}
RING = {"steps": 800}
RING_WIDTHS = (0.1, 0.25, 0.5, 1.0, 2.0)     # of points between 0 and 4 apart
DIGITS = {"network": "mlp", "width": 128, "clip": 0.05, "n_critic": 2, "warmup_steps": 0, "refresh_every": 0,
          "lr": 1e-3, "ema": 20_000.0, "steps": 800}
PIXELS = DIGITS | FIXED | {"widths": (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)}     # those of 1502.02761
SMALL = {"batch_size": 16}

CLAIM = Claim(
    statement="A kernel on learned features covers a ring of eight Gaussians and makes better digits than the same "
              "statistic with a fixed kernel, and loses less in a small batch.",
    baseline="the generative moment matching network: the same generator, optimiser, batch and steps under a fixed "
             "kernel on samples, with the widths of its paper",
    sides={
        "ring, mmd-gan": Side("mmd-gan", "ring", RING),
        "ring, gmmn": Side("mmd-gan", "ring", RING | FIXED | {"widths": RING_WIDTHS}),
        "digits, mmd-gan": Side("mmd-gan", "small", DIGITS),
        "digits, mmd-gan, small batch": Side("mmd-gan", "small", DIGITS | SMALL),
        "digits, gmmn": Side("mmd-gan", "small", PIXELS),
        "digits, gmmn, small batch": Side("mmd-gan", "small", PIXELS | SMALL),
    },
    checks=(
        Check("unbiased MMD^2 of one law is zero within three standard errors",
              "standard errors from 0 of MMD^2 of one law", "at most", 3, "catalogue OBJ-17"),
        Check("covers the ring", "modes, mmd-gan", "at least", 8, "catalogue OBJ-17"),
        Check("FID of digits below that of the fixed kernel", "fid, mmd-gan", "below", "fid, gmmn",
              "1705.08584, Sec. 5: better scores than GMMN"),
        Check("and so in a small batch", "fid, mmd-gan, small batch", "below", "fid, gmmn, small batch",
              "catalogue OBJ-17; 1705.08584, Sec. 1: GMMN needs large batches"),
    ),
    measure=measure,
)

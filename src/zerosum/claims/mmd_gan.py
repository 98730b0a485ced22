"""Claim of MMD-GAN (1705.08584): learned kernels tell samples apart that fixed ones do not, and train in small batches."""

import torch
from torch import Tensor

from ..losses import mmd2
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .panels import images_panel, points_panel
from .trial import Trained, Trial

SAMPLES = 2_500                              # of which a mode must receive 20
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
        x = done.model.sample(SAMPLES, seed=trial.seed)
        modes = count_modes(x, done.data.modes, done.data.mode_std)
        found |= {f"modes, {side}": modes.reached, f"high quality, {side}": modes.high_quality}
        trial.panel(f"{side}: {modes.reached} of 8 modes", points_panel(x, done.data.all()[:SAMPLES]))
        if side == "mmd-gan":
            found["standard errors from 0 of MMD^2 of one law"] = chance(done, trial.seed)
    return found


def digits(trial: Trial) -> dict[str, float]:
    """Train on digits with learned and fixed kernels, each in a large and a small batch."""
    found: dict[str, float] = {}
    for side in ("mmd-gan", "mmd-gan, small batch", "gmmn", "gmmn, small batch"):
        done = trial.train(f"digits, {side}")
        x = done.model.sample(1_000, seed=trial.seed)
        found |= {f"fid, {side}": judge_fid(x, done.data), f"classes, {side}": coverage(x)}
        trial.panel(f"{side}: FID {found[f'fid, {side}']:.1f}", images_panel(x))
    for side in ("mmd-gan", "gmmn"):
        found[f"fid ratio of the small batch, {side}"] = found[f"fid, {side}, small batch"] / found[f"fid, {side}"]
    return found


def measure(trial: Trial) -> dict[str, float]:
    return ring(trial) | digits(trial)

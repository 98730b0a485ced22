"""Claim of MAD-GAN (1704.02906): generators before one discriminator part the modes among them; apart, they do not."""

import torch
from torch import Tensor

from ..losses import mean_similarity
from ..metrics.distribution.distances import squared_distances
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import classes_of, coverage, judge_fid
from .panels import images_panel, points_panel
from .trial import Trained, Trial

SAMPLES = 2_500                              # of which a mode must receive 20
GENERATORS = 8


def information(a: Tensor, b: Tensor) -> float:
    """Mutual information in nats of two labels of the same samples, (N,) int64 each, as they are counted."""
    joint = torch.zeros(int(a.max()) + 1, int(b.max()) + 1, dtype=torch.float64)
    joint.index_put_((a, b), torch.full((len(a),), 1 / len(a), dtype=torch.float64), accumulate=True)
    apart = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return float(torch.special.xlogy(joint, joint / apart.clamp_min(1e-300)).sum())


def modes_of(x: Tensor, done: Trained) -> Tensor:
    """The nearest mode of each sample: (N,) int64."""
    return squared_distances(x.double(), torch.as_tensor(done.data.modes).double()).argmin(1)


def many(trial: Trial, side: str) -> dict[str, float]:
    """Train K generators together on the ring: modes, what the generator says of the mode, how alike they are."""
    done = trial.train(side)
    model, z = done.model, done.model.noise(SAMPLES, torch.Generator().manual_seed(trial.seed))
    x = model.generate(z)
    modes = count_modes(x, done.data.modes, done.data.mode_std)
    told = information(model.chosen(z), modes_of(x, done))
    trial.panel(f"{side}: {modes.reached} modes, {told:.2f} nats", points_panel(x, done.data.all()[:SAMPLES]))
    if side == "named":
        for i in range(2):
            trial.panel(f"its generator {i + 1} of {GENERATORS}",
                        points_panel(model.generate(model.choose(z[:600], i)), done.data.all()[:SAMPLES]))
    return {f"modes, {side}": modes.reached, f"high quality, {side}": modes.high_quality,
            f"information, {side}": told, f"similarity, {side}": float(mean_similarity(model.generate_all(z)))}


def apart(trial: Trial) -> dict[str, float]:
    """Train as many GANs, each by itself and from a start of its own, and draw from each equally often."""
    samples = []
    for i in range(GENERATORS):
        done = Trial(trial.sides, GENERATORS * trial.seed + i, trial.report).train("one GAN")
        samples.append(done.model.sample(SAMPLES // GENERATORS, seed=trial.seed))
    x = torch.cat(samples)
    makers = torch.arange(GENERATORS).repeat_interleave(SAMPLES // GENERATORS)
    told = information(makers, modes_of(x, done))
    reached = count_modes(x, done.data.modes, done.data.mode_std).reached
    trial.panel(f"{GENERATORS} GANs apart: {reached} modes, {told:.2f} nats",
                points_panel(x, done.data.all()[:SAMPLES]))
    return {"modes, apart": reached, "information, apart": told}


def digits(trial: Trial) -> dict[str, float]:
    """Train on digits, and let the judges look at 1000 samples; rows of the picture are generators."""
    done = trial.train("digits")
    model, z = done.model, done.model.noise(1_000, torch.Generator().manual_seed(trial.seed))
    x = model.generate(z)
    fid, told = judge_fid(x, done.data), information(model.chosen(z), classes_of(x))
    rows = [model.generate(model.choose(z[8 * i:8 * i + 16], i)) for i in range(model.cfg.generators)]
    trial.panel(f"digits, two rows a generator: FID {fid:.1f}", images_panel(torch.cat(rows)))
    return {"fid, digits": fid, "classes, digits": coverage(x), "information, digits": told}


def measure(trial: Trial) -> dict[str, float]:
    found: dict[str, float] = {}
    for side in ("named", "merged", "unnamed", "sim"):
        found |= many(trial, side)
    return found | apart(trial) | digits(trial)


CLAIM = Claim(
    statement="Generators that face one discriminator cover the ring and part its modes among them, where as many GANs "
              "apart each cover all of it. That is the doing of the one discriminator: they part them no less where it "
              "names none of them. A price on similarity makes generators less alike.",
    baseline="eight GANs of the same networks, each with a discriminator of its own; the same eight generators before "
             "one discriminator with all their classes merged into one; and the variant sim at lambda = 0",
    sides={
        "named": Side("mad-gan", "ring"),
        "merged": Side("mad-gan", "ring", {"named": False}),
        "unnamed": Side("mad-gan", "ring", {"variant": "sim", "similarity_weight": 0.0}),
        "sim": Side("mad-gan", "ring", {"variant": "sim"}),
        "one GAN": Side("gan", "ring", {"batch_size": 32, "steps": 1_500}),
        "digits": Side("mad-gan", "small"),
    },
    checks=(
        Check("covers the ring", "modes, named", "at least", 8, "catalogue STR-07"),
        Check("the generator tells the mode", "information, named", "at least", 0.4, "catalogue STR-07"),
        Check("which it does not among GANs apart", "information, apart", "at most", 0.1, "catalogue STR-07"),
        Check("no less so before one discriminator that names no generator", "information, merged", "at least",
              "information, named", "ablation, found against 1704.02906, Sec. 3.1: see the note in the model"),
        Check("a price on similarity makes them less alike", "similarity, sim", "below", "similarity, unnamed",
              "catalogue STR-07; 1704.02906, App. A"),
        Check("covers the digits", "classes, digits", "at least", 9, "1704.02906, Sec. 5"),
    ),
    measure=measure,
)

"""Claim of LS-GAN (1701.06264): its margins hold, its gradient does not vanish when over-trained, it needs no norm."""

import torch
from torch import Tensor

from ..core import Model
from ..engine import Trainer
from ..losses import distance_margin, loss_sensitive
from ..metrics.distribution.modes import count_modes
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .panels import curves_panel, images_panel, points_panel
from .trial import Trial

SAMPLES = 2_500                              # of which a mode must receive 20
UPDATES, EVERY = 600, 50                     # of the discriminators alone, and between looks at what G would get


def pull(model: Model, x_fake: Tensor) -> float:
    """Mean norm of the gradient of the generator's loss in each generated sample."""
    x_fake = x_fake.clone().requires_grad_()
    if hasattr(model, "losses"):
        loss = model.losses(x_fake).sum()
    else:
        loss = len(x_fake) * model.objective.generator(model.discriminator(x_fake))
    return float(torch.autograd.grad(loss, x_fake)[0].flatten(1).norm(dim=1).mean())


def over_trained(trial: Trial, side: str) -> tuple[Trainer, list[float]]:
    """Train D alone against a generator that stands still; the pulls on its samples on the way."""
    trainer, pulls = trial.start(side), []
    for update in range(1, UPDATES + 1):
        trainer.update("discriminator", trainer.model.discriminator_loss, trainer.batch())
        if update % EVERY == 0:
            pulls.append(pull(trainer.model, trainer.model.sample(500, seed=trial.seed)))
    return trainer, pulls


def vanishing(trial: Trial) -> dict[str, float | list[float]]:
    """What is left for the generator when D is over-trained, and whether the margins hold then."""
    trainer, pulls = over_trained(trial, "loss-sensitive-gan, digits")
    _, others = over_trained(trial, "minimax, digits")
    model, x = trainer.model, trainer.data.all()[:500]
    x_fake = model.sample(len(x), seed=trial.seed)
    with torch.no_grad():
        real, fake = model.losses(x), model.losses(x_fake)
    margin = distance_margin(x, x_fake, model.cfg.margin)
    steps = [EVERY * (i + 1) for i in range(len(pulls))]
    trial.panel("gradient left for G", curves_panel({"LS-GAN": (steps, pulls), "GAN": (steps, others)}, "updates of D"))
    return {"share of margins that hold": float((fake - real >= 0.9 * margin).float().mean()),
            "hinge over margin": float(loss_sensitive(real, fake, margin) / margin.mean()),
            "pull left, loss-sensitive-gan": pulls[-1] / max(pulls), "pull left, gan": others[-1] / max(others),
            "pulls, loss-sensitive-gan": pulls, "pulls, gan": others}


def measure(trial: Trial) -> dict[str, float | list[float]]:
    found = vanishing(trial)
    for side in ("loss-sensitive-gan", "absolute", "no margin", "gan"):
        done = trial.train(f"{side}, ring")
        x = done.model.sample(SAMPLES, seed=trial.seed)
        modes = count_modes(x, done.data.modes, done.data.mode_std)
        found |= {f"modes, {side}": modes.reached, f"high quality, {side}": modes.high_quality}
        trial.panel(f"{side}: {modes.reached} of 8 modes", points_panel(x, done.data.all()[:SAMPLES]))
    for side in ("loss-sensitive-gan", "minimax", "gan"):
        done = trial.train(f"{side}, digits")
        x = done.model.sample(1_000, seed=trial.seed)
        found |= {f"fid, {side}": judge_fid(x, done.data), f"classes, {side}": coverage(x)}
        trial.panel(f"{side}: FID {found[f'fid, {side}']:.2f}", images_panel(x))
    return found


# Neither player has batch norm: the paper's test of stability, on multilayer perceptrons.
DIGITS = {"data": "digits", "image_size": 16, "network": "mlp", "width": 128, "z_dim": 64, "prior": "normal",
          "lr": 1e-3, "betas": (0.5, 0.999), "batch_size": 64, "steps": 2_000, "ema": 20_000.0}

CLAIM = Claim(
    statement="Its margins hold once L is trained, and then leave a gradient where that of the minimax GAN vanishes; "
              "without batch norm it makes better digits than both losses of the GAN; and it covers a ring of eight "
              "Gaussians, with the hinge and with the absolute value, but not without margins.",
    baseline="the GAN with both of its losses: the same networks, optimiser, batch and steps",
    sides={
        "loss-sensitive-gan, ring": Side("loss-sensitive-gan", "ring"),
        "absolute, ring": Side("loss-sensitive-gan", "ring", {"slope": -1.0}),
        "no margin, ring": Side("loss-sensitive-gan", "ring", {"margin": 1e-6}),
        "gan, ring": Side("gan", "ring"),
        "loss-sensitive-gan, digits": Side("loss-sensitive-gan", "small", DIGITS),
        "minimax, digits": Side("recipe", "small", DIGITS | {"objective": "saturating"}),
        "gan, digits": Side("recipe", "small", DIGITS),
    },
    checks=(
        Check("over-trained, the margins of 95 % of pairs hold", "share of margins that hold", "at least", 0.95,
              "1701.06264, Sec. 3; the hinge is then 0: catalogue OBJ-20"),
        Check("and the hinge is nearly 0", "hinge over margin", "at most", 0.05, "catalogue OBJ-20"),
        Check("over-trained, half of its strongest gradient is left for G", "pull left, loss-sensitive-gan", "at least",
              0.5, "1701.06264, non-parametric analysis: gradients that vanish almost nowhere"),
        Check("that of the minimax GAN has vanished", "pull left, gan", "at most", 0.1, "likewise"),
        Check("covers the ring", "modes, loss-sensitive-gan", "at least", 6, "catalogue OBJ-20"),
        Check("so does C(a) = |a|", "modes, absolute", "at least", 6, "catalogue OBJ-20; 1701.06264, GLS-GAN"),
        Check("without margins it covers fewer", "modes, no margin", "below", "modes, loss-sensitive-gan",
              "the mechanism switched off"),
        Check("without batch norm, all ten digits among 1000 samples", "classes, loss-sensitive-gan", "at least", 10,
              "1701.06264, experiments without batch norm: no collapse"),
        Check("and FID at most that of the non-saturating GAN", "fid, loss-sensitive-gan", "at most", "fid, gan",
              "1701.06264, experiments: competitive without batch norm"),
    ),
    measure=measure,
)

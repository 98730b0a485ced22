"""What a generator still hears: its gradient while the discriminator alone gets better, and how each loss saturates.

The first part is the experiment of 1701.04862 (Fig. 2) on the ring of eight modes: a generator stands still as it
begins, its samples apart from the data, and a discriminator is trained, longer and longer, with each objective. After
every stretch the norm of the gradient is measured that the generator's loss would give its weights. The second part
needs no training: the generator's loss of one sample, and its slope, as functions of the score that the sample got.
"""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data import load_data
from ..engine import Trainer
from ..losses import OBJECTIVES
from ..runs import construct, plan
from ..version import __version__
from .three_axes import generator_gradient

SEEDS = (0, 1, 2)
STRETCH, LOOKS = 50, 20                      # updates of D between looks
SCORES = tuple(i / 4 for i in range(-32, 33))
SETTINGS = {"data": "ring", "image_size": 0, "width": 128, "z_dim": 32, "lr": 1e-3, "batch_size": 128, "ema": 0.0,
            "device": "cpu", "threads": 1}
COMPARED: dict[str, dict[str, Any]] = {
    "saturating": {}, "non-saturating": {}, "least-squares": {}, "hinge": {},
    "wasserstein + penalty": {"objective": "wasserstein", "penalty": "gradient-penalty", "penalty_weight": 1.0}}


def game(seed: int, **settings: Any) -> Trainer:
    """A game on the ring; with one seed, the networks begin alike whatever the objective is."""
    chosen = plan("recipe", "small", {**SETTINGS, "seed": seed, "steps": 1, **settings})
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)


def course(trainer: Trainer, stretch: int, looks: int) -> list[float]:
    """Norms of the generator's gradient, which never moves, after each stretch of updates of the discriminator."""
    norms = []
    for _ in range(looks):
        for _ in range(stretch):
            trainer.update("discriminator", trainer.model.discriminator_loss, trainer.batch(), second_order=True)
        norms.append(generator_gradient(trainer))
    return norms


def courses(seed: int, stretch: int = STRETCH, looks: int = LOOKS) -> dict[str, list[float]]:
    """The course of every objective, beside one and the same generator."""
    return {name: course(game(seed, **({"objective": name} | settings)), stretch, looks)
            for name, settings in COMPARED.items()}


def spearman(values: Sequence[float]) -> float:
    """The rank correlation of a course with its time: 1 where it always grows, -1 where it always falls."""
    ranks = torch.tensor(values, dtype=torch.float64).argsort().argsort().double()
    return torch.corrcoef(torch.stack([torch.arange(len(values)).double(), ranks]))[0, 1].item()


def saturation() -> dict[str, dict[str, list[float]]]:
    """Loss and slope of every objective's generator at every score of SCORES."""
    found = {}
    for name in ("saturating", "non-saturating", "least-squares", "hinge"):
        scores = torch.tensor(SCORES, dtype=torch.float64, requires_grad=True)
        losses: list[Tensor] = [OBJECTIVES[name].generator(score) for score in scores]
        slopes = torch.autograd.grad(sum(losses), scores)[0]
        found[name] = {"loss": [round(loss.item(), 6) for loss in losses],
                       "slope": [round(slope, 6) for slope in slopes.tolist()]}
    return found


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """All that the page and the figure show."""
    of_seeds = {}
    for seed in SEEDS:
        of_seeds[str(seed)] = courses(seed)
        say(f"seed {seed}: " + ", ".join(f"{name} {norms[0]:.2g} -> {norms[-1]:.2g}"
                                         for name, norms in of_seeds[str(seed)].items()))
    found = {name: {"seeds": {seed: of[name] for seed, of in of_seeds.items()},
                    "spearman": [round(spearman(of[name]), 4) for of in of_seeds.values()],
                    "last over first": statistics.median(of[name][-1] / of[name][0] for of in of_seeds.values())}
             for name in COMPARED}
    looks = len(next(iter(of_seeds.values()))["saturating"])
    return {"settings": SETTINGS, "updates": [STRETCH * (i + 1) for i in range(looks)],
            "seeds": list(SEEDS), "courses": found, "scores": list(SCORES), "saturation": saturation(),
            "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Train all discriminators (about a CPU minute), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.gradients import draw

    return publish(folder, "gradients", measure(say), draw, indent=None)

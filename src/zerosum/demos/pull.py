"""The pull of least squares (LSGAN, 1611.04076, Fig. 1): samples that pass as real, but are far from the data.

The first part is exact. Real points are N((1, 0), s^2 I), fake ones N((-1, 0), s^2 I), and D sees the best linear
scores of either loss; both put the decision boundary on the line x = 0:

    cross-entropy    s(x) = 2 x / s^2                     boundary at s = 0
    least squares    s(x) = 1/2 + x / (2 (1 + s^2))       boundary at s = 1/2, labels 0 and 1

A sample far to the right passes as real. Cross-entropy leaves it where it is, since its D is 1; least squares pulls it
back to where the score is 1. The second part trains: the same perceptrons learn a Gaussian with either loss, equally
long, and the mean distance of the samples from the decision boundary is taken at looks over the second half.
"""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import DataSpec, Model
from ..data import ArrayDataset
from ..engine import Trainer
from ..losses import OBJECTIVES
from ..runs import construct, plan
from ..version import __version__

SPREAD = 0.5                                 # of the linear part
CENTRE, WIDTH = (2.0, 0.0), 0.5              # of the Gaussian that is learnt
SEEDS, STEPS, LOOKS, SAMPLES = tuple(range(10)), 600, 20, 1_000
REACH, CELLS = 6.0, 301                      # half the side of the square in which the boundary is looked for, its grid
LEVELS = {"non-saturating": 0.0, "least-squares": 0.5}       # the score that means neither real nor fake
SETTINGS = {"data": "ring", "image_size": 0, "width": 64, "z_dim": 8, "lr": 1e-3, "batch_size": 128, "ema": 0.0,
            "device": "cpu", "threads": 1}


def linear_scores(x: Tensor, objective: str) -> Tensor:
    """The best linear scores of points x (N, 2), (N,): see the head of this file."""
    if objective == "least-squares":
        return 0.5 + x[:, 0] / (2 * (1 + SPREAD ** 2))
    return 2 * x[:, 0] / SPREAD ** 2


def felt(x: Tensor, objective: str) -> Tensor:
    """Where each sample of x (N, 2) is moved: the negative gradient of the generator's loss of that sample."""
    x = x.clone().requires_grad_(True)
    losses = [OBJECTIVES[objective].generator(score) for score in linear_scores(x, objective)]
    return -torch.autograd.grad(sum(losses), x)[0]


def samples() -> Tensor:
    """A grid of samples from deep among the fakes to far behind the data, (N, 2)."""
    x, y = torch.meshgrid(torch.arange(-2.0, 7.0), torch.linspace(-1.5, 1.5, 4), indexing="xy")
    return torch.stack([x, y], -1).reshape(-1, 2)


def boundary(scores: Callable[[Tensor], Tensor], level: float) -> Tensor:
    """Points (N, 2) at which scores cross a level, along the lines of a grid; N = 0 where they never do."""
    side = torch.linspace(-REACH, REACH, CELLS)
    at = torch.stack(torch.meshgrid(side, side, indexing="xy"), -1)
    heights = scores(at.reshape(-1, 2)).reshape(CELLS, CELLS) - level
    found = []
    for here, there, a, b in ((heights[:, :-1], heights[:, 1:], at[:, :-1], at[:, 1:]),
                              (heights[:-1], heights[1:], at[:-1], at[1:])):
        crossed = here * there < 0
        share = (here / (here - there))[crossed][:, None]
        found.append(a[crossed] * (1 - share) + b[crossed] * share)
    return torch.cat(found)


@torch.no_grad()
def distance(model: Model, objective: str) -> float:
    """Mean distance of samples from the decision boundary; at most that to the edge of the square, if there is none."""
    x, line = model.sample(SAMPLES, seed=0), boundary(model.scores, LEVELS[objective])
    return torch.cdist(x, line).min(1).values.mean().item() if len(line) else REACH


def gaussian_data() -> ArrayDataset:
    """20,000 points of N(CENTRE, WIDTH^2 I)."""
    x = torch.tensor(CENTRE) + WIDTH * torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0))
    return ArrayDataset(x.numpy(), DataSpec((2,)), name="a Gaussian")


def train(objective: str, seed: int, steps: int = STEPS) -> list[float]:
    """The distance at every look of the second half of a training."""
    chosen = plan("recipe", "small", {**SETTINGS, "objective": objective, "seed": seed, "steps": steps})
    data = gaussian_data()
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, seed), data, chosen.train)
    found = []
    for look in range(1, LOOKS + 1):
        trainer.fit(steps=steps * look // LOOKS)
        if look > LOOKS // 2:
            found.append(round(distance(trainer.model, objective), 4))
    return found


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """All that the page and the figure show."""
    trained: dict[str, dict[str, list[float]]] = {}
    for objective in LEVELS:
        trained[objective] = {str(seed): train(objective, seed) for seed in SEEDS}
        means = [statistics.fmean(course) for course in trained[objective].values()]
        say(f"{objective}: mean distance from the boundary {', '.join(f'{mean:.2f}' for mean in means)}")
    far = torch.tensor([[6.0, 0.0]])
    return {"settings": SETTINGS, "steps": STEPS, "trained": trained,
            "means": {name: [statistics.fmean(course) for course in of.values()] for name, of in trained.items()},
            "pull": {name: felt(far, name)[0, 0].item() for name in LEVELS}, "far": far[0].tolist(),
            "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Train with both losses (about two CPU minutes), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.pull import draw

    return publish(folder, "pull", measure(say), draw)

"""The game in one dimension, as the first GAN paper draws it (1406.2661, Fig. 1): data, samples and D at four moments.

    (a)   G as it begins, and a discriminator that has seen a little
    (b)   G has not moved, D is trained until it is nearly D* = p / (p + q)
    (c)   the game is on: D's slope has moved samples towards the data
    (d)   the end: p and q are alike, D is near 1/2 wherever data is

A training of this library's `gan` on N(1, 0.5^2); below each panel lines lead from z ~ N(0, 1) to G(z), as many for
each share of its probability. G learns more slowly than D, which has to keep up; both learning rates fall linearly to
nothing, since a game at a fixed rate circles about its equilibrium and never rests in it (`zerosum demo spiral`).
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import DataSpec, Model, Optimizer
from ..data import ArrayDataset
from ..engine import Trainer
from ..runs import construct, plan
from ..version import __version__

MEAN, SPREAD, POINTS = 1.0, 0.5, 40_000
SETTINGS = {"data": "ring", "objective": "non-saturating", "z_dim": 1, "width": 32, "d_width": 32,
            "batch_size": 512, "lr": 5e-3, "betas": (0.5, 0.9), "d_steps": 5, "steps": 1_000, "device": "cpu",
            "threads": 1}
RATES = {"discriminator": 1.0, "generator": 0.2}
GLIMPSE, ALONE, UNDER_WAY = 15, 400, 25      # updates of D in (a) and (b); steps of the game in (c)
VIEW = (-1.5, 3.5)
CELLS, JUDGED, LINES = 201, 200_000, 21      # of the curves; samples whose density is drawn; from z to G(z)
BLUR = 1.5                                   # cells: the standard deviation of the kernel over the histogram


def gaussian_data() -> ArrayDataset:
    """Points of N(1, 0.5^2), (POINTS, 1)."""
    x = MEAN + SPREAD * torch.randn(POINTS, 1, generator=torch.Generator().manual_seed(0))
    return ArrayDataset(x.numpy(), DataSpec((1,)), name="a Gaussian")


def grid() -> Tensor:
    """The points at which all curves are drawn, (CELLS,)."""
    return torch.linspace(*VIEW, CELLS)


def data_density() -> Tensor:
    """The density of the data on the grid."""
    return torch.exp(-((grid() - MEAN) / SPREAD).square() / 2) / (SPREAD * math.sqrt(2 * math.pi))


def density(samples: Tensor) -> Tensor:
    """The density of samples (N,) on the grid: a histogram under a narrow Gaussian kernel."""
    cell = (VIEW[1] - VIEW[0]) / (CELLS - 1)
    counts = torch.histc(samples, CELLS, VIEW[0] - cell / 2, VIEW[1] + cell / 2) / (len(samples) * cell)
    at = torch.arange(CELLS, dtype=torch.float32)
    kernel = torch.exp(-((at - at[:, None]) / BLUR).square() / 2)
    return kernel / kernel.sum(1, keepdim=True) @ counts


def falling(model: Model, steps: int) -> Model:
    """The same model with players whose learning rates, G's a share of D's, fall linearly to nothing over the steps."""
    begin = model.players()

    def schedule(rate: float) -> Callable[[Optimizer, int, int], None]:
        def fall(optimizer: Optimizer, step: int, images: int) -> None:
            optimizer.lr = rate * (1 - step / steps)
        return fall

    model.players = lambda: {name: replace(player, schedule=schedule(SETTINGS["lr"] * RATES[name]))
                             for name, player in begin.items()}
    return model


@torch.no_grad()
def look(trainer: Trainer, title: str) -> dict[str, Any]:
    """One panel: the curves, where some values of z go, and how far from 1/2 D is and from the data q."""
    model = trainer.model
    samples = model.sample(JUDGED, seed=0)[:, 0].double()
    real = MEAN + SPREAD * torch.special.ndtri((torch.arange(JUDGED).double() + 0.5) / JUDGED)
    z, d = torch.special.ndtri((torch.arange(LINES) + 0.5) / LINES), torch.sigmoid(model.scores(grid()[:, None]))
    best = data_density() / (data_density() + density(samples.float())).clamp(min=1e-9)
    weight = data_density() / data_density().sum()
    return {"title": title, "step": trainer.step,
            "z": [round(value, 4) for value in z.tolist()],
            "x": [round(value, 4) for value in model.generate(z[:, None])[:, 0].tolist()],
            "samples": [round(value, 4) for value in density(samples.float()).tolist()],
            "d": [round(value, 4) for value in d.tolist()],
            "from half": ((d - 0.5).abs() * weight).sum().item(),
            "from optimum": ((d - best).abs() * weight).sum().item(),
            "mean": samples.mean().item(), "spread": samples.std().item(),
            "wasserstein": (samples.sort().values - real).abs().mean().item()}


def play(seed: int, steps: int) -> list[dict[str, Any]]:
    """The four panels of one training."""
    chosen = plan("gan", "ring", {**SETTINGS, "seed": seed, "steps": steps})
    data = gaussian_data()
    trainer = Trainer(falling(construct(chosen.model, chosen.cfg, data.spec, seed), steps), data, chosen.train)

    def alone(updates: int) -> None:
        for _ in range(updates):
            trainer.update("discriminator", trainer.model.discriminator_loss, trainer.batch())

    alone(GLIMPSE)
    panels = [look(trainer, "(a) D has seen a little")]
    alone(ALONE)
    panels.append(look(trainer, "(b) D alone is trained"))
    trainer.fit(steps=min(UNDER_WAY, steps))
    panels.append(look(trainer, "(c) G follows D's slope"))
    trainer.fit(steps=steps)
    return [*panels, look(trainer, "(d) the end of the game")]


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Play three games (half a CPU minute), and write what was found and a picture of the first to the folder."""
    from .figures import publish
    from .figures.game import draw

    games = {}
    for seed in (0, 1, 2):
        games[str(seed)] = play(seed, SETTINGS["steps"])
        last = games[str(seed)][-1]
        say(f"seed {seed}: |D - 1/2| is {last['from half']:.3f}, and q has mean {last['mean']:.2f}, "
            f"standard deviation {last['spread']:.2f}")
    return publish(folder, "game", {"settings": SETTINGS, "data": [MEAN, SPREAD], "games": games,
                                    "version": __version__}, draw, indent=None)

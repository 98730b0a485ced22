"""Two known Gaussians, between which the best answer of a discriminator is known; what claims on them share."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal

from ..core import DataSpec
from ..data import ArrayDataset, Dataset
from .panels import curves_panel
from .trial import Trial

P, Q = (-0.5, 1.0), (0.75, 0.6)              # mean and standard deviation of the two known Gaussians
ALONE = 2_000                                # updates of a discriminator that is trained alone


def gaussian(mean: float, std: float, dim: int) -> Independent:
    """N(mean 1, std^2 I)."""
    return Independent(Normal(torch.full((dim,), mean), torch.full((dim,), std)), 1)


def samples_of(density: Independent, name: str, count: int = 20_000) -> Dataset:
    """A data set drawn from a density, the same every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = density.sample((count,))
    return ArrayDataset(x.numpy(), DataSpec(shape=(x.shape[1],)), name=name)


class Fixed(nn.Module):
    """A generator that makes exactly q."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def forward(self, z: Tensor) -> Tensor:
        return Q[0] + Q[1] * z[:, :self.dim]


@dataclass(frozen=True)
class Known:
    """What a discriminator, trained alone between P and Q, says on a grid that holds all but 1e-7 of both."""

    grid: Tensor                             # (N, dim)
    p: Tensor                                # density of the real samples, (N,)
    q: Tensor                                # of the generated ones
    scores: Tensor
    cell: float                              # the volume that a point of the grid stands for

    def integral(self, values: Tensor) -> float:
        """Over all space."""
        return float(values.sum() * self.cell)

    def error(self, found: Tensor, best: Tensor) -> float:
        """The mean distance of `found` from `best` where most samples are: within 3 of the centre."""
        return float((found - best).abs()[self._seen].mean())

    def panel(self, trial: Trial, name: str, best: Tensor, found: Tensor) -> None:
        """Draw both there, in one dimension."""
        x, seen = self.grid[self._seen, 0].tolist(), self._seen
        trial.panel("D between two known Gaussians", curves_panel(
            {name: (x, best[seen].tolist()), "trained D": (x, found[seen].tolist())}, "x"))

    @property
    def _seen(self) -> Tensor:
        return (self.grid.abs() <= 3).all(1)


def known_gaussians(trial: Trial, side: str, dim: int = 1) -> Known:
    """Train the D of a side alone, its real samples drawn from P, against a generator that makes exactly Q."""
    trainer = trial.start(side)
    model = trainer.model
    model.generator = Fixed(dim)
    for _ in range(ALONE):
        trainer.update("discriminator", model.discriminator_loss, trainer.batch())
    axis = torch.linspace(-6, 6, 2_401 if dim == 1 else 121, dtype=torch.float64)
    grid = torch.cartesian_prod(*[axis] * dim).view(-1, dim)
    with torch.no_grad():
        scores = model.eval().scores(grid.float()).double()
    p, q = (gaussian(*density, dim).log_prob(grid).exp() for density in (P, Q))
    return Known(grid, p, q, scores, float(axis[1] - axis[0]) ** dim)

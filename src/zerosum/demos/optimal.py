"""The optimal discriminator: D* = p / (p + q) and C(G) = 2 JSD(p || q) - log 4, against trained ones.

Proposition 1 and Theorem 1 of 1406.2661 speak of a discriminator that is as good as can be, for a generator that does
not move. Here both densities are known: p is the data's, q the generator's. This library's perceptron is trained with
the loss of its `gan` on fresh samples of both; its D is compared with D*, and the value V(D, G) that it reaches with
C(G), for laws that slide apart. C(G) = -log 4 where they are the same, and 0 where they do not touch.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..core import adam
from ..losses import OBJECTIVES
from ..networks.mlp import MLPDiscriminator
from ..version import __version__
from .divergence import jensen_shannon

REACH, CELLS = 10.0, 2001
STEPS, BATCH, RATE, WIDTH = 1_200, 1_024, 5e-3, 48
JUDGED = 200_000                             # samples of each law that V is estimated from
APART = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)             # between the means of N(0, 1) and N(d, 1)
LOSS = OBJECTIVES["saturating"].discriminator                # the negative of V(D, G)


class Law(NamedTuple):
    """A mixture of Gaussians in one dimension, all of the same weight: means and standard deviations."""

    means: tuple[float, ...]
    spreads: tuple[float, ...]

    def density(self, x: Tensor) -> Tensor:
        """The density at x (N,)."""
        parts = [torch.exp(-((x - m) / s).square() / 2) / (s * math.sqrt(2 * math.pi))
                 for m, s in zip(self.means, self.spreads, strict=True)]
        return torch.stack(parts).mean(0)

    def draw(self, n: int, source: torch.Generator) -> Tensor:
        """n samples, (n, 1)."""
        which = torch.randint(len(self.means), (n,), generator=source)
        means, spreads = torch.tensor(self.means)[which], torch.tensor(self.spreads)[which]
        return (means + spreads * torch.randn(n, generator=source))[:, None]


PAIRS = {"shifted": (Law((-1.0,), (1.0,)), Law((1.0,), (1.0,))),
         "narrower": (Law((0.0,), (1.5,)), Law((0.5,), (0.5,))),
         "a mode is missing": (Law((-2.0, 2.0), (0.6, 0.6)), Law((-2.0,), (0.6,)))}


def grid() -> Tensor:
    """The points at which densities are compared, (CELLS,)."""
    return torch.linspace(-REACH, REACH, CELLS)


def optimum(p: Law, q: Law, x: Tensor) -> Tensor:
    """D*(x) = p(x) / (p(x) + q(x))."""
    return p.density(x) / (p.density(x) + q.density(x))


def cost(p: Law, q: Law) -> float:
    """C(G) = -log 4 + 2 JSD(p || q), by a sum over the grid."""
    of_cells = [law.density(grid().double()) for law in (p, q)]
    return 2 * jensen_shannon(*(law / law.sum() for law in of_cells)).item() - math.log(4)


def train(p: Law, q: Law, seed: int, steps: int) -> nn.Module:
    """A discriminator trained on fresh samples of both laws, at a rate that falls linearly to nothing."""
    source = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MLPDiscriminator((1,), width=WIDTH, activation="tanh", dropout=(0.0, 0.0))
    weights = list(network.parameters())
    optimizer = adam(RATE, (0.9, 0.999))(weights)
    for step in range(steps):
        optimizer.lr = RATE * (1 - step / steps)
        loss = LOSS(network(p.draw(BATCH, source)), network(q.draw(BATCH, source)))
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = gradient
        optimizer.step()
    return network.requires_grad_(False)


def compare(p: Law, q: Law, network: nn.Module) -> dict[str, Any]:
    """D beside D*: the mean distance under (p + q) / 2, and the largest, weighted by that density over its maximum."""
    x = grid()
    d, best, weight = torch.sigmoid(network(x[:, None])), optimum(p, q, x), p.density(x) + q.density(x)
    apart = (d - best).abs()
    return {"mean": (apart * weight / weight.sum()).sum().item(),
            "largest": (apart * weight / weight.max()).max().item(),
            "d": [round(value, 4) for value in d.tolist()]}


def value(p: Law, q: Law, network: nn.Module, seed: int) -> float:
    """V(D, G) of a trained discriminator, on samples that it has not seen."""
    source = torch.Generator().manual_seed(seed + 1_000_000)
    return -LOSS(*(network(law.draw(JUDGED, source)) for law in (p, q))).item()


def measure(say: Callable[[str], None], seed: int = 0) -> dict[str, Any]:
    """All that the page and the figure show."""
    pairs, values = {}, []
    for name, (p, q) in PAIRS.items():
        pairs[name] = compare(p, q, train(p, q, seed, STEPS))
        say(f"{name}: |D - D*| is {pairs[name]['mean']:.4f} on average")
    for apart in APART:
        p, q = Law((0.0,), (1.0,)), Law((apart,), (1.0,))
        reached = value(p, q, train(p, q, seed, STEPS), seed)
        values.append({"apart": apart, "trained": reached, "theory": cost(p, q)})
        say(f"{apart:g} apart: V = {reached:.4f}, and -log 4 + 2 JSD = {cost(p, q):.4f}")
    return {"steps": STEPS, "batch": BATCH, "seed": seed, "pairs": pairs, "values": values, "version": __version__}


def demo(folder: Path, say: Callable[[str], None]) -> list[Path]:
    """Train all discriminators (half a CPU minute), and write what was found and a picture of it to the folder."""
    from .figures import publish
    from .figures.optimal import draw

    return publish(folder, "optimal", measure(say), draw, indent=None)

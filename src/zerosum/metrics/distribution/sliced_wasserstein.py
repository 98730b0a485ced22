"""Sliced Wasserstein distance: the exact distance of one-dimensional projections, over many directions.

    SW_p = (E_theta W_p^p(theta . x, theta . y))^(1/p)               Bonneel et al., 2015, doi:10.1007/s10851-014-0506-3

In one dimension it is W_p itself; a shift by t gives |t| / sqrt(D) for p = 2. 0 is ideal, and samples never reach it:
the floor in the details is what two halves of the real ones show. Directions come from the seed, in orthogonal groups
(Rowland et al., 2019, arXiv:1903.03784: less noise for nothing), so only values of one seed share them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core import UsageError
from ..metric import Context, Metric, Reading, same_width
from ..resampling import interval, subsets
from .distances import WIDE, blocks, products
from .wasserstein import on_lines

DIRECTIONS = 512
NEAR = 64                                    # samples that say where the sets lie


def sliced_wasserstein(x: Tensor, y: Tensor, p: float = 2.0, directions: int = DIRECTIONS, seed: int = 0) -> float:
    """SW_p of samples x (N, D) and y (M, D) over this many random directions; any N and M.

    Raises UsageError for sets of different width, p < 1, or no direction.
    """
    if p < 1 or directions < 1:
        raise UsageError(f"a sliced distance needs p >= 1 and at least one direction, not p = {p} and {directions}")
    same_width(x, y, "samples")
    return _value(on_lines(*projected(x, y, directions, seed), p), p)


def projected(x: Tensor, y: Tensor, directions: int, seed: int) -> tuple[Tensor, Tensor]:
    """Both sets along random directions, about a common origin: (directions, N) and (directions, M)."""
    dtype = torch.float32 if x.shape[1] > WIDE else torch.float64
    lines = random_directions(directions, x.shape[1], seed, dtype)
    # An origin near the samples keeps their digits; it need not be their exact mean, which would take another pass.
    origin = torch.cat([x[:NEAR], y[:NEAR]]).mean(0, dtype=torch.float64).float()

    def along(side: Tensor) -> Tensor:
        fine = torch.promote_types(side.dtype, dtype)    # before the origin is taken off, and not after
        return torch.cat([lines.project((side[rows].to(fine) - origin.to(fine)).to(dtype))
                          for rows in blocks(len(side))], 1)

    return along(x), along(y)


@dataclass(frozen=True)
class Directions:
    """Unit vectors (count, D), uniform on the sphere, and orthogonal within each run of D."""

    vectors: Tensor

    def project(self, x: Tensor) -> Tensor:
        """theta . x of samples x (N, D): (count, N)."""
        return products(self.vectors, x)


@dataclass(frozen=True)
class PairedDirections:
    """Such vectors in pairs, (r a, s b) and (s a, -r b), whose projections share a . x and b . x: half the products.

    a and b (pairs, D/2) are uniform unit vectors of the two halves of the space, r^2 + s^2 = 1 the shares that a
    uniform vector gives the halves. Those are equal in law, so each of the pair is uniform; and the two are orthogonal.
    """

    halves: tuple[Tensor, Tensor]
    shares: tuple[Tensor, Tensor]            # r and s, (pairs, 1)
    count: int

    @property
    def vectors(self) -> Tensor:
        return self._pairs(*self.halves, lambda first, second: torch.cat([first, second], -1))

    def project(self, x: Tensor) -> Tensor:
        """theta . x of samples x (N, D): (count, N)."""
        half = x.shape[1] // 2
        return self._pairs(products(self.halves[0], x[:, :half]), products(self.halves[1], x[:, half:]), torch.add)

    def _pairs(self, a: Tensor, b: Tensor, join) -> Tensor:
        r, s = self.shares
        return torch.stack([join(r * a, s * b), join(s * a, -r * b)], 1).flatten(0, 1)[:self.count]


def random_directions(count: int, dim: int, seed: int, dtype: torch.dtype = torch.float64
                      ) -> Directions | PairedDirections:
    """This many directions in `dim` dimensions: in pairs where the space has halves; a single one on a line."""
    generator = torch.Generator().manual_seed(seed)
    if dim == 1:
        return Directions(torch.ones(1, 1, dtype=dtype))
    if dim % 2:
        return Directions(_orthogonal(count, dim, generator, dtype)[0])
    pairs = -(-count // 2)
    (a, near), (b, far) = (_orthogonal(pairs, dim // 2, generator, dtype) for _ in range(2))
    length = (near ** 2 + far ** 2).sqrt()
    return PairedDirections((a, b), (near / length, far / length), count)


def _orthogonal(count: int, dim: int, generator: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Unit vectors (count, dim), uniform and orthogonal within each run of `dim`; lengths of normal ones (count, 1)."""
    groups, width = -(-count // dim), min(count, dim)
    normal = torch.randn(groups, dim, width, generator=generator, dtype=dtype)
    basis, triangle = torch.linalg.qr(normal)
    # Uniform only with a positive diagonal (Mezzadri, 2007, arXiv:math-ph/0609050); the lengths do not depend on it.
    basis = basis * triangle.diagonal(dim1=-2, dim2=-1).sign()[:, None]
    return basis.mT.reshape(-1, dim)[:count], triangle.norm(dim=1).reshape(-1, 1)[:count]


def _value(powers: Tensor, p: float) -> float:
    return float(powers.mean()) ** (1 / p)


def _measure(real: Tensor, fake: Tensor, context: Context) -> dict[str, Reading]:
    n, m, p = len(real), len(fake), 2.0
    real, fake = projected(real, fake, DIRECTIONS, context.seed)
    powers = on_lines(real, fake, p)
    value = _value(powers, p)
    # Of independent directions; orthogonal ones are at least as good.
    error = float(powers.std() / len(powers) ** 0.5 / (2 * value)) if len(powers) > 1 and value else 0.0
    settings = {"p": p, "directions": len(powers)}
    details = {"error of the directions": error}
    if min(n, m) < 4:
        nothing = f"{min(n, m)} samples say nothing"
        return {"sliced-w2": Reading(value, "lower", 0.0, settings=settings, details=details,
                                     warning=nothing)}
    halves = [_value(on_lines(real[:, i], fake[:, j], p), p) for i, j in subsets(n, m, 8, context.seed)]
    low, high = interval(value, halves)
    floor = _value(on_lines(real[:, :n // 2], real[:, n // 2:n // 2 * 2], p), p)
    warning = (f"real samples, {n // 2} against {n // 2}, are {floor:.3g} apart by chance alone"
               if low < floor else "")
    return {"sliced-w2": Reading(value, "lower", 0.0, (max(0.0, low), high), "8 random halves, the same directions",
                                 settings, warning, details | {"floor": floor})}


METRIC = Metric.of_view("sliced-w2", "features", ("sliced-w2",), _measure, "1806.07755")

"""Directions in a latent space along which samples change in one respect: found once, saved, used by every tool."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .passes import many
from .stored import store, stored

FORMAT = "directions-1"
Where = Literal["z", "w"]                  # of noise, or of styles


@dataclass(frozen=True)
class Directions:
    """K unit vectors in a latent space of D numbers, the strongest first, with the names and strengths that they have.

    vectors: (K, D) float32; strengths: (K,) float32, of which `measure` says what they are; space: of noise z, or of
    styles w, which they change alike in all layers.
    """

    names: tuple[str, ...]
    vectors: Tensor
    strengths: Tensor
    method: str
    measure: str
    space: Where = "z"

    def __len__(self) -> int:
        return len(self.names)

    def only(self, rows: Sequence[int]) -> "Directions":
        """Some of them, by number from 0, in this order; raises UsageError for numbers that there are not."""
        wrong = [row for row in rows if not 0 <= row < len(self)]
        if wrong or not rows:
            raise UsageError(f"directions are numbered from 0 to {len(self) - 1}, not {wrong[0] if wrong else 'none'}")
        return replace(self, names=tuple(self.names[row] for row in rows), vectors=self.vectors[list(rows)],
                       strengths=self.strengths[list(rows)])

    def strongest(self, k: int | None) -> "Directions":
        """The k strongest, or all: strongest first, in the order of before where equal."""
        order = torch.sort(self.strengths, descending=True, stable=True).indices.tolist()
        return self.only(order[:k])

    def save(self, path: str | Path) -> None:
        """Write them as one safetensors file, whole or not at all."""
        store(path, {"vectors": self.vectors.float(), "strengths": self.strengths.float()},
              {"format": FORMAT, "names": self.names, "method": self.method, "measure": self.measure,
               "space": self.space})

    @classmethod
    def load(cls, path: str | Path) -> "Directions":
        """Read what `save` wrote; raises UsageError for another file, ZerosumError for a damaged one."""
        tensors, about = stored(path, FORMAT, "directions", "zerosum directions RUN")
        return cls(tuple(about["names"]), tensors["vectors"], tensors["strengths"], about["method"], about["measure"],
                   about.get("space", "z"))


def coordinates(model: Model) -> Directions:
    """The D coordinates of the noise themselves, each as strong as it is spread: its standard deviation."""
    require(model, "generate")
    z = many(model).cpu()
    return Directions(tuple(f"z{i}" for i in range(z.shape[1])), torch.eye(z.shape[1]), z.std(0), "coordinates",
                      "standard deviation")


def as_directions(prefix: str, vectors: Tensor, strengths: Tensor, **about: Any) -> Directions:
    """Numbered directions from vectors (K, D) of any length; the largest number of each is made positive."""
    sign = vectors.gather(1, vectors.abs().argmax(1, keepdim=True)).sign()
    unit = vectors * sign / vectors.norm(dim=1, keepdim=True).clamp_min(1e-12)
    return Directions(tuple(f"{prefix}{i}" for i in range(len(unit))), unit.float().cpu(), strengths.float().cpu(),
                      **about)

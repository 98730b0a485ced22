"""Walks through a latent space: straight, or along the sphere that a Gaussian lives on."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .passes import generated

Path = Literal["slerp", "lerp"]


def lerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """(1 - t) a + t b; a, b: (..., D), t in [0, 1]."""
    return a + (b - a) * t


def slerp(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """Follow the great circle from a to b, with the length going evenly from |a| to |b|; a, b: (..., D), t in [0, 1].

    sin((1 - t) w) / sin w a/|a| + sin(t w) / sin w b/|b|, w the angle between them (Shoemake, 1985); straight where
    they are nearly parallel.
    """
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    unit_a, unit_b = a / length_a.clamp_min(1e-12), b / length_b.clamp_min(1e-12)
    angle = torch.acos((unit_a * unit_b).sum(-1, keepdim=True).clamp(-1, 1))
    sine = torch.sin(angle)
    t = torch.as_tensor(t, dtype=a.dtype, device=a.device)
    on_sphere = (torch.sin((1 - t) * angle) * unit_a + torch.sin(t * angle) * unit_b) / sine.clamp_min(1e-12)
    length = length_a + (length_b - length_a) * t
    return torch.where(sine < 1e-4, lerp(a, b, t), on_sphere * length)


def walk(model: Model, anchors: Tensor, frames: int = 60, *, path: Path = "slerp", closed: bool = False,
         labels: Tensor | None = None) -> Tensor:
    """Move `rows` samples at once through latents `anchors` (A, rows, D): (frames, rows, *shape) in [-1, 1].

    An open walk begins at the first anchor and ends at the last, both exactly; a closed one leads back to the first,
    and stops one frame short of it. Raises UsageError for a model that makes nothing from noise, or fewer than one row,
    two anchors or two frames.
    """
    require(model, "generate")
    if len(anchors) < 2 or frames < 2 or anchors.shape[1] < 1:
        raise UsageError("interpolation needs at least one row, two anchors and two frames")
    between = slerp if path == "slerp" else lerp
    legs, moments = (len(anchors), frames) if closed else (len(anchors) - 1, frames - 1)
    film = []
    for frame in range(frames):
        left, rest = divmod(frame * legs, moments)              # whole numbers, so that an anchor is met exactly
        z = anchors[left] if rest == 0 else between(anchors[left], anchors[(left + 1) % len(anchors)], rest / moments)
        film.append(generated(model, z, labels))
    return torch.stack(film)


def interpolate(model: Model, *, rows: int = 8, anchors: int = 4, frames: int = 60, path: Path = "slerp",
                seed: int = 0, labels: Tensor | None = None) -> Tensor:
    """Move `rows` samples at once through `anchors` random latents and back: (frames, rows, *shape) in [-1, 1].

    Raises UsageError as `walk` does.
    """
    require(model, "generate")
    generator = torch.Generator().manual_seed(seed)
    ends = model.noise(max(rows, 0) * max(anchors, 0), generator)                              # type: ignore[operator]
    return walk(model, ends.view(max(anchors, 0), max(rows, 0), ends.shape[1]), frames, path=path, closed=True,
                labels=labels)


def between_seeds(model: Model, seeds: Sequence[int], *, frames: int = 60, path: Path = "slerp",
                  labels: Tensor | None = None) -> Tensor:
    """Move from the sample of each seed to that of the next: (frames, 1, *shape); labels: (1,).

    The first and the last frame are `model.sample(1, seed=...)` of their seeds. Raises UsageError as `walk` does.
    """
    require(model, "generate")
    anchors = [model.noise(1, torch.Generator().manual_seed(seed)) for seed in seeds]          # type: ignore[operator]
    return walk(model, torch.stack(anchors) if anchors else torch.empty(0, 1, 0), frames, path=path, labels=labels)

"""Walks through a latent space: straight, or along the sphere that a Gaussian lives on."""

from typing import Literal

import torch
from torch import Tensor

from ..core import Model, UsageError, require

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


@torch.no_grad()
def interpolate(model: Model, *, rows: int = 8, anchors: int = 4, frames: int = 60, path: Path = "slerp",
                seed: int = 0, labels: Tensor | None = None) -> Tensor:
    """Move `rows` samples at once through `anchors` random latents and back: (frames, rows, *shape) in [-1, 1].

    Raises UsageError for a model that makes nothing from noise, or fewer than two anchors.
    """
    require(model, "generate")
    if anchors < 2 or frames < 2 or rows < 1:
        raise UsageError("interpolation needs at least one row, two anchors and two frames")
    generator = torch.Generator().manual_seed(seed)
    ends = model.noise(rows * anchors, generator).view(anchors, rows, -1)                      # type: ignore[operator]
    between = slerp if path == "slerp" else lerp
    training = model.training
    model.eval()
    film = []
    for frame in range(frames):
        position = frame * anchors / frames                      # the last frame leads back to the first
        left = int(position)
        z = between(ends[left], ends[(left + 1) % anchors], position - left)
        film.append(model.generate(z, labels))                                                 # type: ignore[operator]
    model.train(training)
    return torch.stack(film)

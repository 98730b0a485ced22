"""Editing by constraints: the latent moves until its sample follows what was drawn, and still looks real."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ..core import Model, UsageError, abilities, require
from .descent import descend
from .interpolation import slerp
from .passes import Asked, chosen_labels, evaluating, generated, scored
from .space import Space
from .strokes import Strokes, gradient_map
from .traversal import beginning

FAR = 0.5                                    # how far towards a random latent the last candidate begins


class Edited(NamedTuple):
    """K candidates, the best first: latents z (K, D), their samples x (K, *shape), and how well each did.

    z0 and x0 are the latent (1, D) and the sample (1, *shape) before; loss: (K,), what was descended; error: (K,), the
    mean colour error under the strokes, and error0 (1,) that before; scores: (K,), the discriminator's, or None.
    """

    z: Tensor
    x: Tensor
    z0: Tensor
    x0: Tensor
    loss: Tensor
    error: Tensor
    error0: Tensor
    scores: Tensor | None

    def transferred(self, picture: Tensor) -> Tensor:
        """The edits added to the picture (1, *shape) that z0 was found for: picture + G(z) - G(z0), (K, *shape)."""
        return (picture.to(self.x) + self.x - self.x0).clamp(-1, 1)


def edit(model: Model, strokes: Strokes, *, start: Tensor | None = None, seed: int = 0, label: Asked = 0,
         top_k: int = 4, candidates: int = 8, steps: int = 200, lr: float = 0.1, stay: float = 0.003,
         real: float = 0.01) -> Edited:
    """Move a latent so that its sample follows strokes: the `top_k` best of `candidates`, as `Edited`.

    z^ = argmin sum_g |f_g(G(z)) - v_g|^2 + stay |z - z0|^2 / D + real softplus(-D(G(z)))       (1609.03552, Eq. 4)

    The constraints g are the colours under the paint, the gradient map under the sketch, and G(z0) outside the mask,
    each a mean over its pixels. z0 is `start` (1, z_dim), or the seed's latent. The first candidate begins at z0, the
    others ever further towards random latents. Without a discriminator its term is left out. Latents stay where draws
    lie (`Space`). Raises UsageError for a model that makes no images from noise, or strokes of another size.
    """
    space = Space(model)
    _check(model, strokes, top_k, candidates, steps)
    z0 = beginning(model, seed, start)
    told = chosen_labels(model, candidates, label)
    other = model.noise(candidates, torch.Generator().manual_seed(seed + 1))                   # type: ignore[operator]
    z = slerp(z0.expand_as(other), other, FAR * torch.arange(candidates, device=z0.device)[:, None] / candidates)
    x0 = generated(model, z0, None if told is None else told[:1])
    judged = "score" in abilities(model) and real > 0

    def loss(z: Tensor) -> Tensor:
        x = model.generate(z, told)                                                            # type: ignore[operator]
        total = constraint(strokes, x, x0) + stay * ((z - z0) / space.spread).square().mean(1) + space.penalty(z)
        return total + real * softplus(-model.scores(x, told)) if judged else total            # type: ignore[operator]

    z = descend(model, z, lambda z: loss(z).sum(), steps=steps, lr=lr * space.spread.mean().item(), decay=True,
                keep=space.keep)
    with evaluating(model), torch.no_grad():
        losses, order = loss(z).sort()
    z, x = z[order[:top_k]], generated(model, z, told)[order[:top_k]]
    scores = scored(model, x, None if told is None else told[:len(x)]) if "score" in abilities(model) else None
    return Edited(z, x, z0, x0, losses[:top_k], strokes.error(x), strokes.error(x0), scores)


def constraint(strokes: Strokes, x: Tensor, x0: Tensor) -> Tensor:
    """sum_g |f_g(x) - v_g|^2 of samples x (N, C, H, W), where x0 (1, C, H, W) is to stay: (N,)."""
    total = _mean((x - strokes.colour.to(x)).square().mean(1, keepdim=True), strokes.painted.to(x))
    if strokes.sketched.any():
        total = total + _mean((gradient_map(x) - strokes.edges.to(x)).square().sum(1, keepdim=True),
                              strokes.sketched.to(x))
    return total + _mean((x - x0).square().mean(1, keepdim=True), 1 - strokes.free.to(x))


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    """The weighted mean over pixels of (N, 1, H, W), 0 where no pixel weighs anything."""
    return (error * weight).flatten(1).sum(1) / weight.sum().clamp_min(1e-6)


def _check(model: Model, strokes: Strokes, top_k: int, candidates: int, steps: int) -> None:
    if not model.data.is_image or strokes.colour.shape != model.data.shape:
        raise UsageError(f"strokes for pictures {tuple(strokes.colour.shape)} do not fit this model's samples, "
                         f"{model.data.shape}")
    if not 1 <= top_k <= candidates or steps < 0:
        raise UsageError(f"an edit shows 1 to {candidates} candidates after 0 or more steps, not {top_k} after {steps}")
    require(model, "generate")

"""Dragging: points of a sample are pulled to where they shall be (Pan et al., DragGAN, 2023), arXiv:2305.10973."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample
from torch.nn.functional import interpolate as resized

from ..core import Model, UsageError
from .layer import watched, without_weights
from .passes import Asked, chosen_labels, evaluating
from .space import Space
from .traversal import beginning

Points = Sequence[tuple[float, float]]       # (x, y): columns from the left and rows from the top, of pixels' centres
TRACKED = 12 / 256                           # radius of what is looked through for a handle, of the side; the paper's
PULLED, SEEN = 1.5, 1.0                      # radii in pixels of what is pulled at a handle, and of what it looks like


class Dragged(NamedTuple):
    """A film of a drag, (T, *shape), where the handles lay in each frame, (T, P, 2), and the latent of the last.

    v: z (1, z_dim) or w (1, L, D); distance: from each handle to its target at the end, (P,), in pixels.
    """

    film: Tensor
    handles: Tensor
    v: Tensor
    distance: Tensor


def drag(model: Model, v: Tensor, handles: Points, targets: Points, *, mask: Tensor | None = None, label: Asked = 0,
         steps: int = 200, lr: float = 0.02, hold: float = 20.0, near: float = 1.0) -> Dragged:
    """Move the latent v, z (1, z_dim) or w (1, L, D), until what lies at each handle lies at its target: `Dragged`.

    F is the last feature map of the generator, sg stops the gradient, and d_i is the step of at most a pixel from the
    handle p_i towards its target. Each step goes the length lr |s|, s the standard deviations of the latents, down

        sum_i mean_q |sg(F(q)) - F(q + d_i)|,  q around p_i,   + hold mean |(F - F0) (1 - mask)|            (Eq. 1)

    and then finds each handle where F is most like what F0 was around its beginning (Eq. 2). It ends when all of them
    are `near` pixels from their targets, at the latest after `steps`. mask: (H, W), 1 where the sample may change. The
    film has a frame for each step; the first is G(v). Raises UsageError for a generator without a feature map, points
    outside the sample, or handles and targets that are not pairs.
    """
    space, shape = Space(model, "z" if v.ndim == 2 else "w+"), model.data.shape
    v = (beginning(model, 0, v) if v.ndim == 2 else v.to(model.device)).detach().clone().requires_grad_()
    p, goals = _pairs(model, handles, targets)
    told = chosen_labels(model, 1, label)
    # Adam, the paper's, moves all numbers of a latent alike, also those that have next to no part in the drag.
    length = lr * space.spread.norm().item()
    film: list[tuple[Tensor, Tensor]] = []
    with evaluating(model), without_weights(model), torch.enable_grad():
        for step in range(steps + 1):
            x, f = pictured(space, v, told)
            if step == 0:
                first, looks = f.detach(), at(f.detach(), patches(p), shape)
            p = track(f.detach(), looks, p, shape)
            film.append((x.detach()[0], p))
            if step == steps or bool(((goals - p).norm(dim=1) <= near).all()):
                break
            loss = supervision(f, p, goals, shape)
            if mask is not None:
                loss = loss + hold * ((f - first).abs() * (1 - _fitted(mask, f))).mean()
            slope, = torch.autograd.grad(loss, v)
            with torch.no_grad():
                v.copy_(space.keep(v - length * slope / slope.norm().clamp_min(1e-12)))
    shown, places = (torch.stack(each) for each in zip(*film, strict=True))
    return Dragged(shown, places, v.detach(), (goals - p).norm(dim=1))


def pictured(space: Space, v: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    """The sample of v (1, ...) and the generator's last feature map, (1, M, H, W): the input of its last convolution.

    What depends on v shows which layers are the generator's, as in `layer.features`. Raises UsageError where there is
    no map.
    """
    maps: list[Tensor] = []

    def look(_module: nn.Module, given: tuple[Any, ...], _answer: Any) -> None:
        if given and isinstance(given[0], Tensor) and given[0].ndim == 4 and given[0].requires_grad:
            maps.append(given[0])

    with watched(space.model, look):
        x = space.render(v, labels)
    if not maps or min(maps[-1].shape[2:]) < 4:
        name = space.model.name or type(space.model).__name__
        raise UsageError(f"the generator of {name} has no feature map of at least 4 x 4: dragging needs a "
                         "convolutional one, such as that of dcgan")
    return x, maps[-1]


def at(f: Tensor, points: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A map (1, M, H, W), bilinearly, at places (..., 2) that are counted in pixels of the sample: (..., M)."""
    size = points.new_tensor([shape[2], shape[1]])
    where = ((points + 0.5) / size * 2 - 1).view(1, 1, -1, 2)
    found = grid_sample(f, where, padding_mode="border", align_corners=False)
    return found[0, :, 0].T.reshape(*points.shape[:-1], f.shape[1])


def patches(p: Tensor) -> Tensor:
    """The places around each handle (..., 2) whose features say what it looks like: (..., Q, 2)."""
    return p[..., None, :] + around(SEEN, p)


def supervision(f: Tensor, p: Tensor, goals: Tensor, shape: tuple[int, ...]) -> Tensor:
    """sum_i mean_q |sg(F(q)) - F(q + d_i)| over places q around the handles p (P, 2)."""
    way = goals - p
    step = way / way.norm(dim=1, keepdim=True).clamp_min(1.0)
    q = p[:, None] + around(PULLED, p)
    return (at(f, q, shape).detach() - at(f, q + step[:, None], shape)).abs().mean((1, 2)).sum()


def track(f: Tensor, looks: Tensor, p: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Where, not far from each handle p (P, 2), the map is most like what it looked like (P, Q, M) at first."""
    radius = max(2.0, TRACKED * max(shape[1:]))
    places = (p[:, None] + around(radius, p)).clamp_min(0)
    places = torch.minimum(places, places.new_tensor([shape[2] - 1, shape[1] - 1]))
    best = (at(f, patches(places), shape) - looks[:, None]).abs().sum((2, 3)).argmin(1)
    return places[torch.arange(len(p)), best]


def around(radius: float, like: Tensor) -> Tensor:
    """Offsets of half pixels within a radius, the nearest first: (Q, 2)."""
    side = torch.arange(-int(2 * radius), int(2 * radius) + 1, device=like.device) / 2
    offsets = torch.cartesian_prod(side, side)
    offsets = offsets[offsets.norm(dim=1) <= radius]
    return offsets[offsets.norm(dim=1).argsort(stable=True)].to(like)


def _fitted(mask: Tensor, f: Tensor) -> Tensor:
    return resized(mask.to(f).reshape(1, 1, *mask.shape[-2:]), f.shape[2:], mode="area")


def _pairs(model: Model, handles: Points, targets: Points) -> tuple[Tensor, Tensor]:
    if not model.data.is_image:
        raise UsageError("there is nothing to drag in points: a sample must be a picture")
    if not handles or len(handles) != len(targets):
        raise UsageError(f"each handle needs a target: there are {len(handles)} and {len(targets)}")
    p, goals = (torch.tensor(points, dtype=torch.float32, device=model.device).view(-1, 2)
                for points in (handles, targets))
    last = p.new_tensor([model.data.width - 1, model.data.height - 1])
    for x, y in torch.cat([p, goals]).tolist():
        if not (0 <= x <= last[0] and 0 <= y <= last[1]):
            raise UsageError(f"the point {x:g},{y:g} lies outside the picture: x goes from 0 to {last[0]:g} and y to "
                             f"{last[1]:g}")
    return p, goals

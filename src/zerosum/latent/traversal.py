"""Changes one thing at a time: samples along directions in the latent space."""

import torch
from torch import Tensor

from ..core import Model, UsageError, require
from .directions import Directions
from .passes import Asked, chosen_labels, generated, many, mapped, placed, synthesized


def vary(model: Model, z: Tensor, direction: Tensor, steps: Tensor, labels: Tensor | None = None) -> Tensor:
    """G(z_i + s_j d), (N, S, *shape), for latents z (N, D), one direction d (D,), steps s (S,) and labels (N,).

    Styles w (N, L, D) in place of z are moved alike in all layers, and know their labels. Raises UsageError for a
    model that makes nothing from noise, or a direction of another length.
    """
    require(model, "generate")
    _fits(direction, z)
    moved = z[:, None] + steps.to(z).view(-1, *[1] * (z.dim() - 1)) * direction.to(z)
    if z.dim() == 3:                
        return synthesized(model, moved.flatten(0, 1)).unflatten(0, moved.shape[:2])
    each = None if labels is None else labels.repeat_interleave(len(steps), 0)
    return generated(model, moved.flatten(0, 1), each).unflatten(0, moved.shape[:2])


def traverse(model: Model, directions: Directions, *, reach: float = 3.0, columns: int = 9, seed: int = 0,
             label: Asked = 0, start: Tensor | None = None) -> Tensor:
    """The sample of a seed, moved along each of K directions: (K, columns, *shape), itself in the middle if odd.

    Steps go from -reach to reach, counted in standard deviations of the noise along the direction. Conditional models
    draw the class `label`, models of text this text, or the prompt of this number. start: a latent (1, z_dim) in place
    of the seed's, or, for directions of styles, also styles (1, layers, D). Raises UsageError as `vary` does.
    """
    require(model, "generate")
    refuse_steps(reach, columns)
    asked, steps = chosen_labels(model, 1, label), torch.linspace(-reach, reach, columns)
    if directions.space == "w":
        require(model, "map_styles")
        styles = start is not None and start.dim() == 3
        v = start.to(model.device) if styles else mapped(model, beginning(model, seed, start), asked)
    else:
        v = beginning(model, seed, start)
    return torch.stack([vary(model, v, direction, steps, asked)[0] for direction in deviations(model, directions)])


def refuse_steps(reach: float, columns: int) -> None:
    """Raise UsageError for steps that lead nowhere."""
    if columns < 2 or not 0 < reach < float("inf"):
        raise UsageError(f"a traversal needs a range above 0 and at least two columns, not {reach:g} and {columns}")


def deviations(model: Model, directions: Directions) -> Tensor:
    """Directions (K, D), each as long as the standard deviation of draws along it; raises as `vary` does."""
    z = many(model)
    draws = placed(model, z, directions.space, chosen_labels(model, len(z)))
    vectors = directions.vectors.to(draws)
    _fits(vectors[0], draws)
    return vectors * (draws @ vectors.T).std(0)[:, None]


def beginning(model: Model, seed: int, start: Tensor | None) -> Tensor:
    """A latent (1, z_dim) to begin at: the given one, or the seed's; UsageError where it fits another model."""
    z = model.noise(1, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    if start is not None and start.shape != z.shape:
        raise UsageError(f"a latent of shape {tuple(start.shape)} does not fit this model, whose noise is "
                         f"{tuple(z.shape)}: it belongs to the run that it was found in")
    return z if start is None else start.to(z)


def _fits(direction: Tensor, z: Tensor) -> None:
    if direction.shape != z.shape[-1:]:
        raise UsageError(f"directions of {direction.numel()} numbers do not fit latents of {z.shape[-1]}: they belong "
                         "to the model that they were found in")

"""Passes through a model in evaluation mode, some samples at a time."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from ..core import Model, condition

Asked = int | str | Tensor                   # a class; a text, or the numbers of its words (L,), or that of a prompt
CHUNK = 256                                  # samples at a time
DRAWS = 10_000                               # latents from which it is known where they lie, and how spread they are


@contextlib.contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """Evaluation mode, and afterwards the mode that was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def chosen_labels(model: Model, n: int, label: Asked | None = None) -> Tensor | None:
    """One label, or else the classes in turn, for a conditional model: (n,) int64; None for others.

    For a model of text, (n, L) int64: one text, or the prompt of this number, or else the prompts in turn.
    """
    asked_by = condition(model)
    if asked_by == "text":
        return model.labels_for(n, label)                                                      # type: ignore[operator]
    if not asked_by:
        return None
    each = torch.arange(n) % model.data.num_classes if label is None else torch.full((n,), label)
    return each.to(model.device)


def every_label(model: Model) -> Tensor | None:
    """Each class once, (K,), or each prompt, (P, L); None for a model that takes none."""
    return chosen_labels(model, len(model.data.prompts) if condition(model) == "text" else model.data.num_classes)


def many(model: Model) -> Tensor:
    """Draws of the noise, always the same, (DRAWS, D)."""
    return model.noise(DRAWS, torch.Generator().manual_seed(0))                                # type: ignore[operator]


@torch.no_grad()
def generated(model: Model, z: Tensor, labels: Tensor | None = None) -> Tensor:
    """G(z), (N, *shape), for z (N, D) and labels (N,)."""
    with evaluating(model):
        return torch.cat([model.generate(z[i:i + CHUNK], _part(labels, z, i))                  # type: ignore[operator]
                          for i in range(0, len(z), CHUNK)])


@torch.no_grad()
def mapped(model: Model, z: Tensor, labels: Tensor | None = None) -> Tensor:
    """The styles w (N, layers, D) that a model with style has for z (N, z_dim) and labels (N,)."""
    with evaluating(model):
        return torch.cat([model.map(z[i:i + CHUNK], _part(labels, z, i))                       # type: ignore[operator]
                          for i in range(0, len(z), CHUNK)])


def placed(model: Model, z: Tensor, space: str, labels: Tensor | None = None) -> Tensor:
    """Where noise z (N, z_dim) lies in the space z, or that of styles w, of which all layers have the same: (N, D)."""
    return z if space == "z" else mapped(model, z, labels)[:, 0]


@torch.no_grad()
def synthesized(model: Model, w: Tensor) -> Tensor:
    """What a model with style makes of styles w (N, layers, D): (N, *shape)."""
    with evaluating(model):
        return torch.cat([model.synthesize(w[i:i + CHUNK]) for i in range(0, len(w), CHUNK)])  # type: ignore[operator]


@torch.no_grad()
def scored(model: Model, x: Tensor, labels: Tensor | None = None) -> Tensor:
    """What the discriminator thinks of samples x (N, *shape) under labels (N,): (N,), larger = more real."""
    with evaluating(model):
        return torch.cat([model.scores(x[i:i + CHUNK], _part(labels, x, i))                    # type: ignore[operator]
                          for i in range(0, len(x), CHUNK)])


def _part(labels: Tensor | None, like: Tensor, start: int) -> Tensor | None:
    return None if labels is None else labels[start:start + CHUNK].to(like.device)

"""Mixing: what comes of one sample's latent with a part of another's."""

import re
from typing import NamedTuple

import torch
from torch import Tensor

from ..core import Model, UsageError, abilities, condition, require
from ..ops import LatentSpec
from .codes import code_names
from .passes import chosen_labels, generated, mapped, synthesized

ASKED = {"labels": ("label",), "text": ("text",), "": ()}


class Mixed(NamedTuple):
    """Samples a (R, *shape) and b (C, *shape), and x (R, C, *shape): all of a but one part, which is b's."""

    a: Tensor
    b: Tensor
    x: Tensor
    part: str


def parts_of(model: Model) -> list[str]:
    """What may be mixed: label or text, if a model is asked by it; codes by name; layers of style, the coarse half."""
    styles = [f"0-{(_styles(model, 1, 0).shape[1] - 1) // 2}"] if "map_styles" in abilities(model) else []
    return list(ASKED[condition(model)]) + list(code_names(model)) + styles


@torch.no_grad()
def mix(model: Model, part: str | None = None, *, rows: int = 4, columns: int = 6, seed: int = 0) -> Mixed:
    """Mix every one of `rows` samples with one part of every one of `columns` others.

    part: `label` or `text` (the columns are the classes, or the prompts, in turn), the name of a code (c1, u1, ...: see
    `code_names`), or layers of a model with style, from-to and counted from 0 (style mixing, 1812.04948, Sec. 3.1);
    the first of `parts_of` unless given. The samples are those of `model.noise(rows + columns)` with the seed. Raises
    UsageError for a part that the model does not have, or no rows or columns.
    """
    require(model, "generate")
    if rows < 1 or columns < 1:
        raise UsageError(f"mixing needs at least one row and one column, not {rows} and {columns}")
    parts = parts_of(model)
    part = part or (parts or [""])[0]
    if part not in parts and not (re.fullmatch(r"\d+(-\d+)?", part) and "map_styles" in abilities(model)):
        raise UsageError(f"{model.name} has no part {part!r} to mix; it has {', '.join(parts)}" if parts else
                         f"{model.name} has nothing to mix: no label, no code, no style")
    if part[0].isdecimal():
        return _mix_layers(model, part, rows, columns, seed)
    z = model.noise(rows + columns, torch.Generator().manual_seed(seed))                       # type: ignore[operator]
    labels = chosen_labels(model, rows + columns)
    ours, theirs = torch.arange(rows).repeat_interleave(columns), rows + torch.arange(columns).repeat(rows)
    asked = part in ("label", "text")
    if labels is not None and asked:
        labels = torch.cat([labels[:rows], labels[:columns]])    # the columns begin with the first class, too
    each = None if labels is None else labels[theirs if asked else ours]
    mixed = z[ours] if asked else _with_code(model.latent, z[ours], z[theirs], part)  # type: ignore[arg-type]
    own = generated(model, z, labels)
    return Mixed(own[:rows], own[rows:], generated(model, mixed, each).unflatten(0, (rows, columns)), part)


def _with_code(spec: LatentSpec, ours: Tensor, theirs: Tensor, part: str) -> Tensor:
    code = int(part[1:]) - 1
    if part[0] == "c":
        return spec.choose(ours, spec.chosen(theirs, code), code)
    return spec.turn(ours, spec.split(theirs).continuous[:, code], code)


def _mix_layers(model: Model, part: str, rows: int, columns: int, seed: int) -> Mixed:
    w = _styles(model, rows + columns, seed)
    first, _, last = part.partition("-")
    layers = range(int(first), int(last or first) + 1)
    if not layers or layers[-1] >= w.shape[1]:
        raise UsageError(f"{model.name} has the layers 0 to {w.shape[1] - 1}: mix {part} is not among them")
    mixed = w[:rows].repeat_interleave(columns, 0)
    mixed[:, list(layers)] = w[rows:].repeat(rows, 1, 1)[:, list(layers)]
    own = synthesized(model, w)
    return Mixed(own[:rows], own[rows:], synthesized(model, mixed).unflatten(0, (rows, columns)), part)


def _styles(model: Model, n: int, seed: int) -> Tensor:
    """The styles w (n, layers, D) of n samples."""
    z = model.noise(n, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    return mapped(model, z, chosen_labels(model, n))

"""Arithmetic with latents, as in DCGAN (1511.06434, Sec. 6.3.2): smiling woman - woman + man."""

import shlex
from typing import NamedTuple

import torch
from torch import Tensor

from ..core import Model, UsageError, require, unknown
from .directions import Directions
from .traversal import deviations

GRAMMAR = ("write terms with ' + ' or ' - ' between them, such as '3,17,42 - 5,9 + 8' (the mean latent of these seeds) "
           "or '7 + 2*large' (a direction, in standard deviations of the noise)")


class Term(NamedTuple):
    """One term of a sum: its sign, how it was written, its latent (1, D), and whether it is a direction."""

    sign: int
    text: str
    z: Tensor
    is_direction: bool


def terms_of(model: Model, expression: str, directions: Directions | None = None) -> list[Term]:
    """What an expression adds up, in order: seeds, of which the latents are averaged, and directions by name.

    The latent of a seed is that of `model.sample(1, seed=...)`; 2*large is two standard deviations of the noise along
    the direction named large, -1 * of it is '- large'. Names with spaces stand in quotation marks. Raises UsageError
    for a model that makes nothing from noise, an expression that cannot be read, or an unknown name.
    """
    require(model, "generate")
    try:
        words = shlex.split(expression)
    except ValueError:
        raise UsageError(f"'{expression}' opens a quotation mark that it does not close") from None
    if len(words) % 2 == 0 or not set(words[1::2]) <= {"+", "-"}:
        raise UsageError(f"cannot read '{expression}': {GRAMMAR}")
    signs = [1, *(1 if word == "+" else -1 for word in words[1::2])]
    return [_term(model, sign, text, directions) for sign, text in zip(signs, words[::2], strict=True)]


def running_sum(terms: list[Term]) -> Tensor:
    """The latents (T, D) of the first term, of the first two together, ..., of all."""
    return torch.cat([term.sign * term.z for term in terms]).cumsum(0)


def _term(model: Model, sign: int, text: str, directions: Directions | None) -> Term:
    seeds = text.split(",")
    if all(seed.isdecimal() and int(seed) < 2**63 for seed in seeds):
        drawn = [model.noise(1, torch.Generator().manual_seed(int(seed))) for seed in seeds]   # type: ignore[operator]
        return Term(sign, text, torch.stack(drawn).mean(0), False)
    factor, star, name = text.rpartition("*")
    try:
        times = float(factor) if star else 1.0
    except ValueError:
        times = float("nan")
    if not abs(times) < float("inf"):
        raise UsageError(f"cannot read '{text}': {GRAMMAR}")
    if directions is None:
        raise UsageError(f"'{name}' would be a direction: give a file with --directions (zerosum directions RUN makes "
                         "one)")
    if directions.space != "z":
        raise UsageError("these directions are of styles, and sums are of noise: find them with --space z")
    if name not in directions.names:
        raise unknown("direction", name, directions.names)
    return Term(sign, text, times * deviations(model, directions.only([directions.names.index(name)])), True)

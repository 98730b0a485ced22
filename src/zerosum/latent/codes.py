"""Codes by name: the parts of a latent that are to mean something, as in InfoGAN (1606.03657)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..core import Model, UsageError, require, unknown
from ..ops import LatentSpec, names_of_codes
from .passes import chosen_labels, generated
from .traversal import beginning, refuse_steps


def code_names(model: Model) -> tuple[str, ...]:
    """c1, c2, ... for the categorical codes of a model and u1, u2, ... for the continuous ones; () if it has none."""
    spec = getattr(model, "latent", None)
    if not isinstance(spec, LatentSpec):
        return ()
    return names_of_codes(spec)


def set_code(model: Model, z: Tensor, name: str, value: float) -> Tensor:
    """The same latents z (N, D) with one code at a value: a whole number from 0 for c1, ..., any number for u1, ...

    Raises UsageError for a model without codes, a name that it does not have, or a value that the code does not take.
    """
    spec, names = _spec(model), code_names(model)
    if name not in names:
        raise unknown("code", name, names)
    number = int(name[1:]) - 1
    if name[0] == "u":
        if not -100 <= value <= 100:         # NaN, too
            raise UsageError(f"{name} is drawn from -1 to 1: set it within 100 of 0, not to {value:g}")
        return spec.turn(z, float(value), number)
    if value != int(value) or not 0 <= value < spec.categorical[number]:
        raise UsageError(f"{name} takes the whole numbers from 0 to {spec.categorical[number] - 1}, not {value:g}")
    return spec.choose(z, int(value), number)


def sample_with_codes(model: Model, n: int, codes: Mapping[str, float], *, seed: int = 0) -> Tensor:
    """Draw n samples (n, *shape), their noise as in `model.sample`, with these codes set; raises as `set_code` does."""
    require(model, "generate")
    z = model.noise(n, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    for name, value in codes.items():
        z = set_code(model, z, name, value)
    return generated(model, z, chosen_labels(model, n))


def traverse_codes(model: Model, *, reach: float = 1.0, columns: int | None = None, seed: int = 0,
                   start: Tensor | None = None) -> Tensor:
    """The sample of a seed with one code after the other changed: (codes, columns, *shape), rows as in `code_names`.

    A continuous code goes from -reach to reach, a categorical one through its values, in as many columns: as many as
    the most values that a code has, and at least nine, unless given. start: a latent (1, D) in place of the seed's.
    Raises UsageError for a model without codes.
    """
    require(model, "generate")
    spec = _spec(model)
    columns = max((9, *spec.categorical)) if columns is None else columns
    refuse_steps(reach, columns)
    z, rows = beginning(model, seed, start), []
    for name in code_names(model):
        values = (torch.linspace(-reach, reach, columns).tolist() if name[0] == "u"
                  else [j * spec.categorical[int(name[1:]) - 1] // columns for j in range(columns)])
        moved = torch.cat([set_code(model, z, name, value) for value in values])
        rows.append(generated(model, moved, chosen_labels(model, columns, 0)))
    return torch.stack(rows)


def _spec(model: Model) -> LatentSpec:
    if not code_names(model):
        raise UsageError(f"{model.name} has no codes that could be set: train infogan, or see zerosum list --task "
                         "disentanglement")
    return model.latent                                                                        # type: ignore[return-value]

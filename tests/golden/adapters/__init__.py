"""Adapters: how each reference is computed with this project's parts, by (repository, class)."""

from collections.abc import Callable

from torch import Tensor

from . import (
    ada,
    biggan,
    cut,
    diffaugment,
    mimicry,
    r3gan,
    stylegan2,
    stylegan2_loss,
    stylegan3,
    stylegan_ops,
)
from .case import Case

# An adapter returns the tensors of `io.safetensors` by name, or None for a configuration that is not built yet.
Adapter = Callable[[Case], dict[str, Tensor] | None]

ADAPTERS: dict[tuple[str, str], Adapter] = {
    **ada.ADAPTERS, **biggan.ADAPTERS, **cut.ADAPTERS, **diffaugment.ADAPTERS, **mimicry.ADAPTERS, **r3gan.ADAPTERS,
    **stylegan2.ADAPTERS, **stylegan2_loss.ADAPTERS, **stylegan3.ADAPTERS, **stylegan_ops.ADAPTERS}

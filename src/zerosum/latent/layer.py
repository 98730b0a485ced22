"""What the first layers of a generator make of its noise, whatever the model calls them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..core import Model, UsageError
from .passes import CHUNK, Asked, chosen_labels, evaluating, mapped


class _Reached(Exception):
    """The layer that was looked for has answered; the rest of the generator need not run."""


def features(model: Model, z: Tensor, *, layer: int = 1, label: Asked = 0) -> Tensor:
    """What the layer-th layer that the noise meets makes of z (N, D), flattened: (N, M); `label` is the class or
    text, if any.

    A layer is a module with a weight matrix or kernel. Which ones the noise meets, and in which order, a forward pass
    shows: those whose input depends on z, for autograd follows z and, for that pass, nothing else. So nothing is asked
    of the model but to generate. Raises UsageError where the noise meets fewer layers, or does not meet them alone.
    """
    parts = []
    for chunk in z.split(CHUNK):
        met: list[Tensor] = []
        with without_weights(model), evaluating(model), watched(model, _collector(met, layer)), \
                torch.enable_grad(), contextlib.suppress(_Reached):
            model.generate(chunk.detach().requires_grad_(), chosen_labels(model, len(chunk), label))  # type: ignore[operator]
        name = model.name or type(model).__name__
        if len(met) < layer:
            raise UsageError(f"the noise of {name} meets {len(met)} layers with weights, so that there is no layer "
                             f"{layer}")
        if len(met[-1]) != len(chunk):       # a reference batch, say
            raise UsageError(f"{name} sends more than its noise through its layers: sefa and ganspace cannot tell what "
                             "belongs to which latent, classes need not")
        parts.append(met[-1].detach().flatten(1))
    return torch.cat(parts)


def linear_map(model: Model, *, label: Asked = 0) -> Tensor:
    """A, (M, D), where the first layer makes A z + b of the noise z; raises UsageError where it is not so.

    Column i is what the layer makes of the i-th unit vector, less what it makes of 0: the same for a linear layer, a
    convolution, and one that is also given a label.
    """
    probe = model.noise(4, torch.Generator().manual_seed(0))                                   # type: ignore[operator]
    a = _matrix(lambda z: features(model, z, label=label), probe)
    if a is None:
        raise UsageError(f"the first layer of {model.name or type(model).__name__} is not linear in the noise, which "
                         "sefa needs: use ganspace")
    return a


def style_map(model: Model) -> Tensor:
    """A, (M, D), where the layers that are given a style, and nothing else, make A w + b of it, one below the other.

    Raises UsageError where there are none, or one is not linear.
    """
    z = model.noise(4, torch.Generator().manual_seed(0))                                       # type: ignore[operator]
    w = mapped(model, z, chosen_labels(model, len(z)))
    a = _matrix(lambda v: _given_a_style(model, v, w.shape[1]), w[:, 0])
    if a is None:
        raise UsageError(f"the layers of {model.name or type(model).__name__} are not linear in the style, which sefa "
                         "needs: use ganspace")
    return a


def _matrix(function: Callable[[Tensor], Tensor], probe: Tensor) -> Tensor | None:
    """A, (M, D), float64, of A v + b, tried on points v (N, D); None where the function is something else."""
    count, units = len(probe), torch.eye(probe.shape[1], device=probe.device)
    h = function(torch.cat([torch.zeros_like(probe[:1]), units, probe])).double()
    a = (h[1:-count] - h[0]).T
    seen, expected = h[-count:] - h[0], probe.double() @ a.T
    return a if (seen - expected).norm() <= 1e-3 * seen.norm() else None


def _given_a_style(model: Model, w: Tensor, layers: int) -> Tensor:
    """What the layers that are given w (N, D), the style of all layers, make of it: (N, M)."""
    met: list[Tensor] = []

    def look(_module: nn.Module, given: tuple[Any, ...], answer: Any) -> None:
        if isinstance(given[0], Tensor) and given[0].shape == w.shape and torch.equal(given[0], w):
            met.append(answer)

    with evaluating(model), watched(model, look), torch.no_grad():
        model.synthesize(w[:, None].expand(-1, layers, -1))                                    # type: ignore[operator]
    if not met:
        raise UsageError(f"no layer of {model.name or type(model).__name__} is given a style alone: use ganspace")
    return torch.cat(met, 1)


def _collector(met: list[Tensor], layer: int) -> Callable[..., None]:
    def look(_module: nn.Module, given: tuple[Any, ...], answer: Any) -> None:
        if isinstance(answer, Tensor) and any(isinstance(x, Tensor) and x.requires_grad for x in given):
            met.append(answer)
            if len(met) == layer:
                raise _Reached
    return look


@contextlib.contextmanager
def watched(model: Model, look: Callable[..., None]) -> Iterator[None]:
    handles = [module.register_forward_hook(look) for module in model.modules() if _mixes(module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _mixes(module: nn.Module) -> bool:
    """Whether it has a weight matrix or kernel; gains and biases of a normalization are vectors."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.dim() > 1


@contextlib.contextmanager
def without_weights(model: Model) -> Iterator[None]:
    """No parameter asks for a gradient, so that what asks for one depends on the noise."""
    asking = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in asking:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in asking:
            parameter.requires_grad_()

"""What a model can do besides train: tools ask for these, never for a concrete model."""

from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

from .errors import UsageError
from .model import Model


@runtime_checkable
class Samples(Protocol):
    """Draws samples: sample(n, *, seed, labels, truncation) -> (n, *shape)."""

    def sample(self, n: int, *, seed: int | None = None, labels=None, truncation: float = 1.0) -> Tensor: ...


@runtime_checkable
class Generates(Protocol):
    """Maps noise to samples: noise(n) -> (n, z_dim); generate(z, labels) -> (n, *shape)."""

    def noise(self, n, generator=None) -> Tensor: ...

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Scores(Protocol):
    """Judges samples: scores(x, labels) -> (N,), larger = more real."""

    def scores(self, x: Tensor, labels: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class Encodes(Protocol):
    """Maps samples to latents: encode(x) -> (N, z_dim)."""

    def encode(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class TellsCodes(Protocol):
    """Tells the codes of samples, apart from noise: codes(x) -> (N, K), shares of categorical codes, then numbers."""

    def codes(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Reconstructs(Protocol):
    """Returns its best copy of a sample: reconstruct(x) -> like x."""

    def reconstruct(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Styles(Protocol):
    """Goes from noise to samples by way of styles: map(z, labels) -> w (N, layers, D); synthesize(w) -> (N, *shape)."""

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor: ...

    def synthesize(self, w: Tensor) -> Tensor: ...


@runtime_checkable
class Transforms(Protocol):
    """Moves what samples show: transformed(z, matrix, labels) -> (N, C, H, W), with what comes in from outside.

    `matrix` (3, 3) maps a place, in pixels right and down from the centre, to where it is then seen. Values are not
    clipped to [-1, 1]: a clipped image cannot be moved by fractions of a pixel.
    """

    def transformed(self, z: Tensor, matrix: Tensor, labels: Tensor | None = None) -> Tensor: ...


@runtime_checkable
class LogProb(Protocol):
    """Gives a log-likelihood or a lower bound of it: log_prob(x) -> (N,) in nats."""

    def log_prob(self, x: Tensor) -> Tensor: ...


ABILITIES: dict[str, type] = {"sample": Samples, "generate": Generates, "score": Scores, "encode": Encodes,
                              "tell_codes": TellsCodes, "reconstruct": Reconstructs, "map_styles": Styles,
                              "transform": Transforms, "log_prob": LogProb}


def abilities(model: Model | type[Model]) -> list[str]:
    """Names of the abilities that a model, or a model class, has."""
    return [name for name, protocol in ABILITIES.items()
            if all(callable(getattr(model, method, None)) for method in vars(protocol) if not method.startswith("_"))]


def condition(model: Any) -> Literal["", "labels", "text"]:
    """The field of a batch by which samples of a model are asked for, as its card's tasks say; "": by none."""
    tasks = getattr(getattr(model, "card", None), "tasks", ())
    return "text" if "text-to-image" in tasks else "labels" if "conditional-generation" in tasks else ""


def require(model: Model, ability: str) -> None:
    """Raise UsageError, listing what the model can do, unless it has this ability."""
    if ability not in abilities(model):
        raise UsageError(f"{getattr(model, 'name', '') or type(model).__name__} cannot {ability.replace('_', ' ')}; "
                         f"it can {', '.join(abilities(model)) or 'only be trained'}")

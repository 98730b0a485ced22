"""What scores of disentanglement look at: parts of a code, and known factors, of the same samples.

Two ways lead there, and numbers of one are never compared with those of the other. *told*: real samples, whose factors
the data knows, and what a model with `codes` or `encode` says of them. *made*: latents that are drawn, and the factors
that the shipped judges see in the samples which a generator makes of them.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ...core import Model, UsageError, ZerosumError, abilities
from ...ops import LatentSpec, names_of_codes
from ..features.judge import JUDGED, judge
from ..likelihood.at_rest import at_rest
from ..sources import labels_like, some

if TYPE_CHECKING:
    from ...data import Dataset

Way = Literal["told", "made"]
WAYS = {"told": "codes of real samples, factors known", "made": "latents of drawn samples, factors judged"}
CHUNK = 250                                  # samples that pass through a model at a time


@dataclass(frozen=True)
class Coded:
    """N samples, the P parts of their codes and the F factors that they have.

    values: (N, D) float32, the columns of one part after the other; widths: columns of each part, 1 for a number and K
    for a categorical code of K values; names: of the parts; factors: (N, F) int64, with their names.
    """

    values: Tensor
    widths: tuple[int, ...]
    names: tuple[str, ...]
    factors: Tensor
    factor_names: tuple[str, ...]
    way: Way

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or sum(self.widths) != self.values.shape[1] or len(self.names) != len(self.widths):
            raise UsageError(f"codes of {tuple(self.values.shape)} are no {len(self.names)} parts of widths "
                             f"{self.widths}")
        if self.factors.shape != (len(self.values), len(self.factor_names)):
            raise UsageError(f"{len(self.values)} codes need {len(self.factor_names)} factors each, not "
                             f"{tuple(self.factors.shape)}")
        if not torch.isfinite(self.values).all():
            raise ZerosumError("codes are NaN or infinite: nothing can be measured")

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """The columns of each part, (N, width)."""
        return self.values.split(self.widths, 1)

    @property
    def settings(self) -> dict[str, Any]:
        """What must be equal before two scores may be compared: the way that was taken, and the factors."""
        return {"of": WAYS[self.way], "factors": "/".join(self.factor_names)}

    def varied(self) -> "Coded":
        """The same with those factors alone that have more than one value here.

        Raises ZerosumError where no factor varies.
        """
        if not (fixed := self.fixed):
            return self
        if len(fixed) == len(self.factor_names):
            raise ZerosumError("all samples have the same factors: there is nothing to tell apart")
        left = [i for i, name in enumerate(self.factor_names) if name not in fixed]
        return replace(self, factors=self.factors[:, left], factor_names=tuple(self.factor_names[i] for i in left))

    @property
    def fixed(self) -> list[str]:
        """The factors in which all samples are alike."""
        varies = (self.factors != self.factors[:1]).any(0)
        return [name for name, moves in zip(self.factor_names, varies, strict=True) if not moves]

    @property
    def warning(self) -> str:
        """What must be said of factors that are not there to be recovered."""
        return f"counts 0, as all samples are alike in it: {', '.join(self.fixed)}" if self.fixed else ""

    def rows(self, index: Tensor) -> "Coded":
        """The samples of these numbers."""
        return replace(self, values=self.values[index], factors=self.factors[index])


def coded(model: Model, data: "Dataset", n: int, seed: int, way: Way | None = None) -> Coded:
    """Codes and factors of n samples, by the way named, or *told* where the model can and else *made*.

    Raises UsageError for a model or data without what the way needs.
    """
    can = abilities(model)
    if way is None:
        way = "told" if {"tell_codes", "encode"} & set(can) else "made"
    return told(model, data, n, seed) if way == "told" else made(model, data, n, seed)


def told(model: Model, data: "Dataset", n: int, seed: int) -> Coded:
    """What the model says of n real samples, beside the factors that the data knows of them."""
    from ...data import to_float

    can = abilities(model)
    if not {"tell_codes", "encode"} & set(can):
        raise UsageError(f"{model.name or type(model).__name__} says nothing of samples: it can neither tell codes nor "
                         "encode")
    tell = model.codes if "tell_codes" in can else model.encode                                # type: ignore[union-attr]
    batch = data.gather(some(len(data), n, seed))
    with at_rest(model, seed) as device, torch.no_grad():
        values = torch.cat([tell(to_float(x).to(device)).float().cpu().flatten(1) for x in batch["x"].split(CHUNK)])
    widths, names = _parts(model, values.shape[1])
    if "attributes" in batch:
        return Coded(values, widths, names, batch["attributes"], tuple(data.factors), "told")
    if "labels" not in batch:
        raise UsageError(f"nothing is known of the samples of {data.name}: take data with factors, such as shapes, or "
                         "with classes")
    return Coded(values, widths, names, batch["labels"][:, None], ("class",), "told")


def made(model: Model, data: "Dataset", n: int, seed: int) -> Coded:
    """n latents, with the class as one more part where the model is asked for one, beside what judges see in G(z)."""
    z, labels, x = drawn(model, data, n, seed)
    widths, names = _parts(model, z.shape[1])
    if labels is not None:
        classes = data.spec.num_classes
        z, widths, names = torch.cat([z, one_hot(labels, classes)], 1), (*widths, classes), (*names, "class")
    seen = judged(data.name, x)
    factors = torch.stack([probabilities.argmax(1) for probabilities in seen.values()], 1)
    return Coded(z, widths, names, factors, tuple(seen), "made")


def drawn(model: Model, data: "Dataset", n: int, seed: int) -> tuple[Tensor, Tensor | None, Tensor]:
    """Latents (n, D), labels (n,) for a model that takes some, and the samples (n, *shape) that it makes of them."""
    if "generate" not in abilities(model):
        raise UsageError(f"{model.name or type(model).__name__} makes no samples of latents")
    z = model.noise(n, torch.Generator().manual_seed(seed))                                    # type: ignore[operator]
    # Where the class is a code, it is drawn with z.
    labels = None if isinstance(getattr(model, "latent", None), LatentSpec) else labels_like(model, n, data, seed)
    each = [None] * -(-n // CHUNK) if labels is None else labels.to(z.device).split(CHUNK)
    with at_rest(model, seed), torch.no_grad():
        x = torch.cat([model.generate(part, asked).cpu()                                       # type: ignore[operator]
                       for part, asked in zip(z.split(CHUNK), each, strict=True)])
    return z.float().cpu().flatten(1), labels, x


def judged(data: str, x: Tensor) -> dict[str, Tensor]:
    """The probabilities (N, K) that the judge of built-in data gives to the values of each factor of x."""
    if data not in JUDGED:
        raise UsageError(f"there is no judge that knows the factors of {data}: this is measured on {', '.join(JUDGED)}")
    return judge(data).factors(x)


def _parts(model: Model, size: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Widths and names of the parts: those of the model's `latent`, with its noise or without, else each by itself."""
    spec = getattr(model, "latent", None)
    if isinstance(spec, LatentSpec) and size == spec.size - spec.noise:
        spec = replace(spec, noise=0)
    if not isinstance(spec, LatentSpec) or spec.size != size:
        return (1,) * size, tuple(f"z{i}" for i in range(size))
    names = (*(f"z{i}" for i in range(spec.noise)), *names_of_codes(spec))
    return (1,) * spec.noise + spec.categorical + (1,) * spec.continuous, names

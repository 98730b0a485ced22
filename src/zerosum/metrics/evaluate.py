"""From a model and a data set to scores: draw samples, extract features of both, measure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..core import DataSpec, UsageError, ZerosumError
from .compute import chosen, measure
from .features import Extractor, extractor_for
from .features.extractor import float_batch, resize_note
from .high_frequency import spectral_energy
from .metric import Context
from .score import Score, ScoreCard

if TYPE_CHECKING:
    from ..data import DataConfig, Dataset

CHUNK = 500                                  # samples drawn and turned into features at a time
FAR_OFF = 10.0                               # images that reach it are in another range, not merely unbounded
MOST_IMAGES, MOST_POINTS = 10_000, 2_500     # 2500: the protocol of the mode count

Functions = dict[str, Callable[[Tensor], Tensor]]


def evaluate(model: Any, data: "str | DataConfig | Dataset | Tensor | np.ndarray | None" = None,
             metrics: str | Sequence[str] | None = None, *, n: int | None = None, seed: int = 0,
             features: str | Extractor = "auto") -> dict[str, Score]:
    """Scores of a model's samples against real ones, by name, in the order of `metrics`.

    model: anything that can `sample`, a run, or samples (N, C, H, W) in [-1, 1] or (N, D). data: a data set, or a
    name or settings, of which the test part is taken, or all where there is none; a run knows its own. metrics:
    default 1-nn, kid and fid for images, modes and w2 for points. n: samples to draw; default as many as there are
    real ones, at most 10 000 images or 2500 points. features: auto, judge, pixels, svc, or an extractor. A
    conditional model draws with labels as they occur in the data.
    Raises UsageError for unknown names and things that do not fit, ZerosumError for samples that are not finite.
    """
    if n is not None and n < 2:
        raise UsageError(f"n must be at least 2, not {n}")
    data = _data(model, data)
    wanted = chosen(default_metrics(data) if metrics is None else metrics)
    most = MOST_IMAGES if data.spec.is_image else MOST_POINTS
    extractor = extractor_for(features, data)
    functions = {metric.view: _function(metric.view, metric.name, extractor) for metric in wanted}
    rows = _some(len(data), max(n or 0, most), seed)
    fake, shape = _extract(_fake(model, n or min(len(data), most), data, seed), functions, data.spec)
    real, _ = _extract(_real(data, rows), functions, data.spec)
    card = _card(extractor, data, shape, (len(rows), len(next(iter(fake.values())))), seed)
    context = Context(seed, data.modes, data.mode_std)
    scores: dict[str, Score] = {}
    for metric in wanted:
        if metric.view in ("samples", "spectrum") and shape != data.spec.shape:
            raise UsageError(f"the metric '{metric.name}' compares samples of one shape, and these are "
                             f"{_times(shape)}, the data {_times(data.spec.shape)}: load it at the same image size")
        scores |= measure(metric, real[metric.view], fake[metric.view], context, card)
    return scores


def default_metrics(data: "Dataset") -> list[str]:
    """What is measured unless something else is asked for: what separates best first (1806.07755)."""
    if data.spec.is_image:
        return ["1-nn", "kid", "fid"]
    return ["modes", "w2"] if data.modes is not None else ["1-nn", "mmd", "w2"]


def _data(model: Any, data: Any) -> "Dataset":
    from ..data import ArrayDataset, DataConfig, load_held_out

    if data is None:
        if not hasattr(model, "plan"):
            raise UsageError('say which data the samples are compared with: evaluate(model, data="digits")')
        data = model.plan.data
    if isinstance(data, (Tensor, np.ndarray)):
        x = _given(data).numpy()
        return ArrayDataset(x, DataSpec(tuple(x.shape[1:])), name="given samples", split="all")
    if isinstance(data, str):
        spec = getattr(getattr(model, "model", model), "data", None)
        known = isinstance(spec, DataSpec) and spec.is_image and spec.height == spec.width
        return load_held_out(data, image_size=spec.image_size, channels=spec.channels) if known \
            else load_held_out(data)
    return load_held_out(data) if isinstance(data, DataConfig) else data


def _given(x: Tensor | np.ndarray) -> Tensor:
    """Samples from a user's array: images float in [-1, 1] or uint8, or points."""
    from ..data import to_float

    x = to_float(torch.as_tensor(x).detach().cpu())
    if x.ndim not in (2, 4) or (x.ndim == 4 and x.shape[1] > 4):
        raise UsageError(f"samples must be images (N, C, H, W) or points (N, D), not {tuple(x.shape)}")
    if x.ndim == 4 and x.numel() and float(x.abs().max()) > FAR_OFF:
        raise UsageError(f"images must lie in [-1, 1] or be uint8, and these reach {float(x.abs().max()):g}")
    return x


def _real(data: "Dataset", rows: Tensor) -> Iterator[Tensor]:
    from ..data import to_float

    return (to_float(data.gather(part)["x"]) for part in rows.split(CHUNK))


def _some(count: int, most: int, seed: int) -> Tensor:
    if count <= most:
        return torch.arange(count)
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:most].sort().values


def _fake(model: Any, n: int, data: "Dataset", seed: int) -> Iterator[Tensor]:
    if isinstance(model, (Tensor, np.ndarray)):
        return iter(_given(model).split(CHUNK))
    model = model if hasattr(model, "sample") else getattr(model, "model", model)
    if not hasattr(model, "sample"):
        raise UsageError(f"{getattr(model, 'name', '') or type(model).__name__} cannot draw samples: evaluate takes "
                         "a model that can, a run, or an array of samples")
    return _drawn(model, n, _labels(model, n, data, seed), seed)


def _drawn(model: Any, n: int, labels: Tensor | None, seed: int) -> Iterator[Tensor]:
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        # Every chunk has a seed of its own, so that memory is bounded and no two chunks are alike.
        own = int(np.random.SeedSequence((seed, start)).generate_state(1)[0])
        given = {} if labels is None else {"labels": labels[start:start + size]}
        yield model.sample(size, seed=own, **given)


def _labels(model: Any, n: int, data: "Dataset", seed: int) -> Tensor | None:
    """Labels drawn from the data's, for a model that takes them."""
    conditional = "conditional-generation" in getattr(getattr(model, "card", None), "tasks", ())
    if not conditional or not data.spec.num_classes:
        return None
    rows = torch.randint(len(data), (n,), generator=torch.Generator().manual_seed(seed))
    return torch.cat([data.gather(part)["labels"] for part in rows.split(CHUNK)])


def _function(view: str, metric: str, extractor: Extractor) -> Callable[[Tensor], Tensor]:
    """What turns samples into what a metric looks at."""
    simple = {"features": extractor, "samples": float_batch, "spectrum": spectral_energy}
    if view in simple:
        return simple[view]
    method = getattr(extractor, {"labels": "classify", "probabilities": "probabilities"}[view], None)
    if method is None:
        raise UsageError(f"the metric '{metric}' needs a judge that gives {view}, and {extractor.name} gives none: "
                         "it works on digits, glyphs and shapes with --features judge")
    return method


def _extract(batches: Iterable[Tensor], functions: Functions, spec: DataSpec) -> tuple[dict[str, Tensor],
                                                                                    tuple[int, ...]]:
    """What each function makes of all batches, and the shape of a sample."""
    parts: dict[str, list[Tensor]] = {view: [] for view in functions}
    shape: tuple[int, ...] = ()
    for x in map(float_batch, batches):
        shape = tuple(x.shape[1:])
        if len(shape) != len(spec.shape) or (not spec.is_image and shape != spec.shape):
            raise UsageError(f"the samples are {_times(shape)} and the data is {_times(spec.shape)}")
        bad = int((~torch.isfinite(x)).flatten(1).any(1).sum())
        if bad:
            raise ZerosumError(f"{bad} of {len(x)} samples are NaN or infinite: nothing can be measured")
        x = x.clamp(-1, 1) if spec.is_image else x           # as a picture file would
        for view, function in functions.items():
            parts[view].append(function(x))
    return {view: torch.cat(found) for view, found in parts.items() if found}, shape


def _card(extractor: Extractor, data: "Dataset", shape: tuple[int, ...], counts: tuple[int, int],
          seed: int) -> ScoreCard:
    features = {"name": extractor.name, "dim": extractor.dim, "weights_hash": extractor.weights_hash}
    accuracy, wanted = getattr(extractor, "accuracy", None), getattr(extractor, "shape", None)
    warnings = ()
    if accuracy is not None:
        features["accuracy"] = accuracy
        if accuracy < 0.95:
            warnings = (f"the judge is right on {accuracy:.1%} of the real test images",)
    if wanted is not None and resize_note(shape, wanted):
        features["resize"] = resize_note(shape, wanted)
    return ScoreCard(*counts, data=data.name, split=data.split, image_size=shape[1:], features=features, seed=seed,
                     warnings=warnings)


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))

"""Where the two sets come from: real samples of a data set, and fakes of a model, a run, a data set or an array."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..core import DataSpec, UsageError, condition
from .metric import tensor_of
from .reference import Reference, is_reference

if TYPE_CHECKING:
    from ..data import Dataset

CHUNK = 500                                  # samples drawn and turned into features at a time
FAR_OFF = 10.0                               # images that reach it are in another range, not merely unbounded

# Samples (n, ...) float32 and the classes they have, or should have; made when they are asked for, so that memory is
# bounded and several processes can share the work.
Chunk = Callable[[], tuple[Tensor, Tensor | None]]


def data_for(model: Any, data: Any) -> "Dataset":
    """The data set to compare with: given, named (its test part), an array, or the run's own."""
    from ..data import ArrayDataset, DataConfig, load_held_out

    if isinstance(data, Reference):
        return data
    if data is None:
        if not hasattr(model, "plan"):
            raise UsageError('say which data the samples are compared with: evaluate(model, data="digits")')
        data = model.plan.data
    if isinstance(data, (Tensor, np.ndarray)):
        x = from_array(data).numpy()
        return ArrayDataset(x, DataSpec(tuple(x.shape[1:])), name="given samples", split="all")
    if is_reference(data):
        return Reference.load(data)
    if isinstance(data, (str, Path)):
        spec = getattr(getattr(model, "model", model), "data", None)
        known = isinstance(spec, DataSpec) and spec.is_image and spec.height == spec.width
        return load_held_out(data, image_size=spec.image_size, channels=spec.channels) if known \
            else load_held_out(data)
    return load_held_out(data) if isinstance(data, DataConfig) else data


def from_array(x: Tensor | np.ndarray) -> Tensor:
    """Samples from a user's array: images float in [-1, 1] or uint8, or points."""
    from ..data import to_float

    x = to_float(tensor_of(x, "samples"))
    if x.ndim not in (2, 4) or (x.ndim == 4 and x.shape[1] > 4):
        raise UsageError(f"samples must be images (N, C, H, W) or points (N, D), not {tuple(x.shape)}")
    if x.ndim == 4 and x.numel() and float(x.abs().max()) > FAR_OFF:
        raise UsageError(f"images must lie in [-1, 1] or be uint8, and these reach {float(x.abs().max()):g}")
    return x


def enough(n: int | None) -> None:
    """Raise UsageError for fewer than two samples; None: as many as there are."""
    if n is not None and n < 2:
        raise UsageError(f"n must be at least 2, not {n}")


def some(count: int, most: int, seed: int) -> Tensor:
    """The numbers of at most `most` of `count` samples, drawn without replacement, in order."""
    if count <= most:
        return torch.arange(count)
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:most].sort().values


def real(data: "Dataset", rows: Tensor) -> Sequence[Chunk]:
    """The samples of these numbers, with their labels where the data has any."""
    return [partial(_gathered, data, part) for part in rows.split(CHUNK)]


def _gathered(data: "Dataset", rows: Tensor) -> tuple[Tensor, Tensor | None]:
    from ..data import to_float

    batch = data.gather(rows)
    return to_float(batch["x"]), batch.get("labels")


def fake(model: Any, n: int, data: "Dataset", seed: int) -> Sequence[Chunk]:
    """n samples of a model or a run, asked for labels or captions as they occur in the data; or those of others."""
    if isinstance(model, (Tensor, np.ndarray)):
        return [partial(_given, part) for part in from_array(model).split(CHUNK)]
    if hasattr(model, "gather"):
        return real(model, some(len(model), n, seed))
    model = model_of(model)
    if not hasattr(model, "sample"):
        raise UsageError(f"{getattr(model, 'name', '') or type(model).__name__} cannot draw samples: evaluate takes "
                         "a model that can, a run, or an array of samples")
    rows = rows_like(model, n, data, seed)
    return [partial(_drawn, model, data, (start, min(CHUNK, n - start), seed),
                    None if rows is None else rows[start:start + CHUNK]) for start in range(0, n, CHUNK)]


def renumbered(targets: Tensor, own: Sequence[str], wanted: Sequence[str]) -> Tensor:
    """Classes (N,) of a set that has these names as the numbers that another gives the same names.

    Folders are numbered as their names are sorted: a class that one set lacks moves all that follow. UsageError for a
    class that the other does not have.
    """
    if not own or not wanted or tuple(own) == tuple(wanted):
        return targets
    strange = [own[c] for c in targets.unique() if own[c] not in wanted]
    if strange:
        raise UsageError(f"the generated samples have the class {strange[0]}, and the real ones have only "
                         f"{', '.join(wanted[:12])}{', ...' * (len(wanted) > 12)}")
    return torch.tensor([wanted.index(name) if name in wanted else -1 for name in own])[targets]


def unsigned(model: Any) -> tuple[str, ...]:
    """A warning where images are an array of fractions that looks as if it began at 0 and not at -1."""
    if not isinstance(model, (Tensor, np.ndarray)) or model.ndim != 4:
        return ()
    x = tensor_of(model, "samples")
    if not x.is_floating_point() or not x.numel() or float(x.min()) < 0:
        return ()
    return ("no number of the samples is below 0: images in [0, 1] must be given as 2 x - 1",)


def model_of(subject: Any) -> Any:
    """The model of a run, or what is a model itself."""
    return subject if hasattr(subject, "sample") else getattr(subject, "model", subject)


def _given(x: Tensor) -> tuple[Tensor, None]:
    return x, None


def _drawn(model: Any, data: "Dataset", part: tuple[int, int, int],
           rows: Tensor | None) -> tuple[Tensor, Tensor | None]:
    # Every chunk has a seed of its own, so that no two are alike and any process can draw any of them.
    start, size, seed = part
    own = int(np.random.SeedSequence((seed % 2**64, start)).generate_state(1)[0])
    asked = None if rows is None else asked_by(model, data, rows)
    x = model.sample(size, seed=own, **({} if asked is None else {"labels": asked}))
    classes = data.gather(rows).get("labels") if asked is not None and condition(model) == "text" else asked
    return x if isinstance(x, Tensor) else tensor_of(x, "samples"), classes


def conditional(model: Any, data: "Dataset") -> bool:
    """Whether this model, trained on data like this, is asked for a class, or a caption, with every sample."""
    known = {"labels": data.spec.num_classes > 0, "text": getattr(data, "captions", None) is not None}
    return known.get(condition(model), False)


def rows_like(model: Any, n: int, data: "Dataset", seed: int) -> Tensor | None:
    """Numbers (n,) of samples of the data by whose labels or captions the model is asked; None where it is not.

    Labels are drawn as they occur; captions are taken in turn, in random order, so that each counts alike.
    """
    if not conditional(model, data):
        return None
    generator = torch.Generator().manual_seed(seed)
    if condition(model) == "labels":
        return torch.randint(len(data), (n,), generator=generator)
    return torch.randperm(len(data), generator=generator)[torch.arange(n) % len(data)]


def asked_by(model: Any, data: "Dataset", rows: Tensor) -> Tensor | None:
    """What a model is asked for to make samples like these: their labels (n,), their captions (n, L), or nothing.

    Captions are read with the words that the model has learnt; those that it has not are left out.
    """
    if condition(model) == "labels":
        return torch.cat([data.gather(part)["labels"] for part in rows.split(CHUNK)])
    captions = data.captions if condition(model) == "text" else None
    if captions is None:
        return None
    return model.data.encode([captions[row % len(captions)] for row in rows.tolist()], lenient=True)


def labels_like(model: Any, n: int, data: "Dataset", seed: int) -> Tensor | None:
    """What n samples are asked for by, as it occurs in the data (`asked_by`); None for a model that takes nothing."""
    rows = rows_like(model, n, data, seed)
    return None if rows is None else asked_by(model, data, rows)

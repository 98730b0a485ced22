"""From a model and a data set to scores: draw samples, extract features of both, measure."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..core import DataSpec, UsageError, abilities, require
from . import sources
from .compute import chosen, measure, on_cards
from .features import Extractor, Features, extractor_for
from .features.extractor import about, resize_note
from .look import Looker, Tell, asked_by, times
from .metric import Context, Metric, ModelMetric, Seen
from .protocol import OURS, Protocol, protocol_of
from .reference import STORED, Reference
from .score import Score, ScoreCard

if TYPE_CHECKING:
    from ..data import DataConfig, Dataset

MOST_IMAGES, MOST_POINTS = 10_000, 2_500     # 2500: the protocol of the mode count
AT_SIZE = ("samples", "spectrum")            # views of which both sets must have the same image size


def evaluate(model: Any, data: "str | Path | DataConfig | Dataset | Reference | Tensor | np.ndarray | None" = None,
             metrics: str | Sequence[str] | None = None, *, n: int | None = None, seed: int = 0,
             features: Features = "auto", protocol: str | Protocol = OURS, share: bool = False,
             tell: Tell | None = None) -> dict[str, Score]:
    """Scores of a model's samples against real ones, by name, in the order of `metrics`.

    model: anything that can `sample`, a run, a data set of generated samples, or samples (N, C, H, W) in [-1, 1] or
    (N, D). data: a data set, stored features of one, or a name or settings, of which the test part is taken, or all
    where there is none; a run knows its own. metrics: default 1-nn, kid and fid for images, modes and w2 for points.
    n: samples to draw; default as many as there are real ones, at most 10 000 images or 2500 points. features: a name
    (see `extractor_for`), a file of weights or of an ONNX network, a module, or an extractor; it is moved to the
    model's device. protocol: a published one, or our own. share: the processes of torch.distributed share the drawing
    and looking, and all return the same. tell(done, total): hears how far looking has come, in chunks of samples.
    A conditional model draws with labels as they occur in the data.
    Raises UsageError for unknown names and things that do not fit, ZerosumError for samples that are not finite.
    """
    data, protocol = sources.data_for(model, data), protocol_of(protocol)
    wanted = chosen(default_metrics(data) if metrics is None else metrics)
    extractor = _beside(model, extractor_for(features, data, protocol, [metric.name for metric in wanted]))
    rows, count = _counts(data, n, seed)
    of_sets = [metric for metric in wanted if isinstance(metric, Metric)]
    real, fake, shape = None, None, data.spec.shape
    if of_sets:
        look = Looker(asked_by(of_sets), extractor, protocol, tell)
        real = (data.seen_by(of_sets, extractor, protocol) if isinstance(data, Reference)
                else look.real(data, rows, share))
        fake, shape = look(sources.fake(model, count, data, seed), data.spec, share)
        fake = _in_the_same_classes(fake, model, data)
    memory = _memory(model, of_sets, extractor, protocol)
    context = Context(seed, data.modes, data.mode_std, memory, extractor, protocol)
    card = _card(extractor, data, shape, (len(rows), count if fake is None else len(fake)), context)
    card = replace(card, warnings=(*card.warnings, *sources.unsigned(model)))
    scores: dict[str, Score] = {}
    for metric in wanted:
        if isinstance(metric, Metric):
            _comparable(metric, shape, data.spec)
            scores |= measure(metric, real, fake, context, card)
        else:
            scores |= on_cards(metric.measure(_able(model, metric), data, count, context), card)
    return scores


def _in_the_same_classes(fake: Seen, model: Any, data: "Dataset") -> Seen:
    """The classes of a folder of fakes, which have numbers of their own, by the names that the data gives them."""
    if fake.targets is None or not hasattr(model, "gather"):
        return fake
    return replace(fake, targets=sources.renumbered(fake.targets, model.spec.classes, data.spec.classes))


def _counts(data: "Dataset", n: int | None, seed: int) -> tuple[Tensor, int]:
    """Which real samples are looked at, and how many are drawn."""
    sources.enough(n)
    most = MOST_IMAGES if data.spec.is_image else MOST_POINTS
    return sources.some(len(data), max(n or 0, most), seed), n or min(len(data) or most, most)


def reference(data: "str | Path | DataConfig | Dataset", *, n: int | None = None, seed: int = 0,
              features: Features = "auto", protocol: str | Protocol = OURS, share: bool = False,
              tell: Tell | None = None) -> Reference:
    """What metrics look at of real data, made once: `Reference.save` keeps it, `evaluate` takes it in place of data.

    n: how many samples, drawn with `seed`; default all.
    """
    data, protocol = sources.data_for(None, data), protocol_of(protocol)
    extractor = extractor_for(features, data, protocol)
    sources.enough(n)
    if len(data) < 2:
        raise UsageError(f"features of at least 2 samples are needed, and {data.name} has {len(data)}")
    rows = sources.some(len(data), n or len(data), seed)
    can = {"labels": hasattr(extractor, "classify"), "probabilities": hasattr(extractor, "probabilities"),
           "targets": data.spec.num_classes > 0, "spectrum": data.spec.is_image}
    views = {view: "features" for view in STORED if can.get(view, True)}
    seen = Looker(views, extractor, protocol, tell).real(data, rows, share)
    return Reference(seen, data.name, data.split, data.spec, about(extractor), protocol.name, data.fingerprint, seed,
                     data.factors)


def default_metrics(data: "Dataset") -> list[str]:
    """What is measured unless something else is asked for: what separates best first (1806.07755)."""
    if isinstance(data, Reference) and data.seen.features is None:
        return ["fid"]
    if data.spec.is_image:
        return ["1-nn", "kid", "fid"]
    return ["modes", "w2"] if data.modes is not None else ["1-nn", "mmd", "w2"]


def _comparable(metric: Metric, shape: tuple[int, ...], spec: DataSpec) -> None:
    if shape != spec.shape and set(metric.views) & set(AT_SIZE):
        raise UsageError(f"the metric '{metric.name}' compares samples of one shape, and these are {times(shape)}, "
                         f"the data {times(spec.shape)}: load it at the same image size")


def _able(subject: Any, metric: ModelMetric) -> Any:
    """The model of a run, or the model itself, if it can do what the metric needs."""
    model = sources.model_of(subject)
    if isinstance(model, (Tensor, np.ndarray)) or hasattr(model, "gather"):
        raise UsageError(f"the metric '{metric.name}' looks at a model itself: give a run or a model, not its samples")
    for ability in metric.needs:
        require(model, ability)
    if metric.either and not set(metric.either) & set(abilities(model)):
        require(model, metric.either[-1])
    return model


def _memory(model: Any, metrics: Sequence[Metric], extractor: Extractor, protocol: Protocol) -> Seen | None:
    """What the model was trained on, for the metrics that ask whether it was learnt by heart."""
    asking = [metric for metric in metrics if metric.memory]
    if not asking:
        return None
    if not hasattr(model, "plan"):
        raise UsageError(f"the metric '{asking[0].name}' needs a run, which knows what it was trained on; for arrays "
                         "there is zerosum.metrics.compute(..., train=...)")
    train = model.data
    rows = sources.some(len(train), MOST_IMAGES * 5, 0)
    return Looker(asked_by(asking), extractor, protocol).real(train, rows)


def _beside(model: Any, extractor: Extractor) -> Extractor:
    """The extractor, moved to the model's device where both have one."""
    device = getattr(sources.model_of(model), "device", None)
    return extractor.to(device) if isinstance(device, torch.device) and hasattr(extractor, "to") else extractor


def _card(extractor: Extractor, data: "Dataset", shape: tuple[int, ...], counts: tuple[int, int],
          context: Context) -> ScoreCard:
    features = about(extractor)
    accuracy, wanted = getattr(extractor, "accuracy", None), getattr(extractor, "shape", None)
    if accuracy is not None:
        features |= {"accuracy": accuracy, "task": getattr(extractor, "task", "class")}
    if wanted is not None and (note := resize_note(shape, wanted, getattr(extractor, "resize", "antialias"))):
        features["resize"] = note
    size = data.spec.shape[1:]
    return ScoreCard(*counts, data=data.name, split=data.split, image_size=size, features=features,
                     fake_size=() if shape[1:] == size else shape[1:], protocol=context.protocol.name,
                     quantised=context.protocol.quantised and data.spec.is_image, seed=context.seed,
                     warnings=getattr(extractor, "warnings", ()))

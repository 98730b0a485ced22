"""Scores of predictions, each against its own target, with their cards."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...core import UsageError, ZerosumError, unknown
from ..features.extractor import Layers
from ..metric import tensor_of
from ..resampling import interval
from ..score import Score, ScoreCard
from ..sources import from_array
from . import segmentation
from .lpips import perceptual_distance
from .psnr import RANGE, psnr
from .ssim import SIGMA, WEIGHTS, WINDOW, ms_ssim, scales_of, ssim

Array = Tensor | np.ndarray
AT_A_TIME = 2**20                            # numbers of a batch: what is made of them stays in the processor's cache
RESAMPLED = 1000                             # sets of images drawn for the interval of what is counted over all images
FEW = 20                                     # images, below which a resampled interval is too narrow


@dataclass(frozen=True)
class ImageMetric:
    """A number for each pair of images, (N, C, H, W) in [-1, 1] twice -> (N,), of which the mean is the score."""

    of: Callable[[Tensor, Tensor], Tensor]
    better: Literal["lower", "higher"]
    ideal: float | None
    settings: dict[str, Any] = field(default_factory=dict)
    features: dict[str, Any] = field(default_factory=dict)
    warning: str = ""


SSIM_WINDOW = {"window": f"Gaussian {WINDOW}x{WINDOW}, sigma {SIGMA}, inside the image"}

IMAGE_METRICS = ("psnr", "ssim", "ms-ssim", "lpips")

# Names, and numbers from counts (..., 3, classes): of each class, whose mean is the score, or one for all.
LABEL_METRICS: dict[str, Callable[[Tensor], Tensor]] = {
    "miou": segmentation.per_class_iou, "dice": segmentation.per_class_dice,
    "pixel-accuracy": lambda counts: segmentation.accuracy(counts).unsqueeze(-1)}
PAIRED = (*IMAGE_METRICS, *LABEL_METRICS)


@torch.no_grad()
def compare_pairs(names: str | Sequence[str], *, prediction: Array, target: Array, features: Layers | None = None,
                  weights: Sequence[Tensor] | None = None, ignore: int | None = None) -> dict[str, Score]:
    """Scores of predictions against the targets in the same places, by name, in the order of `names`.

    psnr, ssim, ms-ssim, lpips: of images (N, C, H, W), float in [-1, 1] (what lies outside is clamped) or uint8.
    miou, dice, pixel-accuracy: of label maps (N, H, W) of whole numbers; `ignore` is the target's label that does not
    count. features and weights: the network of lpips, default the shipped one of photos, and what each of its channels
    weighs, default 1.
    Raises UsageError for unknown names and arrays that do not fit, ZerosumError for numbers that are not finite.
    """
    names = chosen(names)
    prediction, target = (x if isinstance(x, Tensor) else tensor_of(x, what)
                          for x, what in ((prediction, "predictions"), (target, "targets")))
    _check(names, prediction, target)
    card = ScoreCard(len(target), len(target), data="pairs", image_size=tuple(target.shape[-2:]))
    if target.ndim == 3:
        counts = segmentation.overlap(torch.as_tensor(prediction), torch.as_tensor(target), ignore)
        return {name: _of_labels(name, counts, replace(card, settings={"ignore": ignore})) for name in names}
    shape = tuple(target.shape[1:])
    metrics = {name: _lpips(shape, features, weights) if name == "lpips" else _of_pixels(name, shape) for name in names}
    values: dict[str, list[Tensor]] = {name: [] for name in names}
    lowest = 0.0
    for x, y in _batches(prediction, target):
        lowest = min(lowest, float(y.min()))
        for name, metric in metrics.items():
            values[name].append(metric.of(x, y).double().cpu())
    card = replace(card, quantised=all(_dtype(side) == "uint8" for side in (prediction, target)), warnings=(
        "no number of the targets is below 0: images in [0, 1] must be given as 2 x - 1",) * (lowest == 0))
    return {name: _of_images(name, metric, torch.cat(values[name]), card) for name, metric in metrics.items()}


def chosen(names: str | Sequence[str]) -> list[str]:
    """The names in "psnr,ssim" or a list, each once; an unknown one is a UsageError that names the nearest."""
    found = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    if not found:
        raise UsageError(f"no metric is named; there is: {', '.join(PAIRED)}")
    for name in found:
        if name not in PAIRED:
            raise unknown("paired metric", name, PAIRED)
    return list(dict.fromkeys(found))


def _of_pixels(name: str, shape: tuple[int, ...]) -> ImageMetric:
    if name == "psnr":
        return ImageMetric(psnr, "higher", None)
    if name == "ssim":
        return ImageMetric(ssim, "higher", 1.0, SSIM_WINDOW)
    scales = scales_of(*shape[1:])
    warning = "" if scales == len(WEIGHTS) else (
        f"images of this size have room for {scales} of {len(WEIGHTS)} scales: no number of larger ones")
    return ImageMetric(ms_ssim, "higher", 1.0, SSIM_WINDOW | {"scales": scales}, warning=warning)


def _lpips(shape: tuple[int, ...], network: Layers | None, weights: Sequence[Tensor] | None) -> ImageMetric:
    if network is None:
        from ..features.judge import photo_features

        network = photo_features()
    if not isinstance(network, Layers):
        raise UsageError(f"lpips looks at the layers of a network, and {getattr(network, 'name', network)} has none: "
                         "use features photos, or the judge")
    dim = sum(layer.shape[1] for layer in network.layers(torch.zeros(1, *shape)))
    features = {"name": network.name, "dim": dim, "weights_hash": network.weights_hash}
    settings, warning = {"channel_weights": "1"}, "every channel weighs 1: no number of the published LPIPS"
    if weights is not None:
        learnt = b"".join(weight.numpy().tobytes() for weight in weights)
        settings, warning = {"channel_weights": hashlib.blake2b(learnt, digest_size=8).hexdigest()}, ""
    distance = partial(perceptual_distance, extractor=network, weights=weights)
    return ImageMetric(distance, "lower", 0.0, settings, features, warning)


def _check(names: Sequence[str], prediction: Array, target: Array) -> None:
    """Raise UsageError unless both are as many images, or label maps, of one shape, as all metrics want."""
    if len(prediction) != len(target):
        raise UsageError(f"there are {len(prediction)} predictions and {len(target)} targets: they must be as many, in "
                         "the same order")
    if prediction.shape != target.shape:
        raise UsageError(f"a prediction is {_times(prediction)} and a target {_times(target)}: they must be of one "
                         "size")
    if not len(target):
        raise UsageError("there are no pairs to compare")
    for name in names:
        if target.ndim != (4 if name in IMAGE_METRICS else 3):
            wanted = "images (N, C, H, W)" if name in IMAGE_METRICS else "label maps (N, H, W) of whole numbers"
            raise UsageError(f"{name} compares {wanted}, not {_dtype(target)} {tuple(target.shape)}")


def _batches(prediction: Array, target: Array) -> Iterator[tuple[Tensor, Tensor]]:
    size = max(1, AT_A_TIME // int(np.prod(target.shape[1:])))
    for start in range(0, len(target), size):
        x, y = (from_array(side[start:start + size]) for side in (prediction, target))
        for what, side in (("predictions", x), ("targets", y)):
            if not torch.isfinite(side).all():
                raise ZerosumError(f"{what} from number {start} on are NaN or infinite: nothing can be measured")
        yield x.clamp(-1, 1), y.clamp(-1, 1)             # as a picture file would


def _of_images(name: str, metric: ImageMetric, values: Tensor, card: ScoreCard) -> Score:
    """The mean over images, and Student's interval of it."""
    mean, n = float(values.mean()), len(values)
    warnings = [*card.warnings, *[metric.warning] * bool(metric.warning)]
    reach = None
    if np.isinf(mean):
        warnings.append(f"{int(values.isinf().sum())} of {n} pairs are equal, and infinitely good")
    elif n > 1:
        low, high = interval(mean, values.tolist(), n**-0.5)
        best = float("inf") if metric.ideal is None else metric.ideal
        reach = (max(low, best), high) if metric.better == "lower" else (low, min(high, best))
    return Score(name, mean, replace(
        card, settings={"data_range": RANGE, "mean": "over images"} | metric.settings, features=metric.features,
        better=metric.better, ideal=metric.ideal, unit="dB" * (name == "psnr"), interval=reach,
        interval_method="Student, over images" * bool(reach), warnings=tuple(warnings)))


def _of_labels(name: str, counts: Tensor, card: ScoreCard) -> Score:
    """The number counted over all images, and its interval by drawing as many images anew."""
    per_class, n = LABEL_METRICS[name](counts.sum(0)), len(counts)
    details = {} if len(per_class) == 1 else {
        "per_class": [None if value.isnan() else float(value) for value in per_class]}
    reach, warnings = None, ()
    if n > 1:
        drawn = torch.randint(n, (RESAMPLED, n), generator=torch.Generator().manual_seed(card.seed))
        times = torch.zeros(RESAMPLED, n, dtype=torch.float64).scatter_add_(1, drawn, torch.ones_like(drawn).double())
        resampled = LABEL_METRICS[name]((times @ counts.flatten(1)).view(RESAMPLED, 3, -1)).nanmean(-1)
        low, high = torch.nanquantile(resampled, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
        reach = (low, high)
        warnings = (f"the interval of {n} images is narrower than it should be",) * (n < FEW)
    return Score(name, float(per_class.nanmean()), replace(
        card, settings=card.settings | {"counted": "over all images", "absent classes": "left out"}, details=details,
        better="higher", ideal=1.0, interval=reach, interval_method="bootstrap, over images" * bool(reach),
        warnings=warnings))


def _dtype(x: Array) -> str:
    return str(x.dtype).removeprefix("torch.")


def _times(x: Array) -> str:
    return "x".join(map(str, x.shape[1:]))

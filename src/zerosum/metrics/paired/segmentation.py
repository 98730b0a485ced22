"""Overlap of label maps: mean intersection over union, mean Dice and pixel accuracy; higher is better, 1 is ideal.

All images are counted together, as in PASCAL VOC and Cityscapes: a mean of per-image values is another number. A class
that is in no prediction and no target is left out of the mean; one that is predicted and never there counts 0. Pixels
whose target is the ignored label count nowhere. Pixel accuracy is high for whoever predicts the background only.
"""

import torch
from torch import Tensor

from ...core import UsageError, ZerosumError

MOST_CLASSES = 4096                          # more are a picture taken for a label map


def mean_iou(prediction: Tensor, target: Tensor, ignore: int | None = None) -> float:
    """Mean over classes of TP / (TP + FP + FN), of label maps (N, H, W) of whole numbers."""
    return _mean(per_class_iou(overlap(prediction, target, ignore).sum(0)))


def mean_dice(prediction: Tensor, target: Tensor, ignore: int | None = None) -> float:
    """Mean over classes of 2 TP / (2 TP + FP + FN), of label maps (N, H, W) of whole numbers."""
    return _mean(per_class_dice(overlap(prediction, target, ignore).sum(0)))


def pixel_accuracy(prediction: Tensor, target: Tensor, ignore: int | None = None) -> float:
    """The share of pixels with the right label, of label maps (N, H, W) of whole numbers."""
    return float(accuracy(overlap(prediction, target, ignore).sum(0)))


def overlap(prediction: Tensor, target: Tensor, ignore: int | None = None) -> Tensor:
    """Pixels of each image that are rightly of a class, predicted to be, and truly are: (N, 3, classes) float64.

    Raises UsageError for maps of different shapes, of numbers that are not whole, and negative labels; ZerosumError
    where every pixel is ignored.
    """
    for labels in (prediction, target):
        if labels.ndim != 3 or labels.is_floating_point() or labels.shape != target.shape:
            raise UsageError("label maps must be whole numbers (N, H, W) of one shape, not "
                             f"{tuple(prediction.shape)} and {tuple(target.shape)}")
    prediction, target = prediction.long().flatten(1), target.long().flatten(1)
    valid = torch.ones_like(target, dtype=torch.bool) if ignore is None else target != ignore
    if not valid.any():
        raise ZerosumError("every pixel of the target is ignored: nothing can be measured")
    # Where it is predicted, the ignored label is no class: only a pixel that was missed.
    named = valid if ignore is None else valid & (prediction != ignore)
    seen = torch.cat([prediction[named], target[valid]])
    lowest, classes = int(seen.min()), int(seen.max()) + 1
    if lowest < 0 or classes > MOST_CLASSES:
        raise UsageError(f"labels must lie between 0 and {MOST_CLASSES - 1}, not {lowest} to {classes - 1}: name the "
                         "label of pixels that do not count (ignore=255)")
    right = valid & (prediction == target)
    return torch.stack([torch.stack([torch.bincount(row[kept], minlength=classes) for row, kept in pair])
                        for pair in (list(zip(target, right, strict=True)), list(zip(prediction, named, strict=True)),
                                     list(zip(target, valid, strict=True)))], 1).double()


def per_class_iou(counts: Tensor) -> Tensor:
    """Intersection over union from counts (..., 3, classes): (..., classes), NaN for a class that is nowhere."""
    right, predicted, there = counts.unbind(-2)
    return right / (predicted + there - right)


def per_class_dice(counts: Tensor) -> Tensor:
    """Dice coefficients from counts (..., 3, classes): (..., classes), NaN for a class that is nowhere."""
    right, predicted, there = counts.unbind(-2)
    return 2 * right / (predicted + there)


def accuracy(counts: Tensor) -> Tensor:
    """The share of right pixels from counts (..., 3, classes): (...)."""
    return counts[..., 0, :].sum(-1) / counts[..., 2, :].sum(-1)


def _mean(per_class: Tensor) -> float:
    return float(per_class.nanmean())

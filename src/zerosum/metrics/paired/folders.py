"""Predictions and targets in two folders, zips, packed files or arrays."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from ...core import UsageError
from ..features.extractor import Layers
from ..score import Score
from .compare import chosen, compare_pairs

if TYPE_CHECKING:
    from ...data.source import Source


def compare_folders(names: str | Sequence[str], *, prediction: str, target: str, image_size: int = 0,
                    features: Layers | None = None, weights: Sequence[Tensor] | None = None) -> dict[str, Score]:
    """Scores of the images in one place against those in another, which must be as many, in the order of their names.

    image_size: bring both to this size; 0: as they are. Files of other names are compared in order, with a warning.
    Raises UsageError for images that do not fit together, and for metrics of label maps.
    """
    from ...data import BUILTIN, DataConfig, load_data
    from ...data.load import open_path

    names = chosen(names)
    for path in (prediction, target):
        if path in BUILTIN:
            raise UsageError(f"pairs are read from two paths, and {path} is built-in data")
    sources = [open_path(DataConfig(data=path)) for path in (prediction, target)]
    warnings = _pairing(*sources)
    x, y = (load_data(path, split="all", image_size=image_size).x for path in (prediction, target))
    scores = compare_pairs(names, prediction=x, target=y, features=features, weights=weights)
    return {name: replace(score, card=replace(score.card, data=sources[1].name, split="all",
                                              warnings=(*score.card.warnings, *warnings)))
            for name, score in scores.items()}


def _pairing(prediction: "Source", target: "Source") -> tuple[str, ...]:
    """A warning where files are paired by their order only; UsageError where one is missing."""
    first, second = ([Path(found.name_of(row)).with_suffix("").as_posix() for row in found.rows("all")]
                     for found in (prediction, target))
    if len(first) != len(second):
        alone = min(set(first) ^ set(second))
        raise UsageError(f"{prediction.name} holds {len(first)} images and {target.name} {len(second)}: they must be "
                         f"pairs, and {alone} is alone")
    other = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    if not other or not all(hasattr(found.pixels, "names") for found in (prediction, target)):
        return ()
    return (f"{len(other)} of {len(first)} files have other names and are paired in order: {other[0][0]} with "
            f"{other[0][1]}",)

"""The clinic: what samples of each ill training look like."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import INK, new_figure, save


def draw(pictures: Mapping[str, Any], path: Path) -> None:
    """Samples of each ill training, beside each other."""
    rows = -(-len(pictures) // 4)
    figure = new_figure(11.0, 2.9 * rows, layout="constrained")
    axes = list(figure.subplots(rows, 4, squeeze=False).flat)
    for axis in axes:
        axis.axis("off")
    for axis, (name, picture) in zip(axes, pictures.items(), strict=False):
        axis.imshow(picture.convert("RGB"), interpolation="nearest")
        axis.set_title(name, fontsize=9, color=INK)
    save(figure, path)

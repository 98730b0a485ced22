"""What each system's best part of every factor changes: a block of traversals for each system."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import INK, new_figure, save


def draw(document: Mapping[str, Any], pictures: Mapping[str, Any], path: Path) -> None:
    """A block for each system: a row for each factor, along the part of the latent that knows most of it."""
    columns = 3
    rows = -(-len(pictures) // columns)
    figure = new_figure(11.5, 2.9 * rows)
    axes = list(figure.subplots(rows, columns, squeeze=False, gridspec_kw={"wspace": 0.75, "hspace": 0.15}).flat)
    for axis, (name, picture) in zip(axes, pictures.items(), strict=False):
        made = document["shapes"]["systems"][name]["seeds"][str(document["seeds"][0])]["ways"]["made"]
        _block(axis, name, picture, [f"{factor}: {part} ({made['it knows'][factor]:.2f})"
                                     for factor, part in made["best part"].items()])
    for axis in axes[len(pictures):]:
        axis.axis("off")
    save(figure, path, colours=255, bbox_inches="tight")


def _block(axis: Any, title: str, picture: Any, rows: list[str]) -> None:
    """One picture, whose rows have names at their side."""
    axis.imshow(picture, interpolation="nearest")
    height = picture.height / len(rows)
    axis.set_yticks([(i + 0.5) * height - 0.5 for i in range(len(rows))], rows, fontsize=8)
    axis.set_xticks([])
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)
    axis.set_title(title, fontsize=10, color=INK)

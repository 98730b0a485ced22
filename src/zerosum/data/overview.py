"""Draw an overview of a data set: labelled pictures by class, or points with their modes."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import torch

from ..core import UsageError, ZerosumError, whole_file
from .builtin.shipped import font_file
from .dataset import ArrayDataset
from .fit import COLOURS, to_channels
from .inspect import Survey

if TYPE_CHECKING:
    from PIL import ImageFont

COLUMNS, ROWS, POINTS = 12, 10, 10_000
GAP, MARGIN, INK, PAPER = 4, 16, (40, 40, 40), (232, 232, 232)


def picture(dataset: ArrayDataset, path: str | Path, whole: Survey | None = None) -> Path:
    """Write an overview PNG and return its path; where the data is only a glimpse, `whole` has the true counts.

    Raises UsageError for another kind of file and ZerosumError where it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UsageError(f"cannot write {path.suffix or path}: name a .png file")
    with whole_file(path, _advice) as file:
        (_draw_images if dataset.spec.is_image else _draw_points)(dataset, file, whole)
    return path


def _advice(error: OSError, path: Path) -> ZerosumError:
    return ZerosumError(f"{path} cannot be written ({error.strerror or error}): give another -o")


def heading(dataset: ArrayDataset, whole: Survey | None) -> str:
    """One line: name, part, count, shape, classes."""
    shape = "x".join(map(str, dataset.spec.shape))
    classes = f", {dataset.spec.num_classes} classes" if dataset.spec.num_classes else ""
    count = len(dataset.x) if whole is None else whole.count
    return f"{Path(dataset.name).name} ({dataset.split}): {count} samples of {shape}{classes}"


def _draw_images(dataset: ArrayDataset, file: BinaryIO, whole: Survey | None) -> None:
    from PIL import Image, ImageDraw

    rows = _rows(dataset, {} if whole is None else whole.labels)
    _, height, width = dataset.spec.shape
    zoom = max(1, 48 // max(height, width)) if max(height, width) <= 96 else 96 / max(height, width)
    tile = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    font = _font(14)
    side = max((font.getbbox(name)[2] for name, _ in rows), default=0) + (GAP * 2 if rows[0][0] else 0)
    top = MARGIN + 26
    sheet = Image.new("RGB", (max(2 * MARGIN + side + COLUMNS * (tile[0] + GAP), 460),
                              top + MARGIN + len(rows) * (max(tile[1], 16) + GAP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN - 4), heading(dataset, whole), INK, _font(15))
    for i, (name, numbers) in enumerate(rows):
        y = top + i * (max(tile[1], 16) + GAP)
        draw.text((MARGIN, y + tile[1] // 2), name, INK, font, anchor="lm")
        x = dataset.gather(torch.from_numpy(numbers))["x"].numpy() if len(numbers) else ()
        for j, one in enumerate(x):
            shown = Image.fromarray(_visible(one)).resize(tile, Image.Resampling.NEAREST if zoom >= 1 else None)
            sheet.paste(shown, (MARGIN + side + j * (tile[0] + GAP), y))
    sheet.save(file, "PNG")


def _rows(dataset: ArrayDataset, counts: dict[str, int]) -> list[tuple[str, np.ndarray]]:
    """Names and sample numbers of the rows: one class each, or evenly spread samples where there are none."""
    count = len(dataset.x)
    if dataset.labels is None or dataset.spec.num_classes > 4 * ROWS:
        spread = np.unique(np.linspace(0, count - 1, min(count, COLUMNS * ROWS)).astype(np.int64))
        return [("", part) for part in np.array_split(spread, range(COLUMNS, len(spread), COLUMNS))]
    rows = []
    lines = max(1, ROWS // dataset.spec.num_classes)         # of each class
    for label, name in enumerate(dataset.spec.classes):
        members = np.flatnonzero(dataset.labels == label)
        spread = members[np.linspace(0, len(members) - 1, min(len(members), COLUMNS * lines)).astype(np.int64)]
        first = f"{name if len(name) <= 24 else name[:23] + '…'}  {counts.get(name, len(members))}"
        parts = np.array_split(spread, range(COLUMNS, len(spread), COLUMNS))
        rows += [(first if i == 0 else "", part) for i, part in enumerate(parts)]
    return rows


def _visible(x: np.ndarray) -> np.ndarray:
    """One stored picture (C, H, W) as RGB (H, W, 3) uint8; of more than four channels the first is shown."""
    if x.dtype == np.uint16:
        x = (x >> 8).astype(np.uint8)
    elif x.dtype.kind == "f":
        x = np.rint((x + 1) * 127.5).astype(np.uint8)
    return np.ascontiguousarray(to_channels(x if len(x) in COLOURS else x[:1], 3).transpose(1, 2, 0))


def _font(size: int) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(str(font_file("DejaVuSans")), size)


def _draw_points(dataset: ArrayDataset, file: BinaryIO, whole: Survey | None) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((6, 6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    some = np.random.RandomState(0).permutation(len(dataset.x))[:POINTS]
    x = dataset.x[some]
    across, up = x[:, 0], x[:, 1] if x.shape[1] > 1 else np.zeros(len(x))
    colour = None if dataset.labels is None else dataset.labels[some]
    axes.scatter(across, up, 3, c=colour, cmap="tab20" if colour is not None else None, alpha=0.6, linewidths=0)
    if dataset.modes is not None:
        axes.plot(*dataset.modes.T.numpy(), "k+", markersize=9, label=f"modes, std {dataset.mode_std:g}")
        axes.legend(loc="upper right")
    more = f" (the first two of {x.shape[1]} coordinates)" if x.shape[1] > 2 else ""
    axes.set_title(heading(dataset, whole) + more, fontsize=10)
    axes.set_aspect("equal")
    FigureCanvasAgg(figure).print_png(file)

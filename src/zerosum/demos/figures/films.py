"""The frames of the films: scores as bands of colour, real points, samples with arrows; and a sheet of stills."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..films import Bounds, Scene
from . import FAKE, INK, REAL, new_figure, save

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE, FINE = 224, 3                          # pixels of a frame; how much finer it is drawn than shown
# From what D takes for fake to what it takes for real; bands rather than a blend keep a film small.
BANDS = np.array([(96, 139, 193), (134, 168, 210), (173, 198, 226), (209, 223, 239), (240, 240, 240),
                  (250, 228, 200), (248, 207, 158), (243, 183, 114), (233, 156, 72)], np.uint8)
SECONDS, HOLD = 8, 2
LONGEST = 0.4                                # in units of the plane: an arrow of a gradient of 1


def draw(scene: Scene, real: Tensor, view: Bounds) -> "Image":
    """One picture, SIDE pixels wide and high.

    Bands are of the score's distance from the middle of real and generated ones, in standard deviations over the plane;
    an arrow is as long as the root of the gradient, so that small and large ones can be seen together.
    """
    from PIL import Image, ImageDraw

    image = Image.fromarray(_bands(scene)).resize((SIDE * FINE, SIDE * FINE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    for x, y in _pixels(real, view):
        pen.ellipse((x - FINE, y - FINE, x + FINE, y + FINE), REAL)
    length = scene.arrows.norm(dim=1, keepdim=True)
    ends = scene.samples + scene.arrows / length.clamp(min=1e-12) * length.sqrt().clamp(max=1.6) * LONGEST
    radius = 2.2 * FINE
    for (x, y), end in zip(_pixels(scene.samples, view), _pixels(ends, view), strict=True):
        pen.line((x, y, *end), FAKE, FINE + 1)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), FAKE)
    return _in_few_colours(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _in_few_colours(image: "Image") -> "Image":
    """The same picture in the colours it is drawn with: what blends there are at edges would double a film's size."""
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette([*BANDS.flatten().tolist(), *(channel for name in (REAL, FAKE) for channel in _rgb(name))])
    return image.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")


def _rgb(name: str) -> tuple[int, ...]:
    return tuple(int(name[at:at + 2], 16) for at in (1, 3, 5))


def _bands(scene: Scene) -> np.ndarray:
    fine = torch.nn.functional.interpolate(scene.heat[None, None], (SIDE, SIDE), mode="bilinear")[0, 0]
    height = (fine - scene.middle) / scene.heat.std().clamp(min=1e-6)
    band = ((height / 1.6).tanh() * 4.49).round().long() + 4
    return BANDS[band.numpy()]


def _pixels(points: Tensor, view: Bounds) -> list[tuple[float, float]]:
    left, bottom, right, top = view
    x, y = (points[:, 0] - left) / (right - left), (top - points[:, 1]) / (top - bottom)
    return [tuple(at) for at in (torch.stack([x, y], 1).clamp(-9, 9) * SIDE * FINE).tolist()]


def write(frames: Sequence["Image"], steps: Sequence[int], target: Path) -> None:
    """Write a film, each frame with its step beneath."""
    from ...runs.pictures import save_png
    from ...runs.timelapse import timelapse

    with TemporaryDirectory() as folder:
        paths = [Path(folder) / f"step-{step}.png" for step in steps]
        for picture, path in zip(frames, paths, strict=True):
            save_png(picture, path)
        timelapse(paths, target, SECONDS, HOLD)


def sheet(stills: Mapping[str, Sequence["Image"]], steps: Sequence[int], path: Path) -> None:
    """A row per objective, a column per moment."""
    figure = new_figure(1.5 * len(steps), 1.56 * len(stills), layout="constrained")
    rows = figure.subplots(len(stills), len(steps), squeeze=False)
    for row, (name, pictures) in zip(rows, stills.items(), strict=True):
        for axis, picture in zip(row, pictures, strict=True):
            axis.imshow(picture)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(name, fontsize=9, color=INK)
    for axis, step in zip(rows[0], steps, strict=True):
        axis.set_title(f"step {step:,}", fontsize=9, color=INK)
    save(figure, path, colours=48)

"""Pictures of samples: grids of images and scatter plots of points."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..core import DataSpec, UsageError
from ..engine import atomic

Bounds = tuple[float, float, float, float]   # left, bottom, right, top

COMFORTABLE = 512                            # pixels: the width below which a picture is enlarged on request
PAPER, INK, RULE = (255, 255, 255), (90, 96, 104), (232, 235, 239)
REAL, FAKE = (128, 138, 150), (213, 82, 22)


def to_uint8(x: Tensor) -> Tensor:
    """Turn samples in [-1, 1] into bytes of the same shape: 127.5 x + 127.5, rounded half to even, clipped to 0..255.

    It is the exact inverse of the loaders' u / 127.5 - 1; what is not a number becomes 0.
    """
    return (x.detach().float() * 127.5 + 127.5).nan_to_num(nan=0.0).round().clamp(0, 255).to(torch.uint8)


def grid(x: Tensor, columns: int | None = None, pad: int = 0, zoom: int | None = 1) -> Image.Image:
    """Lay out images (N, C, H, W) in [-1, 1] row by row; cells that are left over are black.

    `columns` is floor(sqrt(N)) unless given, as in the Keras tutorial; `pad` black pixels stand between the cells.
    `zoom` repeats every pixel; None takes the smallest whole zoom that makes the grid 512 pixels wide. C = 1 to 4 is
    grey, grey + alpha, RGB, RGB + alpha; of more channels each is shown in grey. Raises UsageError for other shapes.
    """
    if x.dim() != 4 or x.shape[0] == 0:
        raise UsageError(f"a grid needs images (N, C, H, W) with N > 0, not a tensor of shape {tuple(x.shape)}")
    cells = _channels_side_by_side(to_uint8(x).cpu())
    columns = columns or math.isqrt(len(cells))
    rows = math.ceil(len(cells) / columns)
    if zoom is None:
        zoom = max(1, math.ceil(COMFORTABLE / (columns * cells.shape[3])))
    cells = cells.repeat_interleave(zoom, 2).repeat_interleave(zoom, 3)
    channels, height, width = cells.shape[1:]
    canvas = torch.zeros(channels, rows * (height + pad) - pad, columns * (width + pad) - pad, dtype=torch.uint8)
    if channels in (2, 4):
        canvas[-1] = 255                     # black, not transparent
    for index, cell in enumerate(cells):
        top, left = index // columns * (height + pad), index % columns * (width + pad)
        canvas[:, top:top + height, left:left + width] = cell
    array = canvas.permute(1, 2, 0).numpy()
    return Image.fromarray(array[:, :, 0] if channels == 1 else np.ascontiguousarray(array))


def _channels_side_by_side(cells: Tensor) -> Tensor:
    """Show images of more than four channels as grey tiles, (N, 1, rows H, columns W)."""
    n, channels, height, width = cells.shape
    if channels <= 4:
        return cells
    columns = math.ceil(math.sqrt(channels))
    rows = math.ceil(channels / columns)
    tiles = torch.zeros(n, rows * columns, height, width, dtype=torch.uint8)
    tiles[:, :channels] = cells
    return tiles.view(n, rows, columns, height, width).transpose(2, 3).reshape(n, 1, rows * height, columns * width)


def bounds_of(points: Tensor) -> Bounds:
    """The square (left, bottom, right, top) around the finite points (N, 2), with a margin of an eighth."""
    points = points[points.isfinite().all(1)]
    if len(points) == 0:
        return -1.0, -1.0, 1.0, 1.0
    low, high = points.amin(0), points.amax(0)
    (x, y), half = ((low + high) / 2).tolist(), (high - low).max().item() * 0.625 or 1.0
    return x - half, y - half, x + half, y + half


def scatter(points: Tensor, real: Tensor | None = None, size: int = 512, bounds: Bounds | None = None) -> Image.Image:
    """Draw generated points (N, 2) over real ones (M, 2), in `bounds`, or else in the square around the real ones.

    The axes depend on the real points alone, so that pictures of one run can be laid over each other; how many
    generated points lie outside is written in the corner.
    """
    points = points.detach().float().cpu()
    real = None if real is None else real.detach().float().cpu()
    bounds = bounds or bounds_of(points if real is None else real)
    canvas = np.full((size, size, 3), PAPER, np.float64)
    _draw_rules(canvas, bounds)
    if real is not None:
        _draw_discs(canvas, real, bounds, REAL)
    outside = len(points) - _draw_discs(canvas, points, bounds, FAKE)
    image = Image.fromarray(canvas.round().clip(0, 255).astype(np.uint8))
    _write_labels(image, bounds, real is not None, outside)
    return image


def _pixels(points: Tensor, bounds: Bounds, size: int) -> np.ndarray:
    left, bottom, right, top = bounds
    xy = points.double().numpy()
    return np.stack([(xy[:, 0] - left) / (right - left), (top - xy[:, 1]) / (top - bottom)], 1) * size - 0.5


def _draw_discs(canvas: np.ndarray, points: Tensor, bounds: Bounds, colour: tuple[int, int, int]) -> int:
    """Blend antialiased discs into the canvas; returns how many centres lie on it."""
    size = canvas.shape[0]
    xy = _pixels(points, bounds, size)
    with np.errstate(invalid="ignore"):
        xy = xy[((xy >= -0.5) & (xy < size - 0.5)).all(1)]
    # Many points are drawn fainter, so that density stays visible.
    radius, opacity = size / 512 * 2.4, min(0.85, max(0.25, 12 / math.sqrt(len(xy) + 1)))
    reach, base = math.ceil(radius + 1), np.floor(xy).astype(int)
    clear = np.zeros(size * size)            # sum of log(1 - opacity): the order of the discs does not matter
    for dx in range(-reach, reach + 2):
        for dy in range(-reach, reach + 2):
            column, row = base[:, 0] + dx, base[:, 1] + dy
            cover = (radius + 0.5 - np.hypot(column - xy[:, 0], row - xy[:, 1])).clip(0, 1)
            seen = (cover > 0) & (column >= 0) & (column < size) & (row >= 0) & (row < size)
            clear += np.bincount((row * size + column)[seen], np.log1p(-opacity * cover[seen]), size * size)
    clear = np.exp(clear).reshape(size, size, 1)
    canvas *= clear
    canvas += np.array(colour) * (1 - clear)
    return len(xy)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers inside (low, high), four to nine of them."""
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step *= next((m for m in (5, 2) if (high - low) / (m * step) >= 4), 1)
    return [k * step for k in range(math.ceil(low / step + 1e-9), math.floor(high / step - 1e-9) + 1)]


def _draw_rules(canvas: np.ndarray, bounds: Bounds) -> None:
    left, bottom, right, top = bounds
    size = canvas.shape[0]
    for value in _ticks(left, right):
        canvas[:, min(size - 1, int((value - left) / (right - left) * size))] = RULE
    for value in _ticks(bottom, top):
        canvas[min(size - 1, int((top - value) / (top - bottom) * size))] = RULE


def _write_labels(image: Image.Image, bounds: Bounds, with_real: bool, outside: int) -> None:
    left, bottom, right, top = bounds
    size, draw = image.width, ImageDraw.Draw(image)
    small, normal = ImageFont.load_default(size=size / 512 * 11), ImageFont.load_default(size=size / 512 * 13)
    margin = size / 512 * 6
    for value in _ticks(left, right):
        x = (value - left) / (right - left) * size
        if x > margin * 6:                   # the corner belongs to the other axis
            draw.text((x, size - margin), f"{value:g}", INK, small, anchor="ms")
    for value in _ticks(bottom, top):
        draw.text((margin, (top - value) / (top - bottom) * size), f"{value:g}", INK, small, anchor="lm")
    legend = [("generated", FAKE), *([("real", REAL)] if with_real else [])]
    x, y, dot = size - margin * 2, margin * 3, size / 512 * 4
    for name, colour in legend:
        draw.text((x, y), name, INK, normal, anchor="rm")
        x -= draw.textlength(name, normal) + margin + dot
        draw.ellipse((x - dot, y - dot, x + dot, y + dot), colour)
        x -= margin * 3
    if outside:
        draw.text((size - margin * 2, size - margin * 4), f"{outside} outside", FAKE, normal, anchor="rs")


def project(points: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """Show points (N, D) in the plane: D = 2 as they are; more along the first two principal axes of the real ones.

    D = 1 is drawn as its distribution function: value against rank.
    """
    if points.shape[1] == 2:
        return points, real
    if points.shape[1] == 1:
        return _ranked(points), None if real is None else _ranked(real)
    basis = (points if real is None else real).detach().double().cpu()
    basis = basis[basis.isfinite().all(1)]
    centre = basis.mean(0)
    axes = torch.linalg.svd(basis - centre, full_matrices=False).Vh[:2]
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()      # a sign that does not flip
    return tuple(None if p is None else ((p.detach().double().cpu() - centre) @ axes.T).float() for p in (points, real))


def _ranked(values: Tensor) -> Tensor:
    values = values.detach().float().cpu().sort(0).values
    return torch.cat([values, (torch.arange(len(values)).view(-1, 1) + 0.5) / len(values)], 1)


def picture_of(x: Tensor, spec: DataSpec, real: Tensor | None = None) -> Image.Image:
    """The picture worth looking at: a grid of images, or generated points over `real` ones (M, D)."""
    if spec.is_image:
        return grid(x, pad=2, zoom=None)
    return scatter(*project(x, real))


def save_png(image: Image.Image, path: Path) -> None:
    """Write a PNG file that is either whole or absent; raises ZerosumError where it cannot be written."""
    with atomic(Path(path)) as file:
        image.save(file, "PNG")

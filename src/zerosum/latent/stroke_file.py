"""Reads strokes, edges and masks from JSON, and draws them; one line for every mistake."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core import UsageError
from .strokes import LUMA, Strokes


def read_strokes(path: str | Path, shape: tuple[int, ...]) -> Strokes:
    """Strokes for pictures (C, H, W) from a JSON file, or its text; what it may hold, docs/guide/editing.md says.

    Raises UsageError that names the first mistake, and where it is.
    """
    try:
        document = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"no such file of strokes: {path}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no JSON: {error}") from None
    return strokes_of(document, shape)


def strokes_of(document: Any, shape: tuple[int, ...]) -> Strokes:
    """Strokes for pictures (C, H, W) from what a JSON file holds; raises UsageError as `read_strokes` does."""
    channels, height, width = shape
    if not isinstance(document, dict):
        raise UsageError('strokes are an object like {"strokes": [...]}, not a '
                         f"{type(document).__name__}")
    _known(document, ("size", "strokes", "edges", "mask"), "the file of strokes")
    if not (document.get("strokes") or document.get("edges")):
        raise UsageError('nothing is drawn: "strokes" or "edges" must hold at least one')
    canvas = _size(document.get("size", [width, height]))
    drawn = Strokes(torch.zeros(shape), torch.zeros(1, height, width), torch.zeros(2, height, width),
                    torch.zeros(1, height, width), torch.ones(1, height, width))
    to_pixels = torch.tensor([width / canvas[0], height / canvas[1]])
    for where, stroke in _each(document, "strokes", ("colour", "points", "width")):
        colour = _colour(stroke.get("colour"), channels, where)
        covered, _ = _line(stroke, where, to_pixels, (height, width))
        drawn.colour[:, covered > 0] = colour[:, None]
        drawn.painted[0] = torch.maximum(drawn.painted[0], covered)
    for where, edge in _each(document, "edges", ("points", "width", "strength")):
        covered, direction = _line(edge, where, to_pixels, (height, width))
        strength = _number(edge.get("strength", 0.5), f"{where}: strength")
        # The gradient is across the line: twice its angle is that of the line, turned by 180 degrees.
        wanted = -strength * torch.stack([torch.cos(2 * direction), torch.sin(2 * direction)])
        drawn.edges[:, covered > 0] = wanted[:, covered > 0]
        drawn.sketched[0] = torch.maximum(drawn.sketched[0], covered)
    if "mask" in document:
        return drawn.within(_boxes(document["mask"], to_pixels, (height, width)))
    return drawn


def _each(document: dict[str, Any], kind: str, fields: tuple[str, ...]) -> list[tuple[str, dict[str, Any]]]:
    items = document.get(kind, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UsageError(f'"{kind}" must be a list of objects')
    for number, item in enumerate(items):
        _known(item, fields, f"{kind}[{number}]")
    return [(f"{kind}[{number}]", item) for number, item in enumerate(items)]


def _known(item: dict[str, Any], fields: tuple[str, ...], where: str) -> None:
    for name in item:
        if name not in fields:
            raise UsageError(f'{where} has no field "{name}"; it may have {", ".join(fields)}')


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise UsageError(f"{what} must be a number above 0, not {json.dumps(value)}")
    return float(value)


def _numbers(value: Any, count: int, what: str) -> list[float]:
    if not (isinstance(value, list) and len(value) == count and all(
            isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in value)):
        raise UsageError(f"{what} must be {count} numbers, not {json.dumps(value)}")
    return [float(v) for v in value]


def _size(value: Any) -> list[float]:
    size = _numbers(value, 2, '"size"')
    if min(size) <= 0:
        raise UsageError(f'"size" is the width and height that points are counted in, not {json.dumps(value)}')
    return size


def _colour(value: Any, channels: int, where: str) -> Tensor:
    """A colour in [-1, 1], (C,): of "#rrggbb", of three bytes, or of one for grey."""
    if isinstance(value, str) and len(value) == 7 and value[0] == "#":
        try:
            value = [int(value[i:i + 2], 16) for i in (1, 3, 5)]
        except ValueError:
            raise UsageError(f"{where}: colour '{value}' is not of the form #rrggbb") from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value] * 3
    if not (isinstance(value, list) and len(value) == 3):
        raise UsageError(f'{where}: colour must be "#rrggbb", three numbers from 0 to 255 or one, not '
                         f"{json.dumps(value)}")
    numbers = torch.tensor(_numbers(value, 3, f"{where}: colour"))
    if numbers.min() < 0 or numbers.max() > 255:
        raise UsageError(f"{where}: colours lie between 0 and 255, not {json.dumps(value)}")
    if channels not in (1, 3):
        raise UsageError(f"strokes are painted on grey or RGB pictures, and this model's have {channels} channels")
    numbers = numbers if channels == 3 else (numbers * torch.tensor(LUMA)).sum()[None]
    return numbers / 127.5 - 1


def _line(item: dict[str, Any], where: str, to_pixels: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """How far a line of straight pieces covers each pixel, (H, W) in [0, 1], and the angle of the nearest piece."""
    points = item.get("points")
    if not isinstance(points, list) or not points:
        raise UsageError(f'{where}: points must be a list of [x, y], not {json.dumps(points)}')
    ends = torch.tensor([_numbers(point, 2, f"{where}: points[{i}]") for i, point in enumerate(points)]) * to_pixels
    reach = _number(item.get("width", 1), f"{where}: width") * float(to_pixels.mean()) / 2
    y, x = (torch.arange(extent) + 0.5 for extent in size)
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), 2)               # (H, W, 2), of the centres of pixels
    nearest, angle = torch.full(size, math.inf), torch.zeros(size)
    for start, end in zip(ends[:-1] if len(ends) > 1 else ends, ends[1:] if len(ends) > 1 else ends, strict=True):
        along = end - start
        share = ((places - start) @ along / along.square().sum().clamp_min(1e-9)).clamp(0, 1)
        distance = (places - start - share[..., None] * along).norm(dim=2)
        closer = distance < nearest
        nearest = torch.where(closer, distance, nearest)
        angle[closer] = math.atan2(along[1], along[0])
    covered = (reach + 0.5 - nearest).clamp(0, 1)
    if not covered.any():
        raise UsageError(f'{where} lies outside the picture: points go from [0, 0] to "size"')
    return covered, angle


def _boxes(value: Any, to_pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """1 within boxes [left, top, right, bottom] and 0 elsewhere, (1, H, W)."""
    if not isinstance(value, list) or not value:
        raise UsageError(f'"mask" must be a list of boxes [left, top, right, bottom], not {json.dumps(value)}')
    free = torch.zeros(1, *size)
    for number, box in enumerate(value):
        left, top, right, bottom = _numbers(box, 4, f"mask[{number}]")
        if not (left < right and top < bottom):
            raise UsageError(f"mask[{number}]: a box is [left, top, right, bottom], not {json.dumps(box)}")
        (x0, y0), (x1, y1) = ((torch.tensor(corner) * to_pixels).round().long().clamp_min(0).tolist()
                              for corner in ((left, top), (right, bottom)))
        free[:, y0:y1, x0:x1] = 1
    return free

"""The picture of a claim: what is real, what the model made, and what its baseline made, side by side."""

from collections.abc import Mapping, Sequence
from math import ceil

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..runs.pictures import bounds_of, grid, scatter

SIDE, GAP, TITLE = 320, 12, 26               # pixels of a panel, between panels, and above them
PAPER, INK = (255, 255, 255), (60, 66, 74)
COLOURS = ((213, 82, 22), (60, 110, 180), (128, 138, 150), (90, 150, 80))


def images_panel(x: Tensor, count: int = 64) -> Image.Image:
    """A square grid of the first images (N, C, H, W) in [-1, 1]."""
    sheet = grid(x[:count], pad=1)
    zoom = max(1, SIDE // sheet.width)
    return sheet.resize((sheet.width * zoom, sheet.height * zoom), Image.Resampling.NEAREST)


def points_panel(x: Tensor, real: Tensor) -> Image.Image:
    """Points (N, 2) over the real ones, in the square around the real ones."""
    return scatter(x, real, size=SIDE, bounds=bounds_of(real))


def curves_panel(curves: Mapping[str, tuple[Sequence[float], Sequence[float]]], x_label: str = "") -> Image.Image:
    """Lines through (x, y), each named in the legend; all share one pair of axes."""
    points = [(x, y) for xs, ys in curves.values() for x, y in zip(xs, ys, strict=True)]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = min(0.0, *(y for _, y in points)), max(y for _, y in points)
    image = Image.new("RGB", (SIDE, SIDE), PAPER)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=12)
    left, right, top, bottom = 40, SIDE - 10, 10 + 16 * len(curves), SIDE - 30

    def place(x: float, y: float) -> tuple[float, float]:
        return (left + (x - low_x) / ((high_x - low_x) or 1) * (right - left),
                bottom - (y - low_y) / ((high_y - low_y) or 1) * (bottom - top))

    draw.line([(left, top), (left, bottom), (right, bottom)], INK)
    for value in (low_y, high_y):
        draw.text((left - 4, place(low_x, value)[1]), f"{value:.2g}", INK, font, anchor="rm")
    for value, anchor in ((low_x, "la"), (high_x, "ra")):
        draw.text((place(value, low_y)[0], bottom + 4), f"{value:g}", INK, font, anchor=anchor)
    draw.text(((left + right) / 2, bottom + 14), x_label, INK, font, anchor="ma")
    for row, ((name, (xs, ys)), colour) in enumerate(zip(curves.items(), COLOURS)):
        # Each line is thinner than the one before, so that equal ones are all seen.
        draw.line([place(x, y) for x, y in zip(xs, ys, strict=True)], colour, width=2 * (len(curves) - row))
        draw.text((right, 4 + 16 * row), name, colour, font, anchor="ra")
    return image


def row_of(panels: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Lay panels out from left to right, each under its title, which may be the wider of the two."""
    font = ImageFont.load_default(size=14)
    heights, widths = [p.height for _, p in panels], [max(p.width, ceil(font.getlength(t))) for t, p in panels]
    sheet = Image.new("RGB", (sum(widths) + GAP * (len(panels) + 1), max(heights) + TITLE + GAP), PAPER)
    draw, x = ImageDraw.Draw(sheet), GAP
    for (title, panel), width in zip(panels, widths, strict=True):
        draw.text((x + width / 2, TITLE / 2), title, INK, font, anchor="mm")
        sheet.paste(panel.convert("RGB"), (x + (width - panel.width) // 2, TITLE))
        x += width + GAP
    return sheet

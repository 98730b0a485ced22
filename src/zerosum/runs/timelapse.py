"""Moving pictures: the time-lapse of a training, and any sequence of grids."""

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..core import UsageError, ZerosumError
from ..engine import atomic
from .pictures import grid
from .video import mp4

MOST_FRAMES = 48
SIDES, COMFORTABLE = (480, 320), 4_000_000   # pixels to try, and the bytes that a report can carry
COLOURS = 96                                 # few compress well; more are hardly seen in motion
UNSEEN = 12                                  # of 255: a change that is not drawn
STRIP, BACK, TEXT, TRACK, DONE = 24, (17, 19, 23), (222, 226, 231), (58, 63, 71), (232, 126, 62)


def timelapse(sample_paths: Sequence[Path], target: Path, seconds: float = 8, hold: float = 2) -> list[Path]:
    """Turn pictures `step-N.png` into a GIF (or .webp) that lasts `seconds`, then holds the last one.

    Returns the files that could not be read and were left out; raises ZerosumError if none could be read.
    """
    frames, skipped = [], []
    for path in _spread(list(sample_paths), MOST_FRAMES):
        try:
            with Image.open(path) as image:
                frames.append((_step(path), _opaque(image)))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # what Pillow raises for a bad file
            skipped.append(path)
    if not frames:
        raise ZerosumError(f"no picture to make {target} of" + (f": cannot read {skipped[0]}" if skipped else ""))
    last, size = max(step for step, _ in frames) or 1, frames[-1][1].size
    for side in SIDES:
        fit = min(1, side / max(size))
        scaled = (max(1, round(size[0] * fit)), max(1, round(size[1] * fit)))
        movie = [_with_counter(image.resize(scaled, Image.Resampling.LANCZOS) if image.size != scaled else image,
                               step, last) for step, image in frames]
        encoded = _encode(movie, Path(target), seconds, hold)
        if len(encoded) <= COMFORTABLE or fit == 1:
            break
    with atomic(Path(target)) as file:
        file.write(encoded)
    return skipped


def animate(frames: Tensor | Sequence[Image.Image], target: Path, seconds: float = 4, hold: float = 0) -> None:
    """Write an endless GIF (or .webp or .mp4, by suffix) from pictures, or from a tensor (T, N, C, H, W) in [-1, 1].

    Each of the T steps is a grid of N images. All frames share one palette, so that colours do not flicker. The
    last frame stays `hold` seconds longer. Raises UsageError for another suffix or nothing to show.
    """
    pictures = [grid(step, pad=2, zoom=None) for step in frames] if isinstance(frames, Tensor) else list(frames)
    encoded = _encode([_opaque(picture) for picture in pictures], Path(target), seconds, hold)
    with atomic(Path(target)) as file:
        file.write(encoded)


def _spread(items: list[Path], most: int) -> list[Path]:
    """At most `most` of the items, evenly spaced, with the first and the last."""
    if len(items) <= most:
        return items
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _step(path: Path) -> int:
    number = re.search(r"(\d+)$", Path(path).stem)
    return int(number[1]) if number else 0


def _opaque(image: Image.Image) -> Image.Image:
    """Grey or RGB, on black where it was transparent."""
    if image.mode in ("LA", "RGBA"):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    return image.convert("L" if image.mode in ("L", "1") else "RGB")


def _with_counter(image: Image.Image, step: int, last: int) -> Image.Image:
    """The picture above a thin strip that says the step and how far the training has come."""
    width, height = image.size
    framed = Image.new("RGB", (width, height + STRIP), BACK)
    framed.paste(image, (0, 0))
    draw, y = ImageDraw.Draw(framed), height + STRIP // 2
    draw.text((8, y + 1), f"step {step:,}", TEXT, ImageFont.load_default(size=12), anchor="lm")
    left, right = 110, width - 9
    if right > left:                         # a tiny picture has room for the number alone
        draw.line((left, y, right, y), TRACK, 2)
        draw.line((left, y, left + (right - left) * step / last, y), DONE, 2)
    return framed


def _encode(pictures: list[Image.Image], target: Path, seconds: float, hold: float) -> bytes:
    kind = target.suffix.lower()
    if kind not in (".gif", ".webp", ".mp4"):
        raise UsageError(f"{target}: a moving picture is a .gif, .webp or .mp4 file")
    if not pictures:
        raise UsageError(f"{target}: there is no frame to show")
    if kind == ".mp4":
        return mp4([picture.convert("RGB") for picture in pictures], seconds, hold)
    # GIF counts in hundredths of a second, and viewers show what is shorter than two of them slowly.
    each = min(800, max(20, 10 * round(100 * seconds / len(pictures))))
    timing = {"duration": [each] * (len(pictures) - 1) + [each + round(1000 * hold)], "loop": 0}
    pictures = [picture.convert("RGB") for picture in pictures]
    first, *rest = _with_one_palette(_steadied(pictures)) if kind == ".gif" else pictures
    file = BytesIO()
    first.save(file, kind[1:].upper(), save_all=True, append_images=rest, quality=85, **timing)
    return file.getvalue()


def _steadied(pictures: list[Image.Image]) -> list[Image.Image]:
    """Repeat pixels that changed too little to be seen, which shrinks a GIF; the last picture is exact."""
    shown, steady = np.array(pictures[0]), pictures[:1]
    for picture in pictures[1:]:
        new = np.array(picture)
        unseen = UNSEEN if picture is not pictures[-1] else 0
        shown = np.where(np.abs(new.astype(np.int16) - shown).max(2, keepdims=True) > unseen, new, shown)
        steady.append(Image.fromarray(shown))
    return steady


def _with_one_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    # A ninth of the pixels of eight frames knows the colours as well as all of them, in a ninth of the time.
    width, height = (max(1, extent // 3) for extent in pictures[0].size)
    some = [pictures[round(i * (len(pictures) - 1) / 7)].resize((width, height), Image.Resampling.NEAREST)
            for i in range(8)]
    sheet = Image.new("RGB", (width * 4, height * 2))
    for i, picture in enumerate(some):
        sheet.paste(picture, (i % 4 * width, i // 4 * height))
    palette = sheet.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]

"""Small picture files, good and bad, that the tests of the data room make on the fly."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(seed: int, shape: tuple[int, ...] = (8, 8, 3), dtype: type = np.uint8) -> np.ndarray:
    """Random pixels, so that no two pictures are alike and none compresses to nothing."""
    return np.random.RandomState(seed).randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def save(path: Path, x: np.ndarray, kind: str | None = None, **options) -> Path:
    """Write pixels (H, W) or (H, W, C) as a picture file, making its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(x).save(path, kind, **options)
    return path


def encoded(x: np.ndarray, kind: str = "PNG") -> bytes:
    """The bytes of a picture file."""
    stream = io.BytesIO()
    Image.fromarray(x).save(stream, kind)
    return stream.getvalue()


def png_that_claims(width: int, height: int, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    """A PNG with any head, whatever its content."""
    def chunk(tag: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + tag + content + struct.pack(">I", zlib.crc32(tag + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def folder_of(root: Path, count: int = 6, shape: tuple[int, ...] = (8, 8, 3)) -> Path:
    """A folder of good PNGs a.png, b.png, ..."""
    for i in range(count):
        save(root / f"{chr(97 + i)}.png", pixels(i, shape))
    return root

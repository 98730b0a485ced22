"""Read one picture file, and say in one line what is wrong with it and how to mend it."""

import codecs
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

LIMIT = 100_000_000                          # pixels; beyond it lies what is called a decompression bomb
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".webp": "WEBP", ".gif": "GIF",
            ".bmp": "BMP", ".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM", ".pnm": "PPM",
            ".jp2": "JPEG2000", ".avif": "AVIF"}
RGB_LIKE = ("CMYK", "YCbCr", "LAB", "HSV", "RGBX")
ORIENTATION = 0x0112                         # Exif tag; values from 5 on turn the picture by 90 degrees


class UnfitError(Exception):
    """A picture cannot be used: `what` is wrong with it, and the `mend`."""

    def __init__(self, what: str, mend: str):
        super().__init__(f"{what}: {mend}")
        self.what, self.mend = what, mend


@dataclass(frozen=True, slots=True)
class Look:
    """What the head of a file says of its picture; `remarks` are (what, mend) of oddities that do no harm."""

    size: tuple[int, int]                    # width, height
    kind: tuple[int, int]                    # channels, bits of each
    remarks: tuple[tuple[str, str], ...] = ()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's own warnings off the screen: all it warns of is said here, in one line for each file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def look(stream: BinaryIO, name: str) -> Look:
    """Read the head of a picture file; one that cannot be used raises UnfitError."""
    with _opened(stream) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return Look((width, height), _kind(image), tuple(_remarks(image, stream, name)))


def decode(stream: BinaryIO) -> np.ndarray:
    """Read a picture file: uint8 or uint16 (C, H, W), upright; one that cannot be used raises UnfitError."""
    from PIL import ImageOps

    with _opened(stream) as image:
        channels, bits = _kind(image)
        image.load()
        upright = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
        if bits == 16:
            return _deep(np.asarray(upright))[None]
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
        x = np.asarray(upright if upright.mode == mode else upright.convert(mode))
        return x[None] if channels == 1 else x.transpose(2, 0, 1)


@contextmanager
def _opened(stream: BinaryIO) -> "Iterator[Image.Image]":
    from PIL import Image, UnidentifiedImageError

    head = stream.read(256)
    if not head:
        raise UnfitError("is empty (0 bytes)", "delete it or fetch it again")
    stream.seek(0)
    try:
        with Image.open(stream, formats=_formats()) as image:
            if image.width * image.height > LIMIT:
                raise UnfitError(f"claims {image.width}x{image.height} pixels, beyond {LIMIT // 10**6} megapixels",
                                 "scale it down")
            yield image
    except UnfitError:
        raise
    except UnidentifiedImageError:
        raise UnfitError(*_stranger(head)) from None
    except Image.DecompressionBombError:
        raise UnfitError(f"claims far more than {LIMIT // 10**6} megapixels", "scale it down") from None
    except Exception as error:               # decoders meet damage with any exception, from IndexError to zlib.error
        raise UnfitError(*_damage(error)) from None


def _orientation(image: "Image.Image") -> int:
    # Cameras do not write PNG, and to look for Exif in one means to decode it.
    return 1 if image.format == "PNG" else image.getexif().get(ORIENTATION, 1)


def _formats() -> list[str]:
    from PIL import Image

    if "TIFF" not in Image.OPEN:
        Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _stranger(head: bytes) -> tuple[str, str]:
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not a picture", "fetch the picture itself"
    if _is_text(head):
        return "is text, not a picture", "delete it or give it its right ending"
    if any(head.startswith(magic) for magic in (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"BM", b"II*", b"MM\0*")):
        return "is damaged or of an unusual kind", "fetch it again, or convert it to PNG"
    return "is not a picture of a known format", "convert it to PNG or delete it"


def _is_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)                 # which may end inside a character
    except UnicodeDecodeError:
        return False
    return all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)


def unreadable(error: OSError) -> UnfitError:
    """Why a file cannot be opened at all."""
    if isinstance(error, PermissionError):
        return UnfitError("may not be read", "give yourself the right to (chmod u+r)")
    if isinstance(error, FileNotFoundError):
        return UnfitError("leads nowhere (a broken link)", "delete it or restore what it points to")
    return UnfitError(f"cannot be read ({error.strerror or error})", "fetch it again")


def _damage(error: Exception) -> tuple[str, str]:
    text = str(error).split("\n")[0].lower()
    if isinstance(error, EOFError) or "truncated" in text or "premature" in text:
        return "breaks off in the middle (truncated)", "fetch it again"
    return f"is damaged ({text[:80] or type(error).__name__})", "fetch it again"


def _kind(image: "Image.Image") -> tuple[int, int]:
    """Channels and bits of each channel that the picture has once read."""
    mode = image.mode
    if mode == "F":
        raise UnfitError("has floating-point pixels", "save it with 16 bits")
    if mode.startswith("I"):
        return 1, 16
    if mode in ("P", "PA"):
        return (4 if image.has_transparency_data else 3), 8
    return {"1": 1, "L": 1, "LA": 2, "La": 2, "RGBA": 4, "RGBa": 4}.get(mode, 3), 8


def _deep(x: np.ndarray) -> np.ndarray:
    if x.min() < 0 or x.max() > 65535:
        raise UnfitError("has 32-bit pixels beyond 65535", "save it with 16 bits")
    return x.astype(np.uint16)


def _remarks(image: "Image.Image", stream: BinaryIO, name: str) -> Iterator[tuple[str, str]]:
    """Oddities that do no harm, each with what is done about it; read while the file is open."""
    is_format = "JPEG" if image.format == "MPO" else image.format            # many cameras write JPEG as MPO
    said = SUFFIXES.get("." + name.lower().rpartition(".")[2])
    if said and said != is_format:
        yield f"is {is_format} inside, though its name says {said}", f"read as {is_format}; rename it"
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        yield "is animated or has several pages", "only its first frame is read; save the others as files"
    if image.mode in RGB_LIKE:
        yield f"is {image.mode}", "converted to RGB; convert it yourself to choose the colours"
    if image.mode in ("P", "PA"):
        yield "has a palette", "read as RGB, without loss"
    if image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA"):
        stream.seek(24)                      # the depth stands in the header chunk
        if stream.read(1) == b"\x10":
            yield "has 16 bits in several channels", "read with 8 bits; an .npy array keeps 16"

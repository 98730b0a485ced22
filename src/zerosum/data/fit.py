"""Bring one picture to the asked number of channels and size, at any bit depth."""

import numpy as np

from ..core import UsageError

COLOURS = {1: "grey", 2: "grey+alpha", 3: "RGB", 4: "RGB+alpha"}
LUMA = np.array([0.299, 0.587, 0.114], np.float32)           # ITU-R BT.601, as Pillow's "L"


def to_channels(x: np.ndarray, channels: int) -> np.ndarray:
    """Convert (C, H, W) of uint8, uint16 or float to `channels` channels; what was transparent becomes white."""
    have = len(x)
    if have == channels:
        return x
    if have not in COLOURS or channels not in COLOURS:
        raise UsageError(f"{have} channels cannot become {channels}: leave --channels out")
    opaque = 1.0 if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    colour, alpha = (x[:-1], x[-1:]) if have in (2, 4) else (x, None)
    if channels in (1, 3) and alpha is not None:
        share = (alpha - float(_black(x))) / (opaque - float(_black(x)))
        colour = _rounded(colour * share + opaque * (1 - share), x.dtype)
    if len(colour) == 3 and channels <= 2:
        colour = _rounded(np.tensordot(LUMA, colour, 1)[None], x.dtype)
    elif len(colour) == 1 and channels >= 3:
        colour = np.repeat(colour, 3, 0)
    if channels in (2, 4):
        colour = np.concatenate([colour, np.full_like(colour[:1], opaque) if alpha is None else alpha])
    return colour


def to_size(x: np.ndarray, size: int, fit: str) -> np.ndarray:
    """Make (C, H, W) square, (C, size, size): crop its middle, pad it with black, or stretch it."""
    height, width = x.shape[1:]
    if height == width == size:
        return x
    if fit == "stretch":
        return resize(x, size, size)
    scale = size / (min(height, width) if fit == "crop" else max(height, width))
    x = resize(x, max(1, round(height * scale)), max(1, round(width * scale)))
    height, width = x.shape[1:]
    top, left = abs(height - size) // 2, abs(width - size) // 2
    if fit == "crop":
        return x[:, top:top + size, left:left + size]
    padded = np.full((len(x), size, size), _black(x), x.dtype)
    padded[:, top:top + height, left:left + width] = x
    return padded


def resize(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample (C, H, W) bicubically with an antialiasing filter (Parmar et al., 2022, arXiv:2104.11222, Sec. 3)."""
    from PIL import Image

    if x.shape[1:] == (height, width):
        return x
    if x.dtype == np.uint8 and len(x) in COLOURS:            # Pillow weighs the colours by alpha, so none bleeds
        image = Image.fromarray(np.ascontiguousarray(x[0] if len(x) == 1 else x.transpose(1, 2, 0)))
        out = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
        return out[None] if out.ndim == 2 else out.transpose(2, 0, 1)
    planes = [Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize((width, height), Image.Resampling.BICUBIC)
              for plane in x]
    return _rounded(np.stack([np.asarray(plane) for plane in planes]), x.dtype)


def to_depth(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Widen uint8 to uint16 without loss (255 becomes 65535); anything else is left as it is."""
    return x.astype(np.uint16) * 257 if x.dtype == np.uint8 and dtype == np.uint16 else x


def _black(x: np.ndarray) -> int:
    return -1 if x.dtype.kind == "f" else 0


def _rounded(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "f":
        return np.clip(x, -1, 1).astype(dtype)
    return np.clip(np.rint(x), 0, np.iinfo(dtype).max).astype(dtype)

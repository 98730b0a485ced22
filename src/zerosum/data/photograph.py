"""Reads one picture file and brings it into the shape that a model makes."""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ..core import UsageError
from .dataset import to_float
from .fit import resize, to_channels, to_size
from .picture_file import UnfitError, decode, quiet


def load_picture(path: str | Path, shape: tuple[int, ...], fit: Literal["crop", "pad", "stretch"] = "crop"
                 ) -> Tensor:
    """One picture of any size and format as (1, *shape) in [-1, 1]; 2 or 4 channels keep its transparency.

    What is not square is cropped, padded or stretched to a square; to another shape it is stretched. Raises UsageError
    for a file that is not there or is no picture, with what to do about it.
    """
    channels, height, width = shape
    path = Path(path).expanduser()
    if not path.is_file():
        raise UsageError(f"no such picture: {path}")
    try:
        with quiet(), open(path, "rb") as file:
            x = to_channels(decode(file), channels)
    except UnfitError as error:
        raise UsageError(f"{path} {error}") from None
    x = to_size(x, height, fit) if height == width else resize(x, height, width)
    return to_float(torch.from_numpy(x.copy()))[None]

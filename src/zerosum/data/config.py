"""What a user can say about the data: which, at what size, and what to do with files that do not fit."""

from dataclasses import dataclass
from typing import Literal

from ..core import UsageError


@dataclass(frozen=True)
class DataConfig:
    """Settings of a data set; the comment behind each field is its help text."""

    data: str = "digits"                     # a built-in name (zerosum data list) or a path to your own
    image_size: int = 0                      # side of the square images in pixels; 0: as they are
    channels: int = 0                        # 1 grey, 2 grey+alpha, 3 RGB, 4 RGB+alpha; 0: as they are
    split: Literal["train", "test", "all"] = "train"      # which part, where the data is divided in parts
    fit: Literal["crop", "pad", "stretch"] = "crop"       # how a picture of another aspect becomes square
    flip: bool = False                       # add the mirror image of every sample, which doubles the data set
    label: str = ""                          # the attribute or column that is the class; empty: the data's own
    skip_bad: bool = False                   # leave out files that cannot be read, and count them

    def __post_init__(self) -> None:
        if not self.data:
            raise UsageError("data must be a built-in name or a path: zerosum data list names them")
        if not (self.image_size == 0 or 2 <= self.image_size <= 8192):
            raise UsageError(f"image_size must be 0 or lie between 2 and 8192, not {self.image_size}")
        if not 0 <= self.channels <= 4:
            raise UsageError(f"channels must lie between 0 and 4, not {self.channels}")

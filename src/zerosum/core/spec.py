"""What a model must know of its data before it sees any: shapes, ranges, classes."""

from dataclasses import asdict, dataclass
from typing import Any

from .errors import UsageError


@dataclass(frozen=True)
class DataSpec:
    """The shape and labels of a data set: `shape` is (C, H, W) for images in [-1, 1] and (D,) for points."""

    shape: tuple[int, ...]
    num_classes: int = 0                     # 0: no labels
    classes: tuple[str, ...] = ()            # their names, by label
    attributes: tuple[str, ...] = ()         # names of further known factors, in the order of `batch.attributes`

    @property
    def is_image(self) -> bool:
        return len(self.shape) == 3

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def height(self) -> int:
        return self._image("height")[1]

    @property
    def width(self) -> int:
        return self._image("width")[2]

    @property
    def image_size(self) -> int:
        """Side of a square image; raises UsageError for other shapes."""
        _channels, height, width = self._image("image_size")
        if height != width:
            raise UsageError(f"this model needs square images, not {height}x{width}: "
                             f"pass --image-size {min(height, width)} to crop them")
        return height

    @property
    def size(self) -> int:
        """Numbers in one sample."""
        total = 1
        for extent in self.shape:
            total *= extent
        return total

    def _image(self, what: str) -> tuple[int, ...]:
        if not self.is_image:
            raise UsageError(f"this model needs images, and this data is points of {self.shape[0]} numbers (no {what})")
        return self.shape

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "DataSpec":
        return cls(shape=tuple(document["shape"]), num_classes=document["num_classes"],
                   classes=tuple(document["classes"]), attributes=tuple(document["attributes"]))

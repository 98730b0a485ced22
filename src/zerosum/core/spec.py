"""What a model must know of its data before it sees any: shapes, ranges, classes, words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import Tensor

from .errors import UsageError
from .text import encoded, evenly, longest, vocabulary


@dataclass(frozen=True)
class DataSpec:
    """The shape and labels of a data set: `shape` is (C, H, W) for images in [-1, 1] and (D,) for points."""

    shape: tuple[int, ...]
    num_classes: int = 0                     # 0: no labels
    classes: tuple[str, ...] = ()            # their names, by label
    attributes: tuple[str, ...] = ()         # names of further known factors, in the order of `batch.attributes`
    words: tuple[str, ...] = ()              # of the captions, the most frequent first; none: no captions
    text_length: int = 0                     # words of the longest caption
    prompts: tuple[str, ...] = ()            # some of the captions: samples are drawn of them when nothing is asked

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

    def captioned(self, captions: Sequence[str]) -> "DataSpec":
        """The same, of data with these captions."""
        return replace(self, words=vocabulary(captions), text_length=longest(captions), prompts=evenly(captions))

    @property
    def without_captions(self) -> "DataSpec":
        """The same, of data without captions."""
        return replace(self, words=(), text_length=0, prompts=())

    def encode(self, text: str | Sequence[str], *, lenient: bool = False) -> Tensor:
        """A text as numbers of its words from 1, int64 (text_length,), 0 after the last; several: (N, text_length).

        Raises UsageError for data without captions, for an unknown word, with the nearest, and for a text of no words
        or too many; `lenient` leaves out such words.
        """
        if not self.words:
            raise UsageError("this data has no captions, and so no words: take shapes, or a table with a column 'text'")
        rows = encoded([text] if isinstance(text, str) else text, self.words, self.text_length, lenient=lenient)
        return rows[0] if isinstance(text, str) else rows

    def to_json(self) -> dict[str, Any]:
        """All fields; those of text only where there are captions."""
        of_text = () if self.words else ("words", "text_length", "prompts")
        return {name: value for name, value in asdict(self).items() if name not in of_text}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "DataSpec":
        return cls(shape=tuple(document["shape"]), num_classes=document["num_classes"],
                   classes=tuple(document["classes"]), attributes=tuple(document["attributes"]),
                   words=tuple(document.get("words", ())), text_length=document.get("text_length", 0),
                   prompts=tuple(document.get("prompts", ())))

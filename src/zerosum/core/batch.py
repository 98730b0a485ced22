"""A batch of real data, which travels through one training step."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Batch:
    """Real samples `x` with what is known of them; further fields (labels, attributes, text) are None if absent.

    x: (N, C, H, W) in [-1, 1], or (N, D) for points; labels: (N,) int64; text: (N, L) int64, numbers of words as
    `DataSpec.encode` makes them.
    """

    def __init__(self, x: Tensor, **fields: Tensor):
        self.x = x
        self._fields = fields
        self._kept: dict[str, Tensor] = {}

    @property
    def size(self) -> int:
        return self.x.shape[0]

    @property
    def labels(self) -> Tensor | None:
        return self._fields.get("labels")

    @property
    def attributes(self) -> Tensor | None:
        return self._fields.get("attributes")

    @property
    def text(self) -> Tensor | None:
        return self._fields.get("text")

    def __getattr__(self, name: str) -> Tensor:
        if not name.startswith("_"):
            for store in (self._kept, self._fields):
                if name in store:
                    return store[name]
        raise AttributeError(f"this batch has no '{name}'; it has x, {', '.join([*self._fields, *self._kept])}")

    def keep(self, **tensors: Tensor) -> None:
        """Leave tensors (first dimension N) for the updates that follow in this step; they are kept detached."""
        self._kept.update({name: tensor.detach() for name, tensor in tensors.items()})

    def split(self, size: int) -> list["Batch"]:
        """Cut into micro-batches of at most `size` samples; the last may be smaller."""
        if size <= 0 or size >= self.size:
            return [self]
        parts = []
        for start in range(0, self.size, size):
            window = slice(start, start + size)
            part = Batch(self.x[window], **{name: field[window] for name, field in self._fields.items()})
            part._kept = {name: kept[window] for name, kept in self._kept.items()}
            parts.append(part)
        return parts

    def gather_kept(self, parts: Sequence["Batch"]) -> None:
        """Collect what the micro-batches kept, so that it can be split anew by the next update."""
        if len(parts) > 1:
            self._kept = {name: torch.cat([part._kept[name] for part in parts]) for name in parts[0]._kept}

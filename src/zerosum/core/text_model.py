"""The contract of a model that makes samples from text."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .errors import UsageError
from .model import LatentModel
from .spec import DataSpec


class TextModel(LatentModel):
    """A model whose samples are asked for by text: `labels` of `generate` and `scores` are (N, L) int64.

    They are numbers of words as `data.encode` makes them. Its card has the task text-to-image. Raises UsageError for
    data whose captions do not differ.
    """

    def __init__(self, cfg: Any, data: DataSpec):
        if len(data.prompts) < 2:
            raise UsageError(f"{self.name or type(self).__name__} learns from captions that differ: take shapes, or a "
                             "table with a column 'text'")
        super().__init__(cfg, data)

    def labels_for(self, n: int, labels: Tensor | Sequence[str] | str | int | None) -> Tensor:    # type: ignore[override]
        """The texts to sample with, (n, L) int64: one for all, or one each; None takes the prompts in turn.

        A text is a string, or the numbers of its words; a number alone is that of a prompt. Raises UsageError for words
        that the data does not have, and for another number of texts.
        """
        if labels is None or isinstance(labels, int):
            if labels is not None and not 0 <= labels < len(self.data.prompts):
                raise UsageError(f"prompts are numbered from 0 to {len(self.data.prompts) - 1}, not {labels}")
            numbers = torch.arange(n) % len(self.data.prompts) if labels is None else torch.full((n,), labels)
            return self.data.encode(self.data.prompts, lenient=True)[numbers].to(self.device)
        if not isinstance(labels, Tensor):
            labels = self.data.encode(labels)
        texts, length = labels.to(self.device), self.data.text_length
        if texts.dtype != torch.int64 or texts.shape[-1:] != (length,):
            raise UsageError(f"a text is a string, or {length} numbers of words (int64), not {tuple(texts.shape)} of "
                             f"{texts.dtype}")
        if texts.numel() and not 0 <= int(texts.min()) <= int(texts.max()) <= len(self.data.words):
            raise UsageError(f"words are numbered from 1 to {len(self.data.words)}, and 0 is none")
        texts = texts.expand(n, length) if texts.dim() == 1 else texts
        if texts.shape != (n, length):
            raise UsageError(f"{n} samples need one text, or {n}, not {len(texts)}")
        return texts

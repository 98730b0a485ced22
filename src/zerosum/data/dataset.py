"""A data set: samples that are gathered by their numbers, with what is known of them."""

import hashlib
import json
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..core import DataSpec, UsageError
from .config import DataConfig
from .facts import Facts
from .memory import empty

BLOCK = 2**20                                # numbers that are made floats at a time: 4 MB, which stay in a cache


class Dataset(Protocol):
    """What the engine, the metrics and the claims see of any data.

    `modes` (M, D) and `mode_std` are the centres and the spread of a density whose modes are known.
    """

    name: str
    spec: DataSpec
    split: str
    captions: list[str] | None
    factors: dict[str, tuple[str, ...]]      # names of the values of each attribute
    modes: Tensor | None
    mode_std: float

    def __len__(self) -> int: ...

    def gather(self, index: Tensor) -> dict[str, Tensor]:
        """The samples of these numbers, int64 (n,), as stored: "x", and what is known of them.

        "labels" (n,), "attributes" (n, A), and "text" (n, L): the numbers of the words of their captions; all int64.
        """

    def all(self) -> Tensor:
        """Every sample as float32: (N, C, H, W) in [-1, 1], or (N, D); meant for sets that fit in memory."""

    @property
    def fingerprint(self) -> str:
        """A hash of the content: two sets of the same fingerprint train alike."""


def to_float(x: Tensor) -> Tensor:
    """Stored samples as float32: uint8 x/127.5 - 1 and uint16 x/32767.5 - 1 are in [-1, 1]; floats stay."""
    half = {torch.uint8: 127.5, torch.uint16: 32767.5}.get(x.dtype)
    if half is None:
        return x.float()
    if x.device.type != "cpu" or not x.is_contiguous() or x.numel() < BLOCK:
        return x.float().div_(half).sub_(1)
    out = empty(tuple(x.shape))
    for stored, part in zip(x.view(-1).split(BLOCK), out.view(-1).split(BLOCK), strict=True):
        part.copy_(stored).div_(half).sub_(1)    # while it is in the cache
    return out


class ArrayDataset:
    """Samples in one array, in memory or mapped from a file.

    x: uint8 or uint16 (N, C, H, W), or float32 in [-1, 1] of that shape, or float32 points (N, D);
    labels: int64 (N,), attributes: int64 (N, A), both as `spec` names them. With `flip` the numbers N .. 2N - 1
    are the mirror images, so that mirroring is part of the sample's number and a resumed run repeats it.
    """

    def __init__(self, x: np.ndarray, spec: DataSpec, *, name: str, split: str = "train",
                 labels: np.ndarray | None = None, attributes: np.ndarray | None = None,
                 captions: list[str] | None = None, factors: dict[str, tuple[str, ...]] | None = None,
                 modes: np.ndarray | None = None, mode_std: float = 0.0, flip: bool = False, fingerprint: str = ""):
        if tuple(x.shape[1:]) != spec.shape:
            raise UsageError(f"{name}: the samples are {tuple(x.shape[1:])}, but the data says {spec.shape}")
        for what, field in (("labels", labels), ("attributes", attributes), ("captions", captions)):
            if field is not None and len(field) != len(x):
                raise UsageError(f"{name}: {len(x)} samples, but {len(field)} {what}")
        if flip and not spec.is_image:
            raise UsageError(f"{name} is points, not images: leave --flip out")
        self.name, self.split, self.captions, self.mode_std, self.flip = name, split, captions, mode_std, flip
        self.spec = spec if captions is None else spec.captioned(captions)
        self.x, self.labels, self.attributes = np.asarray(x), labels, attributes
        self.factors = factors or {}
        self.modes = None if modes is None else torch.from_numpy(np.asarray(modes, np.float32))
        self._fingerprint = fingerprint

    @classmethod
    def of(cls, x: np.ndarray, facts: Facts, name: str, config: DataConfig, fingerprint: str = "") -> "ArrayDataset":
        """Samples with these facts, under the configuration that asked for them."""
        return cls(x, facts.spec(x.shape[1:]), name=name, split=config.split, labels=facts.labels,
                   attributes=facts.attributes, captions=facts.captions, factors=facts.factors, flip=config.flip,
                   fingerprint=fingerprint)

    def __len__(self) -> int:
        return len(self.x) * (1 + self.flip)

    def gather(self, index: Tensor) -> dict[str, Tensor]:
        """The samples of these numbers, int64 (n,), as stored: "x", and "labels", "attributes" and "text" if known."""
        numbers = index.numpy()
        rows = numbers % len(self.x) if self.flip else numbers
        x = self.x[rows]
        if self.flip:
            mirrored = numbers >= len(self.x)
            x[mirrored] = x[mirrored][..., ::-1]
        batch = {"x": torch.from_numpy(x)}
        if self.labels is not None:
            batch["labels"] = torch.from_numpy(self.labels[rows])
        if self.attributes is not None:
            batch["attributes"] = torch.from_numpy(self.attributes[rows])
        if self.captions is not None and self.spec.words:
            batch["text"] = self._text[torch.from_numpy(rows)].long()
        return batch

    @cached_property
    def _text(self) -> Tensor:
        """All captions as numbers of words, (N, L), in two bytes each."""
        return self.spec.encode(self.captions, lenient=True).short()

    def all(self) -> Tensor:
        """Every sample as float32: (N, C, H, W) in [-1, 1], or (N, D); meant for sets that fit in memory."""
        return to_float(self.gather(torch.arange(len(self)))["x"])

    @cached_property
    def fingerprint(self) -> str:
        """A hash of samples, labels, names and mirroring: a run refuses to resume on another one.

        Captions are no part of it, as only some models read them: a run compares `spec`, in which their words are.
        """
        content = self._fingerprint or hash_of(self.x, self.labels, self.attributes, self.spec)
        return f"{content}-flip" if self.flip else content


def hash_of(x: np.ndarray, labels: np.ndarray | None, attributes: np.ndarray | None, spec: DataSpec) -> str:
    """Hash arrays and names: 32 hexadecimal digits."""
    digest = hashlib.blake2b(json.dumps(spec.without_captions.to_json()).encode(), digest_size=16)
    for array in (x, labels, attributes):
        for start in range(0, 0 if array is None else len(array), 4096):     # a mapped file is read in pieces
            digest.update(np.ascontiguousarray(array[start:start + 4096]).data)
        digest.update(b"|")
    return digest.hexdigest()

"""The contract of a feature extractor, and how images of another size or colour are made to fit one."""

from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from ..protocol import Resize
from .resize import WORDS, resized


@runtime_checkable
class Extractor(Protocol):
    """Turns images (N, C, H, W) in [-1, 1], or points (N, D), into features (N, dim) float32.

    Any object that has these is one: pass your own as `features=`.
    """

    name: str
    dim: int
    weights_hash: str                        # of the network's weights; "" where there are none

    def __call__(self, x: Tensor) -> Tensor: ...


@runtime_checkable
class Judge(Extractor, Protocol):
    """An extractor that also knows classes, and has been proven on real test data."""

    accuracy: float                          # on the test split of the data it was trained on

    def classify(self, x: Tensor) -> Tensor:
        """The most likely class of each image: (N,) int64."""


@runtime_checkable
class Layers(Protocol):
    """A convolutional network whose layers can be looked at, for distances between two images."""

    name: str
    weights_hash: str

    def layers(self, x: Tensor) -> list[Tensor]:
        """Activations (N, C_k, H_k, W_k) of images (N, C, H, W) in [-1, 1], finest first, with gradients.

        The network brings the images into the range and number of channels that it wants, and leaves their size.
        """


def about(extractor: Extractor) -> dict[str, Any]:
    """What must be equal where features are compared: name, dim, hash of the weights, and how images are scaled."""
    told = {"name": extractor.name, "dim": extractor.dim, "weights_hash": extractor.weights_hash}
    return told | ({"input": extractor.input} if getattr(extractor, "input", "") else {})


def fit_images(x: Tensor, shape: tuple[int, int, int], how: Resize = "antialias") -> Tensor:
    """Images (N, C, H, W) in [-1, 1] in the channels, height and width of `shape`, resized as `how` says."""
    channels, *size = shape
    if x.shape[1] != channels:
        x = x.mean(1, keepdim=True).expand(-1, channels, -1, -1)
    return resized(x, (size[0], size[1]), how)


def resize_note(shape: tuple[int, ...], wanted: tuple[int, ...], how: Resize = "antialias") -> str:
    """What `fit_images` does to images of this shape, in words for the card; "" if nothing."""
    notes = []
    if shape[0] != wanted[0]:
        notes.append(f"channels {shape[0]}->{wanted[0]}")
    if shape[1:] != wanted[1:]:
        notes.append(f"resized to {wanted[1]}x{wanted[2]}, {WORDS[how]}")
    return ", ".join(notes)


def float_batch(x: Tensor) -> Tensor:
    """Samples on the CPU as float32."""
    return x.detach().to("cpu", torch.float32)

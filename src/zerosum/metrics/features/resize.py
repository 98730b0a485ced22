"""The ways in which published code brings images to the size of a network: by name, on batches, on any device.

They differ by more than a tenth of an FID of 10 (Parmar et al., 2022, arXiv:2104.11222), and only two of them are free
of aliasing.
"""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..protocol import Resize

WORDS: dict[Resize, str] = {
    "antialias": "bilinear, antialiased", "tf1": "bilinear as in TensorFlow 1, not antialiased",
    "torch": "bilinear, not antialiased", "pil-bicubic": "bicubic as in Pillow, antialiased"}


def resized(x: Tensor, size: tuple[int, int], how: Resize = "antialias") -> Tensor:
    """Images (N, C, H, W) in [-1, 1] at another height and width; those that have it already stay as they are."""
    if tuple(x.shape[2:]) == tuple(size):
        return x
    if how == "antialias":
        return interpolate(x, size=size, mode="bilinear", antialias=True)
    if how == "torch":
        return interpolate(x, size=size, mode="bilinear", align_corners=False)
    if how == "tf1":
        return _corner_bilinear(_corner_bilinear(x, size[1], 3), size[0], 2)
    return pillow_bicubic(x, size)


def pillow_bicubic(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Pillow's bicubic filter on channels of mode F, cut off at [-1, 1] as clean-fid does at [0, 255].

    In float64, because Pillow computes its weights and sums so and rounds to float32 only after each direction.
    """
    return interpolate(x.double(), size=size, mode="bicubic", antialias=True).to(x.dtype).clamp(-1, 1)


def _corner_bilinear(x: Tensor, size: int, axis: int) -> Tensor:
    """Linear between the two nearest pixels of one axis, pixel i of the result lying at i * scale of the source.

    TensorFlow 1 aligns the corners of the images' first pixels, and not their centres, and takes the last pixel twice
    where there is none behind it (resize_bilinear_op.cc); positions are float32 there.
    """
    place = torch.arange(size, device=x.device, dtype=torch.float32) * torch.tensor(x.shape[axis] / size)
    first = place.long()
    second = (first + 1).clamp_max(x.shape[axis] - 1)
    weight = (place - first).to(x.dtype).view(-1, *(1,) * (x.ndim - 1 - axis))
    lower = x.index_select(axis, first)
    return lower + (x.index_select(axis, second) - lower) * weight

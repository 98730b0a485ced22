"""Correlation with an image that has zeros between its pixels, without multiplying by them.

    y[o] = sum_j w[j] v[o down + j],   v = x with up - 1 zeros behind each pixel, then padded     (along each axis)

Pairs are (x, y) and paddings (left, right, top, bottom), negative where an image is cropped instead.
"""

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, linear, pad

Factor = int | Sequence[int]                 # one for both axes, or (x, y)
Padding = int | Sequence[int]                # one for all sides, (x, y), or (left, right, top, bottom)
Pair = tuple[int, int]
Sides = tuple[int, int, int, int]


def pair(factor: Factor) -> Pair:
    """A factor as (x, y)."""
    return (factor, factor) if isinstance(factor, int) else tuple(factor)


def sides(padding: Padding) -> Sides:
    """A padding as (left, right, top, bottom)."""
    if isinstance(padding, int):
        return (padding,) * 4
    return tuple(padding) if len(padding) == 4 else (padding[0], padding[0], padding[1], padding[1])


def correlate(x: Tensor, weight: Tensor, *, up: Pair = (1, 1), down: Pair = (1, 1), padding: Sides = (0, 0, 0, 0),
              groups: int = 1, convolve: bool = False, bias: Tensor | None = None) -> Tensor:
    """(N, C, H, W) by a weight (O, C / groups, kh, kw) -> (N, O, (H up + padding - kh) / down + 1, ...).

    `convolve` reads the weight backwards; a `bias` is (O,). Raises ValueError where nothing would be left.
    """
    size_after(x, weight, up, down, padding)
    if convolve != (max(up) > 1):            # a transposed convolution reads the weight backwards by itself
        weight = weight.flip((2, 3))
    if max(up) == 1:
        return _strided(x, weight, bias, down=down, padding=padding, groups=groups)
    y = _transposed(x, weight, up, padding, groups)
    y = y if bias is None else y + bias[:, None, None]
    return y if down == (1, 1) else y[:, :, ::down[1], ::down[0]]


def size_after(x: Tensor, weight: Tensor, up: Pair, down: Pair, padding: Sides) -> Pair:
    """Height and width of what `correlate` returns; raises ValueError where nothing would be left."""
    left, right, top, bottom = padding
    padded = (x.shape[2] * up[1] + top + bottom, x.shape[3] * up[0] + left + right)
    if any(side < taps for side, taps in zip(padded, weight.shape[-2:])):
        raise ValueError(f"a padded image of {padded} pixels is smaller than the kernel of {tuple(weight.shape[-2:])}")
    return (padded[0] - weight.shape[-2]) // down[1] + 1, (padded[1] - weight.shape[-1]) // down[0] + 1


def _strided(x: Tensor, weight: Tensor, bias: Tensor | None, *, down: Pair, padding: Sides, groups: int) -> Tensor:
    if x.device.type == "cpu" and groups == 1 and weight[0, 0].numel() == 1 and not any(padding) and down == (1, 1):
        # PyTorch has a slow path for small batches, which leaves channels_last; a matrix product keeps it.
        return linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias).permute(0, 3, 1, 2)
    inside = [max(0, min(padding[2:])), max(0, min(padding[:2]))]
    return conv2d(_pad(x, [side - inside[1 - i // 2] for i, side in enumerate(padding)]), weight, bias,
                  stride=down[::-1], padding=inside, groups=groups)


def _transposed(x: Tensor, weight: Tensor, up: Pair, padding: Sides, groups: int) -> Tensor:
    """Each pixel adds the kernel, turned, at its place; what lies outside of the padded image is cropped."""
    outputs, inputs, height, width = weight.shape
    left, right, top, bottom = padding
    crop = (width - 1 - left, width - up[0] - right, height - 1 - top, height - up[1] - bottom)
    inside = [max(0, min(crop[2:])), max(0, min(crop[:2]))]
    weight = weight.reshape(groups, outputs // groups, inputs, height, width).transpose(1, 2)
    y = conv_transpose2d(x, weight.reshape(groups * inputs, outputs // groups, height, width),
                         stride=up[::-1], padding=inside, groups=groups)
    return _pad(y, [inside[1 - i // 2] - side for i, side in enumerate(crop)])


def _pad(x: Tensor, padding: list[int]) -> Tensor:
    return pad(x, padding) if any(padding) else x

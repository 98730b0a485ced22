"""The operators of StyleGAN as their definitions are written: zeros inserted, padded, summed tap by tap."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad


def up_padded(x: Tensor, up: tuple[int, int], padding: tuple[int, ...]) -> Tensor:
    """x with up - 1 zeros behind each pixel, padded or cropped."""
    n, channels, height, width = x.shape
    spread = x.new_zeros(n, channels, height * up[1], width * up[0])
    spread[:, :, ::up[1], ::up[0]] = x
    return pad(spread, padding)


def upfirdn2d(x: Tensor, f: Tensor, *, up=(1, 1), down=(1, 1), padding=(0, 0, 0, 0), flip_filter=False,
              gain=1.0) -> Tensor:
    """y[o] = sum_j f[k - 1 - j] v[o down + j], one tap after another."""
    v = up_padded(x, up, padding)
    f = (torch.outer(f, f) if f.ndim == 1 else f) * gain
    f = f if flip_filter else f.flip((0, 1))
    height, width = v.shape[2] - f.shape[0] + 1, v.shape[3] - f.shape[1] + 1
    taps = (f[i, j] * v[:, :, i:i + height, j:j + width] for i in range(f.shape[0]) for j in range(f.shape[1]))
    return sum(taps)[:, :, ::down[1], ::down[0]]


def modulated_conv2d(x: Tensor, weight: Tensor, styles: Tensor, padding: int, demodulate: bool = True) -> Tensor:
    """Each image by weights of its own."""
    found = []
    for image, style in zip(x, styles):
        w = weight * style[None, :, None, None]
        if demodulate:
            w = w / (w.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        found.append(conv2d(image[None], w, padding=padding))
    return torch.cat(found)

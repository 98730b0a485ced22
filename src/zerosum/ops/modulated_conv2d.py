"""Convolution with weights scaled by a style of each image (StyleGAN2, 1912.04958, Eq. 1 and 3; StyleGAN3, App. C).

    w''_oik = d_o s_i w_oik,   d_o = (sum_ik (s_i w_oik)^2 + eps)^(-1/2)

By linearity s scales the input and d the output, so that all images share one convolution; and
d_o = (sum_i s_i^2 sum_k w_oik^2 + eps)^(-1/2) needs no weights of each image either.
"""

import torch
from torch import Tensor

from .conv2d_resample import conv2d_resample
from .correlation import Padding, correlate, sides

EPS = 1e-8


class _Energies(torch.autograd.Function):
    """sum_k w_oik^2: (O, I, kh, kw) -> (O, I); its gradient 2 w g is one pass over the weight, not three."""

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor) -> Tensor:
        return weight.square().sum((2, 3))

    @staticmethod
    def setup_context(ctx, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return ctx.saved_tensors[0] * (2 * gradient)[:, :, None, None]

    @staticmethod
    def jvp(ctx, tangent: Tensor) -> Tensor:
        return 2 * (ctx.saved_tensors[0] * tangent).sum((2, 3))


def demodulation(weight: Tensor, styles: Tensor) -> Tensor:
    """d for a weight (O, I, kh, kw) and styles (N, I): (N, O)."""
    return (styles.square() @ _Energies.apply(weight).t() + EPS).rsqrt()


def modulated_conv2d(x: Tensor, weight: Tensor, styles: Tensor, noise: Tensor | None = None, *, up: int = 1,
                     down: int = 1, padding: Padding = 0, resample_filter: Tensor | None = None,
                     demodulate: bool = True, flip_weight: bool = True, gain: float = 1.0) -> Tensor:
    """StyleGAN2's: (N, I, H, W), weight (O, I, k, k), styles (N, I), noise that broadcasts -> (N, O, H up / down, ...).

    Resampled and padded as in `conv2d_resample`; times `gain`, noise and all.
    """
    noise = noise if noise is None or gain == 1 else noise * gain
    x = conv2d_resample(x * styles[:, :, None, None], weight, resample_filter, up=up, down=down, padding=padding,
                        flip_weight=flip_weight)
    if not demodulate:
        x = x if gain == 1 else x * gain
        return x if noise is None else x + noise
    d = (demodulation(weight, styles) * gain)[:, :, None, None]
    return x * d if noise is None else torch.addcmul(noise, x, d)


def normalized_modulated_conv2d(x: Tensor, weight: Tensor, styles: Tensor, *, demodulate: bool = True,
                                padding: Padding = 0, input_gain: Tensor | None = None) -> Tensor:
    """StyleGAN3's: (N, I, H, W), weight (O, I, k, k), styles (N, I), a gain (), (I,) or (N, I) -> (N, O, H', W').

    With `demodulate`, each filter has mean square one before, and all styles of the batch together.
    """
    if demodulate:
        weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
        styles = styles * styles.square().mean().rsqrt()
    scale = styles if input_gain is None else styles * input_gain
    x = correlate(x * scale[:, :, None, None], weight, padding=sides(padding))
    return x * demodulation(weight, styles)[:, :, None, None] if demodulate else x

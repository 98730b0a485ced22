"""Layers whose weights are drawn from N(0, 1) and scaled when they are used (ProGAN, 1710.10196, Sec. 4.1).

    y = act(gain (x * w / sqrt(inputs)) + b),   for all layers at one pace of an optimizer that normalizes gradients

The multiplier c of a learning rate (StyleGAN, 1812.04948, App. C) keeps w / c and b / c: Adam then moves w and b by c
times as much. Names of weights are those of the official StyleGAN2 and StyleGAN3.
"""

from math import sqrt

import torch
from torch import Tensor, nn

from ..ops import bias_act, conv2d_resample, setup_filter
from ..ops.bias_act import ACTIVATIONS, HOMOGENEOUS


class EqualizedLinear(nn.Module):
    """x (N, inputs) -> act(x W^T / sqrt(inputs) + b), (N, outputs).

    `act`: a name of `ops.ACTIVATIONS`, with its usual gain. `lr`: the multiplier of the learning rate. `weight_std`:
    of the scaled weights, times sqrt(inputs), at the start; `bias_init`: what the bias starts at.
    """

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True, act: str = "linear", lr: float = 1.0,
                 weight_std: float = 1.0, bias_init: float = 0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * (weight_std / lr))
        self.bias = nn.Parameter(torch.full((outputs,), bias_init / lr)) if bias else None
        self.act, self.lr, self.weight_gain = act, lr, lr / sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs) to (N, outputs)."""
        weight = (self.weight * self.weight_gain).to(x)
        bias = None if self.bias is None else (self.bias * self.lr if self.lr != 1 else self.bias).to(x)
        if self.act == "linear":
            return torch.nn.functional.linear(x, weight, bias)
        return bias_act(x @ weight.t(), bias, act=self.act)


class EqualizedConv2d(nn.Module):
    """x (N, inputs, H, W) -> clamp(gain act(conv(x, W / sqrt(inputs k^2)) + b)), (N, outputs, H up / down, ...).

    `up` and `down` resample through the low-pass filter of `taps`; images keep their place. A `frozen` layer has its
    weights as buffers, so that no player moves them (Freeze-D, 2002.10964).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = True, act: str = "linear", up: int = 1,
                 down: int = 1, taps: tuple[float, ...] = (1, 3, 3, 1), clamp: float | None = None,
                 frozen: bool = False):
        super().__init__()
        self.up, self.down, self.act, self.clamp = up, down, act, clamp
        self.padding, self.weight_gain = kernel // 2, 1 / sqrt(inputs * kernel**2)
        self.register_buffer("resample_filter", setup_filter(taps))
        weight, start = torch.randn(outputs, inputs, kernel, kernel), torch.zeros(outputs) if bias else None
        if frozen:
            self.register_buffer("weight", weight)
            self.register_buffer("bias", start)
        else:
            self.weight = nn.Parameter(weight)
            self.bias = None if start is None else nn.Parameter(start)

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H up / down, W up / down), all times `gain`, the clamp too."""
        gain *= ACTIVATIONS[self.act].gain
        clamp = None if self.clamp is None else self.clamp * gain / ACTIVATIONS[self.act].gain
        # Where the gain may as well come first it is the weights', and costs no pass over the maps.
        first, then = (gain, 1.0) if self.act in HOMOGENEOUS else (1.0, gain)
        weight = (self.weight * (self.weight_gain * first)).to(x)
        bias = None if self.bias is None else (self.bias * first).to(x)
        # Upsampling is by a transposed convolution, which turns the kernel around; official weights count on it.
        x = conv2d_resample(x, weight, self.resample_filter, bias, up=self.up, down=self.down, padding=self.padding,
                            flip_weight=self.up == 1)
        return bias_act(x, act=self.act, gain=then, clamp=clamp, inplace=True)

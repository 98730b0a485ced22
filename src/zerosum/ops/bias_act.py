"""Bias, activation, gain and clamp in one step (StyleGAN2): clamp(gain act(x + b), -clamp, clamp)."""

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import elu, leaky_relu, selu, silu, softplus

from .fused import kernels_for


class Activation(NamedTuple):
    """A function of x and alpha (the slope of lrelu; others ignore it), with the defaults of alpha and gain."""

    function: Callable[[Tensor, float], Tensor]
    alpha: float = 0.0
    gain: float = 1.0


HOMOGENEOUS = ("linear", "relu", "lrelu")    # g f(x) = f(g x) for g > 0
ACTIVATIONS = {
    "linear": Activation(lambda x, _: x),
    "relu": Activation(lambda x, _: x.relu(), gain=sqrt(2)),
    "lrelu": Activation(leaky_relu, alpha=0.2, gain=sqrt(2)),
    "tanh": Activation(lambda x, _: x.tanh()),
    "sigmoid": Activation(lambda x, _: x.sigmoid()),
    "elu": Activation(lambda x, _: elu(x)),
    "selu": Activation(lambda x, _: selu(x)),
    "softplus": Activation(lambda x, _: softplus(x)),
    "swish": Activation(lambda x, _: silu(x), gain=sqrt(2)),
}


def bias_act(x: Tensor, b: Tensor | None = None, *, dim: int = 1, act: str = "linear", alpha: float | None = None,
             gain: float | None = None, clamp: float | None = None, inplace: bool = False) -> Tensor:
    """x of any shape and b (x.shape[dim],) -> the shape of x; `alpha` and `gain` as the activation's own if None.

    `inplace` allows x to be overwritten.
    """
    function, usual_alpha, usual_gain = ACTIVATIONS[act]
    alpha = usual_alpha if alpha is None else alpha
    gain = usual_gain if gain is None else gain
    # Where the gain may as well come first, it costs no pass of its own: x g + b g is one.
    first, then = (gain, 1.0) if act in HOMOGENEOUS and gain > 0 else (1.0, gain)
    if act == "lrelu" and b is not None and gain > 0 and alpha >= 0:
        kernels = kernels_for(x) if b.dtype == x.dtype else None
        x = (kernels.bias_lrelu if kernels else _BiasLeakyReLU.apply)(x, b, dim, alpha, gain)
        return x if clamp is None else x.clamp(-clamp, clamp)
    given = x
    if b is not None:
        x = torch.add(first * _along(b, x, dim), x, alpha=first)
    elif first != 1:
        x = x * first
    if act == "lrelu" and (inplace or x is not given) and alpha >= 0:
        x = leaky_relu(x, alpha, inplace=True)                   # its derivative follows from its output alone
    else:
        x = function(x, alpha)
    if then != 1:
        x = x * then
    return x if clamp is None else x.clamp(-clamp, clamp)


class _BiasLeakyReLU(torch.autograd.Function):
    """gain leaky_relu(x + b): one new tensor in each direction, as its derivative follows from its output alone."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, b: Tensor, dim: int, alpha: float, gain: float) -> Tensor:
        return leaky_relu(torch.add(gain * _along(b, x, dim), x, alpha=gain), alpha, inplace=True)

    @staticmethod
    def setup_context(ctx, inputs: tuple, output: Tensor) -> None:
        ctx.dim, ctx.alpha, ctx.gain = inputs[2:]
        ctx.save_for_backward(output)
        ctx.save_for_forward(output)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        y, = ctx.saved_tensors
        grad = torch.ops.aten.leaky_relu_backward(grad, y, ctx.alpha, True).mul_(ctx.gain)
        return grad, grad.sum([axis for axis in range(grad.ndim) if axis != ctx.dim]), None, None, None

    @staticmethod
    def jvp(ctx, x: Tensor, b: Tensor | None, *_: None) -> Tensor:
        y, = ctx.saved_tensors
        x = x if b is None else x + _along(b, x, ctx.dim)
        return torch.ops.aten.leaky_relu_backward(x, y, ctx.alpha, True) * ctx.gain


def _along(b: Tensor, x: Tensor, dim: int) -> Tensor:
    """b as a tensor that broadcasts over all axes of x but `dim`."""
    return b.view([-1 if axis == dim else 1 for axis in range(x.ndim)])

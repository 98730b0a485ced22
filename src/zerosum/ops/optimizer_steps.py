"""One step of an optimizer as a pure function, which can be differentiated where the optimizers themselves cannot."""

from typing import NamedTuple

import torch
from torch import Tensor


class Moments(NamedTuple):
    """What Adam remembers: the number of steps taken, and the averages of the gradient and of its square."""

    step: int
    mean: Tensor
    square: Tensor


def sgd_step(theta: Tensor, grad: Tensor, lr: float) -> Tensor:
    """theta - lr grad, for tensors of any one shape."""
    return torch.add(theta, grad, alpha=-lr)


def adam_step(theta: Tensor, grad: Tensor, moments: Moments, *, lr: float, betas: tuple[float, float],
              eps: float = 1e-8) -> tuple[Tensor, Moments]:
    """Parameters and moments after one step of Adam (1412.6980, Algorithm 1), for tensors of any one shape."""
    step = moments.step + 1
    mean = torch.lerp(moments.mean, grad, 1 - betas[0])
    square = torch.addcmul(betas[1] * moments.square, grad, grad, value=1 - betas[1])
    # The root of zero has no derivative: without the bound a weight that never had a gradient makes all of them NaN.
    root = square.clamp_min(1e-30).sqrt() / (1 - betas[1] ** step) ** 0.5 + eps
    return torch.addcdiv(theta, mean, root, value=-lr / (1 - betas[0] ** step)), Moments(step, mean, square)

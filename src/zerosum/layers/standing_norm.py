"""The batch norms of BigGAN, told by a vector or a class, and the standing statistics that it samples with.

Their statistics are called `stored_mean` and `stored_var`, as in the authors' code, and their gain and bias are layers
of what they are told, or two vectors.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

MOMENTUM, EPS = 0.1, 1e-5


class StoredMoments(nn.Module):
    """h -> (h - E[h]) / sqrt(Var[h] + eps), whose stored mean and variance can be standing statistics.

    In training the moving averages follow the batch; while `accumulating`, the moments of the batches are summed
    instead, each with the same weight, and evaluation divides them by `accumulation_counter`, their number. The
    variance is the batch's own, biased one.
    """

    accumulating = False

    def __init__(self, channels: int, eps: float = EPS):
        super().__init__()
        self.eps = eps
        self.register_buffer("stored_mean", torch.zeros(channels))
        self.register_buffer("stored_var", torch.ones(channels))
        self.register_buffer("accumulation_counter", torch.zeros(1))

    def forward(self, h: Tensor) -> Tensor:
        """Normalize maps (N, channels, H, W)."""
        if not self.training:
            count = self.accumulation_counter if self.accumulating else 1
            return batch_norm(h, self.stored_mean / count, self.stored_var / count, eps=self.eps)
        with torch.no_grad():
            var, mean = torch.var_mean(h.float(), (0, 2, 3), correction=0)
            if self.accumulating:
                self.stored_mean += mean
                self.stored_var += var
                self.accumulation_counter += 1
            else:
                self.stored_mean.lerp_(mean, MOMENTUM)
                self.stored_var.lerp_(var, MOMENTUM)
        return batch_norm(h, None, None, training=True, eps=self.eps)

    def forget(self) -> None:
        """Begin a new sum."""
        for buffer in self.buffers():
            buffer.zero_()


class StandingNorm(nn.Module):
    """h -> gain (h - E[h]) / sqrt(Var[h] + eps) + bias, with a gain and a bias per channel.

    `told` makes the layer, from its number of outputs, that turns a condition into biases, and into gains less one;
    without it gain and bias are vectors. `standing`: the moments are StoredMoments, below `bn.`, else PyTorch's.
    """

    def __init__(self, channels: int, told: Callable[[int], nn.Module] | None = None, *, standing: bool = False,
                 eps: float = EPS):
        super().__init__()
        self.eps, self.standing, self.told = eps, standing, told is not None
        self.gain = nn.Parameter(torch.ones(channels)) if told is None else told(channels)
        self.bias = nn.Parameter(torch.zeros(channels)) if told is None else told(channels)
        if standing:
            self.bn = StoredMoments(channels, eps)
        else:
            self.register_buffer("stored_mean", torch.zeros(channels))
            self.register_buffer("stored_var", torch.ones(channels))

    def forward(self, h: Tensor, condition: Tensor | None = None) -> Tensor:
        """Normalize maps (N, channels, H, W) under a condition: vectors (N, K), or classes (N,); like h."""
        if self.standing:
            h = self.bn(h)
        else:
            h = batch_norm(h, self.stored_mean, self.stored_var, None, None, self.training, MOMENTUM, self.eps)
        gain = 1 + self.gain(condition) if self.told else self.gain[None]
        bias = self.bias(condition) if self.told else self.bias[None]
        return h * gain[..., None, None] + bias[..., None, None]


def norms_told_by(numbers: int, classes: int, standing: bool, eps: float) -> Callable[[int], StandingNorm]:
    """What makes norms, from channels, that are told vectors of so many numbers, or else a class, or else nothing."""
    told: Callable[[int], nn.Module] | None = None
    if numbers:
        told = partial(nn.Linear, numbers, bias=False)
    elif classes:
        told = partial(nn.Embedding, classes)
    return partial(StandingNorm, told=told, standing=standing, eps=eps)


@contextmanager
def standing_statistics(network: nn.Module) -> Iterator[None]:
    """Passes in training mode gather standing statistics, evaluation uses them; all buffers are put back at the end.

    Raises ValueError for a network without StoredMoments.
    """
    moments = [layer for layer in network.modules() if isinstance(layer, StoredMoments)]
    if not moments:
        raise ValueError(f"{type(network).__name__} has no batch norm that can gather standing statistics")
    before = [buffer.clone() for buffer in network.buffers()]
    for layer in moments:
        layer.forget()
        layer.accumulating = True
    try:
        yield
    finally:
        for layer in moments:
            layer.accumulating = False
        for buffer, value in zip(network.buffers(), before, strict=True):
            buffer.copy_(value)

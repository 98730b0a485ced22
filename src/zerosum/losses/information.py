"""How much of a code can be told from a sample: a lower bound of the mutual information (InfoGAN, 1606.03657, Eq. 5).

    L_I = E[log Q(c|x)] + H(c) <= I(c; x)     in nats; equal where Q is the posterior of c
"""

from math import log, pi, sqrt

from torch import Tensor
from torch.nn.functional import log_softmax


def categorical_information(logits: Tensor, code: Tensor) -> Tensor:
    """log K - CE for an even one-hot code (N, K) and Q's logits (N, K): log K where Q is always sure and right."""
    return log(code.shape[1]) + (code * log_softmax(logits, 1)).sum(1).mean()


def continuous_information(mean: Tensor, code: Tensor, std: float = 1.0) -> Tensor:
    """d log 2 + E[log N(u; mean, std^2)] for codes u ~ U(-1, 1)^d and what Q tells of them, (N, d) each."""
    surprise = ((code - mean) / std).square() / 2 + log(std * sqrt(2 * pi))
    return (log(2) - surprise).sum(1).mean()

"""Objectives of a discriminator that answers with a distribution over outcomes: RealnessGAN (2002.05512).

D(x) = softmax(logits), over K outcomes that lie evenly in [-1, 1]. Two anchors are what it should answer: A1 to real
samples, A0 to generated ones. With K = 2 and the anchors (0, 1) and (1, 0) it is the GAN's discriminator.
"""

from collections.abc import Callable

import torch
from torch import Tensor

NORMAL_REACH = 3.24                          # half the range of 1000 draws from N(0, 1), on average


def divergence(anchor: Tensor, logits: Tensor) -> Tensor:
    """KL(anchor || D) of each sample, (N,), in nats; anchor: (K,) or (N, K), logits: (N, K)."""
    return (torch.xlogy(anchor, anchor) - anchor * logits.log_softmax(1)).sum(1)


def skewed(anchor: Tensor, skew: float) -> Tensor:
    """Shift a distribution (K,) over outcomes in [-1, 1] by `skew`; what leaves the interval stays at its end.

    Mass that lands between two outcomes is divided among them by distance, so that its mean is kept.
    """
    last = len(anchor) - 1
    places = (torch.arange(len(anchor)) + skew * last / 2).clamp(0, last)
    below = places.floor().clamp(max=last - 1)
    share = places - below
    moved = torch.zeros_like(anchor).index_add_(0, below.long(), anchor * (1 - share))
    return moved.index_add_(0, below.long() + 1, anchor * share)


def anchors(outcomes: int, real_skew: float = 1.0, fake_skew: float = -1.0) -> tuple[Tensor, Tensor]:
    """The anchors (A1, A0), (K,) each: a uniform and a normal distribution, skewed to opposite ends.

    The authors' code draws 1000 numbers of each anew in every step, and histograms them over their own range: these are
    its anchors without that noise. Raises ValueError for fewer than two outcomes.
    """
    if outcomes < 2:
        raise ValueError(f"a distribution needs at least 2 outcomes, not {outcomes}")
    edges = torch.special.ndtr(torch.linspace(-NORMAL_REACH, NORMAL_REACH, outcomes + 1))
    normal = edges.diff() / (edges[-1] - edges[0])
    return skewed(torch.full((outcomes,), 1 / outcomes), real_skew), skewed(normal, fake_skew)


def realness_discriminator(logits_real: Tensor, logits_fake: Tensor, a1: Tensor, a0: Tensor) -> Tensor:
    """E[KL(A1 || D(x))] + E[KL(A0 || D(G(z)))] (2002.05512, Eq. 3); at best D = (A1 p + A0 q) / (p + q) (Eq. 4)."""
    return divergence(a1, logits_real).mean() + divergence(a0, logits_fake).mean()


def away_from_fake(logits_fake: Tensor, logits_real: Tensor, a1: Tensor, a0: Tensor) -> Tensor:
    """-E[KL(A0 || D(G(z)))]; with two outcomes it is the GAN's saturating loss."""
    return -divergence(a0, logits_fake).mean()


def relative_to_real(logits_fake: Tensor, logits_real: Tensor, a1: Tensor, a0: Tensor) -> Tensor:
    """E[KL(D(x) || D(G(z)))] - E[KL(A0 || D(G(z)))], x and z in pairs: like a real sample, unlike a generated one."""
    return divergence(logits_real.softmax(1), logits_fake).mean() - divergence(a0, logits_fake).mean()


def between_anchors(logits_fake: Tensor, logits_real: Tensor, a1: Tensor, a0: Tensor) -> Tensor:
    """E[KL(A1 || D(G(z)))] - E[KL(A0 || D(G(z)))]; with two outcomes it is minus the mean logit."""
    return divergence(a1, logits_fake).mean() - divergence(a0, logits_fake).mean()


REALNESS_GENERATORS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "fake-anchor": away_from_fake,
    "relative": relative_to_real,
    "anchors": between_anchors,
}

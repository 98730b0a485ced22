"""The loss-sensitive objective: generated samples must lose by a margin, and more need not (1701.06264)."""

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu


def distance_margin(x: Tensor, x_fake: Tensor, scale: float) -> Tensor:
    """Delta(x, G(z)) = scale ||x - G(z)||_1 of each pair, (N,): samples far from the data must lose by more."""
    return scale * (x - x_fake).abs().flatten(1).sum(1)


def loss_sensitive(losses_real: Tensor, losses_fake: Tensor, margin: Tensor, slope: float = 0.0) -> Tensor:
    """E[C(Delta + L(x) - L(G(z)))] over pairs, with C(a) = max(a, slope a) and slope <= 1 (scalar).

    Slope 0 is the hinge of LS-GAN, which no longer pushes where the margin holds; 1 is WGAN's difference, -1 is |a|
    (1701.06264, GLS-GAN). losses_*: (N,), smaller = more real; margin: (N,).
    """
    return leaky_relu(margin + losses_real - losses_fake, slope).mean()


def weight_decay(*parameters: Tensor) -> Tensor:
    """||w||^2 / 2 of all parameters (scalar), whose gradient in each is that parameter."""
    return sum((p.square().sum() for p in parameters), torch.zeros((), device=parameters[0].device)) / 2

"""f-divergences and what bounds them from below: the objectives of f-GAN (1606.00709)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Divergence:
    """D_f(P || Q) = E_Q[f(p/q)] with f convex, and what bounds it from below (f-GAN, 1606.00709, Tables 1 and 2).

    D_f >= F(V) = E_P[g_f(V)] - E_Q[f*(g_f(V))], with equality at T = g_f(V) = f'(p/q). `activation` g_f maps any score
    into the domain of the conjugate f*(t) = sup_u (u t - f(u)). `composed` is f*(g_f(v)) with its exponentials
    cancelled by hand: finite wherever its value is, while conjugate(activation(v)) is 0/0 or log 0 from |v| = 17 on.
    Nothing is clamped: what grows like e^v overflows float32 at a score of 88.
    """

    name: str
    f: Callable[[Tensor], Tensor]                                       # of the density ratio u = p/q > 0
    activation: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]
    composed: Callable[[Tensor], Tensor]
    level: float = 0.0                       # the score at which T = f'(1), that of samples as likely real as not

    @property
    def threshold(self) -> float:
        """f'(1): a sample with a larger T is more likely real than generated (Sec. 2.4)."""
        return self.activation(torch.tensor(self.level, dtype=torch.float64)).item()

    def bound(self, scores_real: Tensor, scores_fake: Tensor) -> Tensor:
        """F = E_P[g_f(V(x))] - E_Q[f*(g_f(V(G(z))))] (Eq. 6), a scalar: V ascends it, G descends it."""
        return self.activation(scores_real).mean() - self.composed(scores_fake).mean()

    def heuristic_generator(self, scores_fake: Tensor) -> Tensor:
        """-E_Q[g_f(V(G(z)))], for G to descend where F saturates (Sec. 3.2); the GAN's is -E[log D(G(z))]."""
        return -self.activation(scores_fake).mean()


def _half_tanh(x: Tensor) -> Tensor:
    return torch.tanh(x) / 2


# Jensen-Shannon and GAN are the paper's f, twice the usual divergence: 2 JSD, and 2 JSD - log 4.
DIVERGENCES: dict[str, Divergence] = {divergence.name: divergence for divergence in (
    Divergence("kl", lambda u: torch.xlogy(u, u), lambda v: v, lambda t: torch.exp(t - 1),
               lambda v: torch.exp(v - 1), level=1.0),
    Divergence("reverse-kl", lambda u: -torch.log(u), lambda v: -torch.exp(-v), lambda t: -1 - torch.log(-t),
               lambda v: v - 1),
    Divergence("pearson", lambda u: (u - 1).square(), lambda v: v, lambda t: t.square() / 4 + t,
               lambda v: v.square() / 4 + v),
    Divergence("hellinger", lambda u: (u.sqrt() - 1).square(), lambda v: -torch.expm1(-v), lambda t: t / (1 - t),
               torch.expm1),
    Divergence("jensen-shannon", lambda u: torch.xlogy(u, u) - (u + 1) * torch.log((u + 1) / 2),
               lambda v: math.log(2) - softplus(-v), lambda t: -torch.log(2 - torch.exp(t)),
               lambda v: softplus(v) - math.log(2)),
    Divergence("gan", lambda u: torch.xlogy(u, u) - (u + 1) * torch.log(u + 1), lambda v: -softplus(-v),
               lambda t: -torch.log(-torch.expm1(t)), softplus),
    Divergence("total-variation", lambda u: (u - 1).abs() / 2, _half_tanh, lambda t: t, _half_tanh),
)}

"""Objectives: what discriminator and generator each minimise, as pure functions of scores.

Scores s are logits of any shape (a PatchGAN's map too), float32, larger = more real; D(x) = sigmoid(s). Every function
averages over all of them. Everything logarithmic goes through softplus, log(1 + e^s), which neither overflows nor loses
its gradient: -log D = softplus(-s) and -log(1 - D) = softplus(s).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class Objective:
    """A pair of losses, both to be minimised; each returns a scalar."""

    name: str
    discriminator: Callable[[Tensor, Tensor], Tensor]                   # (scores_real, scores_fake)
    generator: Callable[..., Tensor]         # (scores_fake, scores_real=None): only relativistic ones read the second
    paper: str                               # arXiv id


def binary_cross_entropy(scores: Tensor, target: float | Tensor) -> Tensor:
    """Cross-entropy of D = sigmoid(scores) with the probability `target` of being real, a number or like `scores`.

    E[-t log D - (1 - t) log(1 - D)]. Two softplus instead of softplus(s) - t s: their sum cancels nowhere.
    """
    return (target * softplus(-scores) + (1 - target) * softplus(scores)).mean()


def squared_error(scores: Tensor, target: float | Tensor) -> Tensor:
    """Mean squared distance of the scores from a label: E[(s - t)^2]."""
    return (scores - target).square().mean()


def logistic_discriminator(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """-E[log D(x)] - E[log(1 - D(G(z)))], the negative of V(D, G) (1406.2661, Eq. 1)."""
    return softplus(-scores_real).mean() + softplus(scores_fake).mean()


def saturating_generator(scores_fake: Tensor, scores_real: Tensor | None = None) -> Tensor:
    """E[log(1 - D(G(z)))], whose gradient vanishes with D(G(z)) (1406.2661, Alg. 1)."""
    return -softplus(scores_fake).mean()


def non_saturating_generator(scores_fake: Tensor, scores_real: Tensor | None = None) -> Tensor:
    """-E[log D(G(z))] (1406.2661, Sec. 3, last paragraph)."""
    return softplus(-scores_fake).mean()


def wasserstein_discriminator(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """E[f(G(z))] - E[f(x)], minus the estimate of the Wasserstein distance (1701.07875, Eq. 3)."""
    return scores_fake.mean() - scores_real.mean()


def wasserstein_generator(scores_fake: Tensor, scores_real: Tensor | None = None) -> Tensor:
    """-E[f(G(z))] (1701.07875, Alg. 1, line 10)."""
    return -scores_fake.mean()


def hinge_discriminator(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """E[max(0, 1 - s(x))] + E[max(0, 1 + s(G(z)))] (Geometric GAN, 1705.02894)."""
    return relu(1 - scores_real).mean() + relu(1 + scores_fake).mean()


def least_squares_discriminator(scores_real: Tensor, scores_fake: Tensor, *, a: float, b: float) -> Tensor:
    """1/2 E[(s(x) - b)^2] + 1/2 E[(s(G(z)) - a)^2] (1611.04076, Eq. 2)."""
    return (squared_error(scores_real, b) + squared_error(scores_fake, a)) / 2


def least_squares_generator(scores_fake: Tensor, scores_real: Tensor | None = None, *, c: float) -> Tensor:
    """1/2 E[(s(G(z)) - c)^2] (1611.04076, Eq. 2)."""
    return squared_error(scores_fake, c) / 2


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Objective:
    """The least-squares objective with labels a for fake, b for real, c for what the generator wants (1611.04076).

    (0, 1, 1) is the paper's Eq. 9; (-1, 1, 0), its Eq. 8, minimises the Pearson chi-squared divergence.
    """
    return Objective("least-squares", partial(least_squares_discriminator, a=a, b=b),
                     partial(least_squares_generator, c=c), "1611.04076")


def relativistic(scores: Tensor, others: Tensor) -> Tensor:
    """-E[log sigmoid(C(x) - C(y))], x and y drawn in pairs (1807.00734, Sec. 4.1: RSGAN).

    How much more real each of `scores` is than the one of `others` that it was paired with. The discriminator minimises
    it of (real, fake), the generator of (fake, real): both losses have a real term.
    """
    return softplus(others - scores).mean()


def relativistic_average(scores: Tensor, others: Tensor) -> Tensor:
    """-E[log sigmoid(C(x) - E C(y))] - E[log(1 - sigmoid(C(y) - E C(x)))] (1807.00734, Sec. 4.2: RaSGAN).

    Each score is held against the mean of the others'; who minimises it of what is as in `relativistic`.
    """
    return logistic_discriminator(scores - others.mean(), others - scores.mean())


OBJECTIVES: dict[str, Objective] = {objective.name: objective for objective in (
    Objective("saturating", logistic_discriminator, saturating_generator, "1406.2661"),
    Objective("non-saturating", logistic_discriminator, non_saturating_generator, "1406.2661"),
    Objective("wasserstein", wasserstein_discriminator, wasserstein_generator, "1701.07875"),
    least_squares(),
    Objective("hinge", hinge_discriminator, wasserstein_generator, "1705.02894"),
)}

# Apart from OBJECTIVES, since their generators cannot do without the real scores.
RELATIVISTIC: dict[str, Objective] = {
    name: Objective(name, loss, loss, "1807.00734")
    for name, loss in (("relativistic", relativistic), ("relativistic-average", relativistic_average))
}

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

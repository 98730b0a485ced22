"""Objectives on one score per sample, each for itself: GAN, WGAN, LSGAN and the hinge.

Scores s are logits of any shape (a PatchGAN's map too), float32, larger = more real; D(x) = sigmoid(s). Every function
averages over all of them. Everything logarithmic goes through softplus, log(1 + e^s), which neither overflows nor loses
its gradient: -log D = softplus(-s) and -log(1 - D) = softplus(s).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

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


OBJECTIVES: dict[str, Objective] = {objective.name: objective for objective in (
    Objective("saturating", logistic_discriminator, saturating_generator, "1406.2661"),
    Objective("non-saturating", logistic_discriminator, non_saturating_generator, "1406.2661"),
    Objective("wasserstein", wasserstein_discriminator, wasserstein_generator, "1701.07875"),
    least_squares(),
    Objective("hinge", hinge_discriminator, wasserstein_generator, "1705.02894"),
)}

"""The objective of Fisher GAN: a mean difference under a constraint on the critic's second moment (1705.09675)."""

from torch import Tensor


def mean_difference(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """E_P[f] - E_Q[f] of scores (N,) and (M,), the numerator of the Fisher IPM (1705.09675, Sec. 2)."""
    return scores_real.mean() - scores_fake.mean()


def second_moment(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """Omega = 1/2 E_P[f^2] + 1/2 E_Q[f^2] (1705.09675, Sec. 2); the two laws weigh the same, whatever N and M are."""
    return (scores_real.square().mean() + scores_fake.square().mean()) / 2


def fisher_ipm(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """(E_P[f] - E_Q[f]) / sqrt(Omega), the same for f and any positive multiple, at most 2 (1705.09675, Sec. 2).

    Its supremum over f is the chi-squared distance F, F^2 = integral of (p - q)^2 / ((p + q) / 2) (Thm. 1).
    """
    return mean_difference(scores_real, scores_fake) / second_moment(scores_real, scores_fake).sqrt()

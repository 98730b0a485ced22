"""How far codes are from a standard normal, by their means and variances alone (AGE, 1704.02304)."""

from torch import Tensor

SMALLEST = 1e-8                              # variance: below it, and with a single code, there is none to speak of


def moment_kl(codes: Tensor) -> Tensor:
    """KL(N(m, s^2) || N(0, I)) / M, a scalar, of the means m and variances s^2 of codes (N, M).

    The mean over the M numbers of (s^2 + m^2 - 1) / 2 - log s: 0 where all means are 0 and all variances 1, large
    where all codes agree in a number. A variance is at least SMALLEST.
    """
    mean, variance = codes.mean(0), codes.var(0, correction=0).clamp_min(SMALLEST)
    return 0.5 * (variance + mean.square() - 1 - variance.log()).mean()

"""Feature matching: an objective for the generator that asks for statistics of the data and not for scores."""

from torch import Tensor


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """||E f(x) - E f(G(z))||_2^2 of features f (N, F), averaged over the batch first (1606.03498, Sec. 3.1).

    It replaces the generator's adversarial loss. Batches that differ in every sample, but not in the mean, match.
    """
    return (real.float().mean(0) - fake.float().mean(0)).square().sum()

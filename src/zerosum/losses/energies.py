"""Terms of games whose discriminator is an energy: what EBGAN (1609.03126) adds to the mean energies themselves.

An energy is at least 0 and low where samples are real; (N,), one per sample.
"""

from torch import Tensor
from torch.nn.functional import normalize, relu


def below_margin(energies: Tensor, margin: float | Tensor) -> Tensor:
    """E[max(0, m - D(G(z)))] (1609.03126, Eq. 1), a scalar: what lies at the margin or above is left alone."""
    return relu(margin - energies).mean()


def pulling_away(codes: Tensor) -> Tensor:
    """Mean squared cosine between the codes (N, K) of any two different samples, in [0, 1] (1609.03126, Eq. 4).

    f_PT(S) = 1 / (N (N - 1)) sum_i sum_{j != i} (S_i . S_j / (|S_i| |S_j|))^2. Orthogonal codes have 0, parallel ones
    1; one sample alone has 0.
    """
    directions = normalize(codes, dim=1)
    squares = (directions @ directions.T).square()
    count = len(codes)
    return (squares.sum() - squares.diagonal().sum()) / max(1, count * (count - 1))

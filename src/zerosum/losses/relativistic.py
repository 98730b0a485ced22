"""Relativistic objectives: losses of differences of scores (1807.00734)."""

from torch import Tensor
from torch.nn.functional import softplus

from .scores import Objective, logistic_discriminator


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


# Apart from OBJECTIVES, since their generators cannot do without the real scores.
RELATIVISTIC: dict[str, Objective] = {
    name: Objective(name, loss, loss, "1807.00734")
    for name, loss in (("relativistic", relativistic), ("relativistic-average", relativistic_average))
}

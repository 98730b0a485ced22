"""Losses of a discriminator that is also shown real samples under a condition that is not theirs."""

from torch import Tensor

from .scores import binary_cross_entropy


def matching_aware(scores_right: Tensor, scores_wrong: Tensor, scores_fake: Tensor, share: float = 0.5) -> Tensor:
    """-E[log s_r] - share E[log(1 - s_w)] - (1 - share) E[log(1 - s_f)] (GAN-CLS, 1605.05396, Alg. 1, line 8).

    Scores (N,) are logits: of real samples under their own condition, of real ones under a wrong one, and of generated
    ones. A share of 0 is the discriminator of a plain conditional GAN.
    """
    return (binary_cross_entropy(scores_right, 1.0) + share * binary_cross_entropy(scores_wrong, 0.0)
            + (1 - share) * binary_cross_entropy(scores_fake, 0.0))

"""Losses of one discriminator before K generators: who made a sample, and how alike they are (1704.02906).

Logits have K + 1 classes: class i < K is generator i, the last is the data.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, softplus


def identification(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Cross-entropy of naming the maker of each sample: the data or one of K generators (1704.02906, Sec. 3.1).

    logits_real: (N, K + 1); logits_fake: (K, N, K + 1), by generator. Each maker weighs as much as any other.
    """
    makers = torch.arange(len(logits_fake), device=logits_fake.device).repeat_interleave(logits_fake.shape[1])
    real = torch.full((len(logits_real),), len(logits_fake), device=logits_real.device)
    return cross_entropy(torch.cat([logits_fake.flatten(0, 1), logits_real]), torch.cat([makers, real]))


def detection(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Cross-entropy of telling the data from K generators, none of which is named: their K classes are one.

    Logits and weights are those of `identification`, and so is the best D_{K+1} = p / (p + sum_i p_i).
    """
    real, fake = real_logit(logits_real), real_logit(logits_fake)
    return torch.cat([softplus(-real), softplus(fake).flatten()]).mean()


def real_logit(logits: Tensor) -> Tensor:
    """log D_{K+1} - log(1 - D_{K+1}): logits (..., K + 1) as one score, larger = more real; (...)."""
    return logits[..., -1] - logits[..., :-1].logsumexp(-1)


def mean_similarity(features: Tensor) -> Tensor:
    """Mean over pairs i < j of cos(phi_i, phi_j), in [-1 / (K - 1), 1]; features: (K, N, F), by generator, K >= 2."""
    k = len(features)
    unit = normalize(features, dim=-1)
    return ((unit.sum(0).square().sum(-1) - k) / (k * (k - 1))).mean()       # |sum u_i|^2 = K + 2 sum_{i<j} u_i u_j

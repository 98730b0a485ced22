"""VAE: the weight of the KL divergence."""

import pytest
import torch

from zerosum.core import Batch, UsageError
from zerosum.data import load_data
from zerosum.runs import construct, plan


def terms(**settings) -> dict[str, torch.Tensor]:
    chosen = plan("vae", "tiny", settings)
    data = load_data(chosen.data)
    model = construct(chosen.model, chosen.cfg, data.spec, 0)
    torch.manual_seed(0)
    return model.loss(Batch(data.all()[:8]))


def test_beta_weighs_the_divergence_and_nothing_else():
    one, four, plain = terms(beta=1.0), terms(beta=4.0), terms()
    assert torch.equal(four["reconstruction"], one["reconstruction"]) and one["kl"] > 0
    torch.testing.assert_close(four["kl"], 4 * one["kl"])
    assert torch.equal(plain["kl"], one["kl"])


def test_beta_is_positive():
    with pytest.raises(UsageError, match="beta"):
        terms(beta=0.0)

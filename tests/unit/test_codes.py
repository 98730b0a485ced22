"""Codes in a latent: how z is put together and taken apart, and what can be told of a code from a sample."""

import math
from dataclasses import replace

import pytest
import torch
from tiny import seeded

from zerosum.losses import categorical_information, continuous_information, similarity_constraint
from zerosum.ops import LatentSpec

SPEC = LatentSpec(noise=3, categorical=(4, 2), continuous=2)


def drawn(n: int, spec: LatentSpec = SPEC) -> torch.Tensor:
    generator = seeded()
    return spec.draw(torch.randn(n, spec.noise, generator=generator), generator)


# z ------------------------------------------------------------------------------------------------------------------


def test_z_can_be_taken_apart_and_put_together():
    z = drawn(2_000)
    parts = SPEC.split(z)
    assert torch.equal(SPEC.join(parts), z) and z.shape == (2_000, SPEC.size) and SPEC.size == 3 + 4 + 2 + 2
    assert torch.equal(parts.noise, torch.randn(2_000, 3, generator=seeded()))
    for code, values in zip(parts.categorical, (4, 2), strict=True):
        assert torch.equal(code.sum(1), torch.ones(2_000)) and set(code.unique().tolist()) == {0.0, 1.0}
        assert (code.mean(0) - 1 / values).abs().max() < 0.05                # 4 standard deviations
    assert parts.continuous.shape == (2_000, 2) and parts.continuous.abs().max() <= 1
    assert parts.continuous.mean().abs() < 0.05
    assert parts.continuous.square().mean().item() == pytest.approx(1 / 3, abs=0.03)


def test_a_seed_is_a_z():
    assert torch.equal(drawn(5), drawn(5))
    assert torch.equal(drawn(5, replace(SPEC, categorical=(), continuous=0)), torch.randn(5, 3, generator=seeded()))


def test_codes_are_chosen_and_all_else_stays():
    z = drawn(6)
    values = torch.tensor([3, 0, 1, 2, 3, 0])
    assert torch.equal(SPEC.chosen(SPEC.choose(z, values)), values)
    assert torch.equal(SPEC.chosen(SPEC.choose(z, 1, code=1), 1), torch.ones(6, dtype=torch.int64))
    assert torch.equal(SPEC.choose(z, SPEC.chosen(z)), z)
    changed = (SPEC.turn(z, 0.25, code=1) != z).any(0)
    assert changed.nonzero().flatten().tolist() == [SPEC.size - 1]
    assert torch.equal(SPEC.split(SPEC.turn(z, torch.arange(6.0)))[2][:, 0], torch.arange(6.0))


def test_truncation_leaves_categorical_codes_whole():
    z = drawn(6)
    torch.testing.assert_close(SPEC.shares(z), z)
    half = SPEC.split(SPEC.shares(0.5 * z))
    assert torch.equal(half.noise, SPEC.split(z).noise / 2)
    torch.testing.assert_close(half.categorical, SPEC.split(z).categorical)
    assert torch.equal(SPEC.shares(0 * z), 0 * z)
    between = SPEC.split(SPEC.shares(0.3 * SPEC.choose(z, 0) + 0.7 * SPEC.choose(z, 1))).categorical[0]
    torch.testing.assert_close(between, torch.tensor([[0.3, 0.7, 0, 0]]).expand(6, -1))


# What can be told of a code -----------------------------------------------------------------------------------------


def test_a_perfect_predictor_knows_log_10_of_ten_even_values():
    code = torch.eye(10, dtype=torch.float64)
    assert categorical_information(1e3 * code, code).item() == pytest.approx(math.log(10), abs=1e-12)
    assert categorical_information(torch.zeros(10, 10), code.float()).item() == pytest.approx(0, abs=1e-6)
    assert categorical_information(-1e3 * code, code) < -900                 # a bound, and no better than Q


def test_the_posterior_makes_the_bound_tight():
    """x = c with probability 0.7, else any of the other two: I = log 3 - H(0.7, 0.15, 0.15)."""
    channel = torch.tensor([[.7, .15, .15], [.15, .7, .15], [.15, .15, .7]], dtype=torch.float64)
    pairs = [(c, x) for c in range(3) for x in range(3)]
    weights = torch.tensor([channel[c, x] / 3 for c, x in pairs])
    code = torch.eye(3, dtype=torch.float64)[[c for c, _ in pairs]]
    logits = channel.log().T[[x for _, x in pairs]]
    each = torch.stack([categorical_information(q[None], c[None]) for q, c in zip(logits, code, strict=True)])
    entropy = -(channel[0] * channel[0].log()).sum()
    assert (weights * each).sum().item() == pytest.approx(math.log(3) - entropy.item(), rel=1e-12)


def test_continuous_codes_are_told_by_a_gaussian_of_fixed_width():
    code = torch.tensor([[0.5, -1.0], [0.0, 0.2]], dtype=torch.float64)
    exact = 2 * (math.log(2) - math.log(0.1 * math.sqrt(2 * math.pi)))
    assert continuous_information(code, code, std=0.1).item() == pytest.approx(exact, rel=1e-12)
    off = code + torch.tensor([[0.3, 0.0], [0.0, 0.0]])
    assert continuous_information(off, code, std=0.1).item() == pytest.approx(exact - 0.3**2 / 0.1**2 / 2 / 2, rel=1e-6)
    mean = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    continuous_information(mean, code).backward()
    torch.testing.assert_close(mean.grad, code / 2)                          # (u - mean) / std^2, over N = 2


def test_the_similarity_of_three_points_by_hand():
    """Points at 0, 3 and (3, 4); the first two share a code: (3 + 1/5 + 1/4) / (3 * 2)."""
    x = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]], requires_grad=True)
    codes = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = similarity_constraint(x, codes)
    assert found.item() == pytest.approx((3 + 1 / 5 + 1 / 4) / 6, rel=1e-5)
    found.backward()
    assert x.grad[0].tolist() == pytest.approx([(-1 + 3 / 125) / 6, 4 / 125 / 6], rel=1e-4)
    assert similarity_constraint(x[:1], codes[:1]) == 0
    twins = torch.zeros(2, 2, requires_grad=True)
    similarity_constraint(twins, codes[:2]).backward()                       # no slope, not NaN, where two coincide
    assert torch.equal(twins.grad, torch.zeros(2, 2))

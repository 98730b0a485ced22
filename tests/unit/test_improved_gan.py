"""Improved GAN: each technique against its closed form, alone and as a switch of the model."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from zerosum.core import UsageError
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.layers import HistoricalAverage, MinibatchDiscrimination, VirtualBatch, VirtualBatchNorm
from zerosum.losses import feature_matching, label_smoothing
from zerosum.networks import DCGANDiscriminator, DCGANGenerator, FeatureDiscriminator, MLPDiscriminator, MLPGenerator
from zerosum.runs import construct, plan


def trainer_of(preset: str = "tiny", **settings) -> Trainer:
    chosen = plan("improved-gan", preset, {"device": "cpu"} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Feature matching -----------------------------------------------------------------------------------------------------


def test_feature_matching_is_zero_if_the_means_are_equal_though_the_samples_differ():
    real = normal(16, 5)
    assert feature_matching(real, real.mean(0) - (real - real.mean(0)) * 3).item() == pytest.approx(0, abs=1e-12)
    assert feature_matching(real, real + torch.tensor([3.0, 0, 0, 4, 0])).item() == pytest.approx(25, rel=1e-6)


def test_feature_matching_replaces_the_adversarial_loss():
    trainer = trainer_of(feature_matching=True, historical_weight=0.0)
    batch, model = trainer.batch(), trainer.model
    terms = model.generator_loss(batch)
    assert set(terms) == {"matching"} and set(model.discriminator_loss(batch)) == {"adversarial"}
    z = model.noise(batch)
    model.noise = lambda _: z
    real, fake = (model.discriminator.features(x).mean(0) for x in (batch.x, model.generate(z)))
    assert model.generator_loss(batch)["matching"].item() == pytest.approx((real - fake).square().sum().item(), 1e-5)


# One-sided label smoothing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.9), (0.8, 1.0), (1.0, 1.0)])
def test_smoothing_lowers_the_target_of_real_samples_alone(low, high):
    real, fake = normal(100_000, seed=1), normal(5, seed=2)
    target = (low + high) / 2
    expected = (target * softplus(-real) + (1 - target) * softplus(real)).mean() + softplus(fake).mean()
    torch.manual_seed(0)
    found = label_smoothing(low, high).discriminator(real, fake)
    assert found.item() == pytest.approx(expected.item(), abs=0 if low == high else 1e-3, rel=1e-12)


def test_random_targets_are_one_per_sample_and_within_bounds():
    """At a score of -c the loss of a real sample is its target times c, for large c; so targets can be read off."""
    scores = torch.full((1,), -1e4)
    losses = [label_smoothing(0.8, 1.0).discriminator(scores, torch.tensor([-1e4])).item() / 1e4 for _ in range(400)]
    assert 0.8 <= min(losses) < 0.81 and 0.99 < max(losses) <= 1.0
    assert 0.5 * 0.2 / math.sqrt(12) < torch.tensor(losses).std() < 1.5 * 0.2 / math.sqrt(12)


@pytest.mark.parametrize("odds", [0.1, 1.0, 7.0])
def test_the_smoothed_optimum_is_alpha_p_over_p_plus_q(odds):
    """Where p / q = odds, the gradient of E_p[l(s, .9)] + E_q[l(s, 0)] is zero at sigmoid(s) = .9 p / (p + q)."""
    best = 0.9 * odds / (1 + odds)
    score = torch.tensor([math.log(best / (1 - best))], dtype=torch.float64, requires_grad=True)
    objective, nobody = label_smoothing().discriminator, torch.tensor([-1e3], dtype=torch.float64)
    loss = odds * objective(score, nobody) + softplus(score)
    assert torch.autograd.grad(loss, score)[0].item() == pytest.approx(0, abs=1e-12)


def test_targets_out_of_order_are_refused():
    for wrong in ((1.0, 0.8), (0.9, 1.1)):
        with pytest.raises(UsageError, match="real_target"):
            trainer_of(real_target=wrong)


# Minibatch discrimination ---------------------------------------------------------------------------------------------


def test_minibatch_discrimination_is_the_papers_sum():
    layer, f = MinibatchDiscrimination(4, 3, 2).double(), normal(5, 4)
    layer.log_scale.data = normal(3, 2, seed=3)
    t = layer.theta * layer.log_scale.exp() / layer.theta.square().sum(0).sqrt()
    m = torch.einsum("na,abc->nbc", f, t)
    expected = torch.zeros(5, 3, dtype=torch.float64)
    for i in range(5):
        for j in range(5):
            if i != j:
                expected[i] += torch.exp(-(m[i] - m[j]).abs().sum(1))
    torch.testing.assert_close(layer(f), torch.cat([f, expected], 1))
    torch.autograd.gradcheck(layer, (f.requires_grad_(),))


def test_of_equal_samples_each_is_close_to_all_others_and_of_far_ones_to_none():
    layer = MinibatchDiscrimination(4, 3)
    assert torch.equal(layer(torch.ones(7, 4))[:, 4:], torch.full((7, 3), 6.0))
    assert layer(1e4 * normal(7, 4).float())[:, 4:].abs().max() < 1e-6
    assert torch.equal(layer(torch.ones(1, 4))[:, 4:], torch.zeros(1, 3))


def test_real_and_generated_samples_are_judged_apart():
    """What the discriminator says of real samples is the same whatever the generator makes."""
    trainer = trainer_of(batch_size=6, norm="none", historical_weight=0.0)
    model, batch, seen = trainer.model, trainer.batch(), []
    model.discriminator.register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0]))
    model.discriminator_loss(batch)
    assert [len(x) for x in seen] == [6, 6] and torch.equal(seen[0], batch.x)


@pytest.mark.parametrize("network", [MLPDiscriminator((1, 8, 8), width=6, dropout=(0.0, 0.0)),
                                     DCGANDiscriminator(8, 1, 8)])
def test_a_discriminator_taken_apart_scores_as_it_did(network):
    x = normal(4, 1, 8, 8).float()
    expected, ours = network(x), FeatureDiscriminator(network)
    torch.testing.assert_close(ours(x), expected)
    assert ours.features(x).shape == (4, ours.head.in_features)
    assert FeatureDiscriminator(network, kernels=3)(x).shape == (4,)


# Historical averaging -------------------------------------------------------------------------------------------------


def test_the_historical_mean_is_that_of_all_parameters_so_far():
    network = nn.Linear(2, 1).double()
    past, average = [], HistoricalAverage(network)
    for seed in range(5):
        for parameter in network.parameters():
            parameter.data = normal(*parameter.shape, seed=seed)
        average.record(network)
        past.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    now, mean = past[-1], torch.stack(past).mean(0)
    term = average(network)
    assert term.item() == pytest.approx((now - mean).square().sum().item())
    grads = torch.cat([g.flatten() for g in torch.autograd.grad(term, list(network.parameters()))])
    torch.testing.assert_close(grads, 2 * (now - mean))
    assert sum(1 for _ in average.parameters()) == 0         # the network is not a part of it


def test_each_move_of_a_player_is_remembered_once():
    trainer = trainer_of(historical_weight=0.5, g_steps=3)
    trainer.fit(2)
    assert {name: int(each.count) for name, each in trainer.model.history.items()} == {"discriminator": 2,
                                                                                     "generator": 6}
    plain = trainer_of(historical_weight=0.0)
    assert not len(plain.model.history) and "historical" not in plain.model.generator_loss(plain.batch())


# Virtual batch norm ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4,), (4, 3, 5)])
def test_virtual_batch_norm_by_hand(shape):
    """The reference by its own statistics; another sample by those of the reference and itself, R + 1 in all."""
    layer, x = VirtualBatchNorm(4, references=3, eps=0.0).double(), normal(5, *shape) + 100
    layer.weight.data, layer.bias.data = normal(4, seed=1), normal(4, seed=2)
    weight, bias = (each.view(-1, *[1] * (len(shape) - 1)) for each in (layer.weight, layer.bias))
    over = (0, *range(2, len(shape) + 1))
    for i in range(5):
        known = x[:3] if i < 3 else torch.cat([x[:3], x[i:i + 1]])
        mean, variance = known.mean(over, keepdim=True)[0], known.var(over, correction=0, keepdim=True)[0]
        torch.testing.assert_close(layer(x)[i], (x[i] - mean) / variance.sqrt() * weight + bias)
    torch.autograd.gradcheck(layer, (normal(4, *shape).requires_grad_(),))


def test_a_sample_depends_on_no_other_and_on_the_reference():
    network = VirtualBatch(DCGANGenerator(4, 8, 1, 8), normal(6, 4).float())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    z = normal(5, 4, seed=1).float()
    torch.testing.assert_close(network(z)[:2], network(z[:2]))
    before = network(z)
    torch.testing.assert_close(network.eval()(z), before, rtol=0, atol=0)
    network.reference.add_(1)
    assert (network(z) - before).abs().max() > 1e-4


def test_the_reference_batch_is_differentiated_through():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 1)).double()
    VirtualBatch(network, normal(4, 2))      # in place
    z, reference = normal(3, 2, seed=1), normal(4, 2)

    def of(weight):
        return torch.func.functional_call(network, {"0.weight": weight}, (torch.cat([reference, z]),))[4:]

    torch.autograd.gradcheck(of, (network[0].weight,))


def test_a_network_without_batch_norm_has_none_to_make_virtual():
    with pytest.raises(ValueError, match="no batch norm"):
        VirtualBatch(MLPGenerator(2, (2,), width=4), torch.zeros(3, 2))


def test_the_reference_batch_is_state():
    """It is in the checkpoint, does not move, and a model that was begun with another takes it over."""
    first, other = trainer_of(), trainer_of(seed=1)
    chosen = plan("improved-gan", "tiny", {"device": "cpu"})
    other = Trainer(construct(chosen.model, chosen.cfg, other.data.spec, 1), other.data, chosen.train)
    reference = first.model.generator.reference.clone()
    assert not torch.equal(other.model.generator.reference, reference)
    first.fit(2)
    other.load_state(*first.state())
    assert torch.equal(first.model.generator.reference, reference)
    assert torch.equal(other.model.generator.reference, reference)


@pytest.mark.parametrize("norm", ["virtual", "batch", "none"])
@pytest.mark.parametrize("preset", ["ring", "tiny"])
@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_every_norm_goes_with_every_network(norm, preset, network):
    trainer = trainer_of(preset, generator_norm=norm, network=network, width=16, batch_size=8, g_steps=1,
                         reference_size=5)
    trainer.fit(1)
    kinds = [type(module).__name__ for module in trainer.model.generator.modules()]
    assert any("VirtualBatchNorm" in kind for kind in kinds) == (norm == "virtual")
    assert any(kind.startswith("BatchNorm") for kind in kinds) == (norm == "batch")
    assert trainer.model.sample(3, seed=0).isfinite().all()

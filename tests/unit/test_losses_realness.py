"""The realness objectives: anchors, divergences, and what is left of them at two outcomes."""

import math

import pytest
import torch
from torch.nn.functional import logsigmoid, softplus

from zerosum.core import Batch, DataSpec, UsageError, build
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.losses import REALNESS_GENERATORS, anchors, divergence, realness_discriminator
from zerosum.losses.realness import skewed
from zerosum.models import RealnessGAN
from zerosum.runs import construct, plan

ONE, ZERO = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])           # all of each anchor on one of two outcomes


def two_outcomes(logits: torch.Tensor) -> torch.Tensor:
    """Answers whose second outcome has probability sigmoid(logits)."""
    return torch.stack([torch.zeros_like(logits), logits], 1) + 3


def test_divergence_is_kullback_leiblers():
    anchor, logits = torch.tensor([0.5, 0.5, 0.0]), torch.log(torch.tensor([[0.25, 0.25, 0.5], [0.5, 0.5, 1e-30]]))
    assert divergence(anchor, logits).tolist() == pytest.approx([math.log(2), 0.0], abs=1e-6)
    torch.testing.assert_close(divergence(logits.softmax(1), logits), torch.zeros(2), atol=1e-6, rtol=0)


@pytest.mark.parametrize("outcomes", [2, 5, 20, 51])
def test_anchors_are_distributions_at_opposite_ends(outcomes):
    a1, a0 = anchors(outcomes)
    places = torch.linspace(-1, 1, outcomes)
    for anchor in (a1, a0):
        assert anchor.sum().item() == pytest.approx(1, abs=1e-6) and (anchor >= 0).all()
    assert (a1 * places).sum() > 0.49 and (a0 * places).sum() < -0.49
    assert a1[-1] >= 0.5 - 1e-6 and a0[0] >= 0.5 - 1e-6, "what left the interval stays at its end"


def test_anchors_without_skew_are_uniform_and_normal():
    a1, a0 = anchors(51, 0.0, 0.0)
    assert torch.allclose(a1, torch.full((51,), 1 / 51))
    torch.testing.assert_close(a0, a0.flip(0))
    spread = (a0 * torch.linspace(-1, 1, 51).square()).sum().sqrt() * 3.24 * 50 / 51      # outcomes are bins' centres
    assert spread.item() == pytest.approx(1, abs=0.02)


def test_skew_moves_mass_and_keeps_the_rest():
    anchor, places = torch.tensor([0.1, 0.2, 0.4, 0.2, 0.1]), torch.linspace(-1, 1, 5)
    torch.testing.assert_close(skewed(anchor, 0.0), anchor)
    torch.testing.assert_close(skewed(anchor, 0.5), torch.tensor([0.0, 0.1, 0.2, 0.4, 0.3]))
    torch.testing.assert_close(skewed(anchor, -0.5), torch.tensor([0.3, 0.4, 0.2, 0.1, 0.0]))
    between = skewed(torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0]), 0.2)
    assert (between * places).sum().item() == pytest.approx(0.2) and between.sum().item() == pytest.approx(1)


def test_two_outcomes_are_the_gan():
    real, fake = torch.randn(9), torch.randn(9)
    loss = realness_discriminator(two_outcomes(real), two_outcomes(fake), ONE, ZERO)
    torch.testing.assert_close(loss, softplus(-real).mean() + softplus(fake).mean())
    found = {name: generator(two_outcomes(fake), two_outcomes(real), ONE, ZERO)
             for name, generator in REALNESS_GENERATORS.items()}
    torch.testing.assert_close(found["fake-anchor"], logsigmoid(-fake).mean())
    torch.testing.assert_close(found["anchors"], -fake.mean())
    cross = (torch.sigmoid(real) * logsigmoid(real) + torch.sigmoid(-real) * logsigmoid(-real)).mean()
    pull = -(torch.sigmoid(real) * logsigmoid(fake) + torch.sigmoid(-real) * logsigmoid(-fake)).mean()
    torch.testing.assert_close(found["relative"], cross + pull + logsigmoid(-fake).mean())


def test_what_each_objective_asks_of_the_logits():
    """Per sample: A0 - D(G(z)), which fades as D wins; A0 - D(x) and A0 - A1, which do not."""
    a1, a0 = anchors(5)
    real, fake = torch.randn(4, 5), torch.randn(4, 5, requires_grad=True)
    wanted = {"fake-anchor": a0 - fake.softmax(1), "relative": a0 - real.softmax(1), "anchors": (a0 - a1).expand(4, 5)}
    for name, generator in REALNESS_GENERATORS.items():
        gradient = torch.autograd.grad(generator(fake, real, a1, a0), fake)[0]
        torch.testing.assert_close(4 * gradient, wanted[name].detach(), msg=name)


def test_the_best_answer_is_the_papers():
    """Eq. 4: of all answers at a point where p and q have these densities, (A1 p + A0 q) / (p + q) is the best."""
    (a1, a0), p, q = anchors(5), 0.3, 0.9
    best = ((a1 * p + a0 * q) / (p + q)).log().clamp(min=-40)[None].requires_grad_()
    loss = p * divergence(a1, best).sum() + q * divergence(a0, best).sum()
    assert torch.autograd.grad(loss, best)[0].abs().max() < 1e-6


def model_of(**settings) -> RealnessGAN:
    torch.manual_seed(0)
    return RealnessGAN(build(RealnessGAN.Config, {"z_dim": 3, "width": 8, "outcomes": 5} | settings),
                       DataSpec(shape=(2,)))


def test_its_scores_are_the_logit_where_there_are_two_outcomes():
    model = model_of(outcomes=2)
    model.a1, model.a0 = ONE, ZERO
    x = torch.randn(7, 2)
    logits = model.discriminator(x)
    torch.testing.assert_close(model.scores(x), logits[:, 1] - logits[:, 0])


@pytest.mark.parametrize("objective", REALNESS_GENERATORS)
def test_its_generator_descends_what_its_name_says(objective):
    model, batch, z = model_of(objective=objective), Batch(torch.randn(6, 2)), torch.randn(6, 3)
    model.noise = lambda _batch: z
    fake, real = model.discriminator(model.generate(z)), model.discriminator(batch.x)
    expected = {"fake-anchor": 0.0, "relative": divergence(real.softmax(1), fake).mean(),
                "anchors": divergence(model.a1, fake).mean()}[objective] - divergence(model.a0, fake).mean()
    torch.testing.assert_close(model.generator_loss(batch)["adversarial"], expected)


@pytest.mark.parametrize("shape", [(2,), (1, 16, 16), (3, 16, 24)])
@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_its_discriminator_answers_with_outcomes(shape, network):
    config = {"outcomes": 7, "network": network, "z_dim": 3, "width": 8}
    model = RealnessGAN(build(RealnessGAN.Config, config), DataSpec(shape=shape))
    x = torch.randn(3, *shape)
    assert model.discriminator(x).shape == (3, 7) and model.scores(x).shape == (3,)


def test_it_refuses_what_is_no_distribution():
    for wrong in ({"outcomes": 1}, {"real_skew": 1.5}, {"g_steps": 0}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            build(RealnessGAN.Config, wrong)
    with pytest.raises(ValueError, match="at least 2 outcomes"):
        anchors(1)


def test_each_update_of_a_round_sees_fresh_real_samples():
    chosen = plan("realness-gan", "tiny", {"device": "cpu", "g_steps": 3})
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)
    seen, update = [], trainer.update
    trainer.update = lambda player, loss, batch: (seen.append((player, batch.x)), update(player, loss, batch))[1]
    trainer.play()
    assert [player for player, _ in seen] == ["discriminator"] + 3 * ["generator"]
    assert len({x.sum().item() for _, x in seen}) == 4

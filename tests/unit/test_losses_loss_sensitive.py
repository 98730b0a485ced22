"""The loss-sensitive objective: closed forms of its cost, its margin, and what it asks of each player."""

import pytest
import torch

from zerosum.core import DataSpec, UsageError, build
from zerosum.losses import distance_margin, loss_sensitive, weight_decay
from zerosum.models import GAN, LossSensitiveGAN

REAL, FAKE, MARGIN = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([0.5, 9.0, 1.0]), torch.tensor([2.0, 3.0, 1.0])
# Delta + L(x) - L(G(z)) is 2.5, -4 and 0.


@pytest.mark.parametrize("slope, costs", [(0.0, (2.5, 0, 0)), (1.0, (2.5, -4, 0)), (-1.0, (2.5, 4, 0)),
                                          (0.25, (2.5, -1, 0))])
def test_the_cost_of_a_pair(slope, costs):
    assert loss_sensitive(REAL, FAKE, MARGIN, slope).item() == pytest.approx(sum(costs) / 3)


def test_slope_one_is_wgan_up_to_the_margin():
    """1701.06264, GLS-GAN: C(a) = a, and then the margin is a constant to L."""
    expected = REAL.mean() - FAKE.mean() + MARGIN.mean()
    assert loss_sensitive(REAL, FAKE, MARGIN, 1.0).item() == pytest.approx(expected.item())


def test_it_is_silent_where_margins_hold():
    losses = [REAL.clone().requires_grad_(), (REAL + MARGIN + 0.1).requires_grad_()]
    cost = loss_sensitive(*losses, MARGIN)
    assert cost == 0
    assert all((gradient == 0).all() for gradient in torch.autograd.grad(cost, losses))


@pytest.mark.parametrize("slope", [0.0, -1.0, 0.5])
def test_its_gradient_is_that_of_finite_differences(slope):
    inputs = tuple(t.double()[:2].requires_grad_() for t in (REAL, FAKE))
    torch.autograd.gradcheck(lambda real, fake: loss_sensitive(real, fake, MARGIN[:2].double(), slope), inputs)


def test_margins_are_l1_distances_of_pairs():
    x, x_fake = torch.zeros(2, 1, 2, 2), torch.tensor([[[[1.0, -1.0], [2.0, 0.0]]], [[[0.0, 0.0], [0.0, 0.5]]]])
    assert distance_margin(x, x_fake, 0.1).tolist() == pytest.approx([0.4, 0.05])


def test_weight_decay_pulls_each_parameter_by_itself():
    parameters = [torch.randn(3, 2, requires_grad=True), torch.randn(2, requires_grad=True)]
    for gradient, parameter in zip(torch.autograd.grad(weight_decay(*parameters), parameters), parameters, strict=True):
        torch.testing.assert_close(gradient, parameter.detach())


def model_of(**settings) -> LossSensitiveGAN:
    torch.manual_seed(0)
    return LossSensitiveGAN(build(LossSensitiveGAN.Config, {"z_dim": 3, "width": 8} | settings), DataSpec(shape=(2,)))


def test_its_losses_are_minus_the_scores_but_never_negative():
    x = torch.randn(50, 2)
    free, model = model_of(), model_of(nonnegative=True)
    assert torch.equal(free.losses(x), -free.scores(x)) and free.losses(x).min() < 0
    assert torch.equal(model.losses(x), (-model.scores(x)).clamp(min=0))


def test_its_terms_are_the_papers():
    from zerosum.core import Batch

    model = model_of(margin=0.5, data_weight=0.1, nonnegative=True, weight_decay=0.01)
    batch, z = Batch(torch.randn(6, 2)), torch.randn(6, 3)
    model.noise = lambda _batch: z
    x_fake = model.generate(z)
    real, fake = model.losses(batch.x), model.losses(x_fake)
    terms = model.discriminator_loss(batch)
    assert terms.keys() == {"adversarial", "data", "weight_decay"}
    hinge = (0.5 * (batch.x - x_fake).abs().sum(1) + real - fake).relu().mean()
    torch.testing.assert_close(terms["adversarial"], hinge)
    torch.testing.assert_close(terms["data"], 0.1 * real.mean())
    squares = sum((p ** 2).sum() for p in model.discriminator.parameters())
    torch.testing.assert_close(terms["weight_decay"], 0.005 * squares)
    assert torch.equal(model.generator_loss(batch)["adversarial"], fake.mean())


def test_it_is_not_the_least_squares_gan():
    """Where its margins hold LS-GAN's loss is 0 whatever the scores are; LSGAN's is of their distance from labels."""
    assert LossSensitiveGAN.name == "loss-sensitive-gan" and issubclass(LossSensitiveGAN, GAN)
    assert not hasattr(model_of(), "objective")


def test_it_refuses_what_has_no_minimum():
    for wrong, said in (({"slope": 1.5}, "slope must be at most 1"), ({"margin": 0.0}, "margin"),
                        ({"data_weight": 1.0}, "data_weight needs nonnegative")):
        with pytest.raises(UsageError, match=said):
            build(LossSensitiveGAN.Config, wrong)

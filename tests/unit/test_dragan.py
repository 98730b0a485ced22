"""DRAGAN's penalty against closed forms: it stands around real samples, and knows no others."""

import pytest
import torch
from torch import Tensor, nn

from zerosum.core import DataSpec, UsageError, build
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.models import DRAGAN
from zerosum.penalties import PENALTIES, dragan
from zerosum.runs import construct, plan


def points_of(x: Tensor, **options) -> Tensor:
    """Where the critic is asked."""
    seen = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    torch.manual_seed(0)
    dragan(critic, x, **options)
    return seen[0]


def test_of_a_linear_critic_is_the_distance_of_its_slope():
    w = torch.tensor([3.0, 4.0])
    for target in (0.0, 1.0, 5.0):
        assert dragan(lambda x: x @ w, torch.randn(6, 2), target=target).item() == pytest.approx((5 - target) ** 2)


def test_it_never_looks_at_fakes():
    critic, x = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)), torch.randn(5, 3)
    found = []
    for x_fake in (torch.randn(5, 3), torch.full((2, 3), torch.nan), None):
        torch.manual_seed(0)
        found.append(PENALTIES["dragan"](critic, x, x_fake).item())
    assert found[0] == found[1] == found[2] > 0


def test_its_points_are_the_authors():
    """x + alpha noise std(x) u: alpha ~ U(0, 1) for each sample, u ~ U(0, 1) for each number."""
    x = torch.randn(4000, 2, 3, 3) * 2 + 1
    reach = 0.5 * x.std(correction=0)
    share = (points_of(x) - x) / reach
    assert share.min() >= -1e-6 and share.max() < 1
    assert share.mean().item() == pytest.approx(1 / 4, abs=0.01)
    assert share.var().item() == pytest.approx(1 / 9 - 1 / 16, abs=0.005)
    first, second = share[:, 0, 0, 0], share[:, 1, 2, 2]         # cov(alpha u, alpha v) = var(alpha) / 4
    assert ((first - first.mean()) * (second - second.mean())).mean().item() == pytest.approx(1 / 48, abs=0.005)
    assert torch.equal(points_of(x, noise=0.0), x)


def test_its_gradient_is_that_of_finite_differences():
    critic = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x, names = torch.randn(5, 3, dtype=torch.float64), [name for name, _ in critic.named_parameters()]

    def penalty(*values: Tensor) -> Tensor:
        torch.manual_seed(0)
        weights = dict(zip(names, values, strict=True))
        return dragan(lambda x: torch.func.functional_call(critic, weights, x), x)

    values = tuple(value.detach().requires_grad_() for value in critic.parameters())
    torch.autograd.gradcheck(penalty, values, eps=1e-6, atol=1e-7)


def test_a_batch_of_one_number_has_no_spread():
    assert dragan(lambda x: 3 * x.sum(1), torch.ones(1, 1)).item() == 4


MLP = {"z_dim": 4, "width": 8, "network": "mlp"}


def test_the_players_of_the_lottery_are_drawn_apart():
    cfg = build(DRAGAN.Config, MLP | {"depth": 1, "d_depth": 3, "d_width": 5})
    model = DRAGAN(cfg, DataSpec(shape=(1, 8, 8)))
    sizes = {name: [layer.out_features for layer in network.modules() if isinstance(layer, nn.Linear)]
             for name, network in model.named_children()}
    assert sizes == {"generator": [8, 64], "discriminator": [5, 5, 5, 1]}


def test_mlps_start_as_in_the_authors_code():
    """Weights from N(0, 2 / fan_in), no biases: the variance of a ReLU network's units does not shrink with depth."""
    model = DRAGAN(build(DRAGAN.Config, MLP | {"width": 512, "depth": 2}), DataSpec(shape=(1, 8, 8)))
    for layer in (model.generator.body[2], model.discriminator.body[2]):
        assert layer.weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02) and not layer.bias.any()


def test_without_the_penalty_it_is_the_gan():
    """The baseline of its claim: the same networks, and from the same weights the same updates."""
    plain = {"activation": "relu", "d_activation": "relu", "init": "default", "dropout": 0.0, "input_dropout": 0.0,
             "optimizer": "adam", "d_width": 8}
    same = {"device": "cpu", "batch_size": 8, "z_dim": 4, "width": 8, "depth": 2, "lr": 1e-3, "betas": (0.5, 0.9)}
    trained, start = [], None
    for name, settings in (("dragan", {"network": "mlp", "penalty": 0.0}), ("gan", plain)):
        chosen = plan(name, "tiny", same | settings)
        data = load_data(chosen.data)
        model = construct(chosen.model, chosen.cfg, data.spec, 0)
        start = {key: value.clone() for key, value in model.state_dict().items()} if start is None else start
        model.load_state_dict(start)
        torch.manual_seed(0)
        Trainer(model, data, chosen.train).fit(steps=3)
        trained.append(model.state_dict())
    assert all(torch.equal(trained[0][key], trained[1][key]) for key in start)
    assert not all(torch.equal(trained[0][key], start[key]) for key in start)


def test_its_discriminator_has_no_batch_norm():
    model = DRAGAN(build(DRAGAN.Config, {"width": 16}), DataSpec(shape=(1, 16, 16)))
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in model.generator.modules())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in model.discriminator.modules())


def test_recipe_takes_it_by_name():
    chosen = plan("recipe", "tiny", {"device": "cpu", "penalty": "dragan"})
    data = load_data(chosen.data)
    terms = Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train).play()
    assert terms["discriminator/penalty"] > 0


def test_it_refuses_what_makes_no_sense():
    for wrong in ({"penalty": -1.0}, {"noise": 0.0}, {"depth": 0}, {"slope": -1.0}, {"d_depth": -1}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            build(DRAGAN.Config, wrong)

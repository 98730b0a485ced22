"""Penalties and weight clipping against closed forms."""

import pytest
import torch
from torch import Tensor, nn

from zerosum.penalties import PENALTIES, LeCam, clip_weights, gradient_penalty, input_gradient, r1, r1_r2, r2


def linear_critic(w: Tensor):
    return lambda x: x.flatten(1) @ w


@pytest.mark.parametrize("shape", [(4,), (3, 2, 2)])
def test_of_a_linear_critic_is_the_distance_of_its_norm(shape):
    w = torch.arange(1.0, 5.0) if shape == (4,) else torch.linspace(-1, 1, 12)
    x, x_fake = torch.randn(6, *shape), torch.randn(6, *shape)
    norm = w.norm().item()
    assert gradient_penalty(linear_critic(w), x, x_fake).item() == pytest.approx((norm - 1) ** 2, rel=1e-6)
    assert gradient_penalty(linear_critic(w), x, x_fake, target=0).item() == pytest.approx(norm ** 2, rel=1e-6)


def test_the_norm_is_taken_for_each_sample():
    """Norms (0, 2) are both one away from 1; a norm over the whole batch, or of the mean, would not give 1."""
    def critic(x: Tensor) -> Tensor:
        return torch.stack([0 * x[0].sum(), 2 * x[1, 0]])

    assert gradient_penalty(critic, torch.randn(2, 3), torch.randn(2, 3)) == 1


def test_points_lie_between_real_and_fake_by_an_eps_of_their_own():
    seen = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach().flatten(1))
        return x.flatten(1).sum(1)

    torch.manual_seed(0)
    gradient_penalty(critic, torch.ones(4000, 2, 3, 3), torch.zeros(4000, 2, 3, 3))
    eps = seen[0][:, 0]
    assert torch.equal(seen[0], eps[:, None].expand(-1, 18)), "one eps for all of a sample"
    assert eps.unique().numel() > 3900 and eps.min() >= 0 and eps.max() < 1, "another for each"
    assert eps.mean().item() == pytest.approx(0.5, abs=0.02)
    assert eps.var().item() == pytest.approx(1 / 12, abs=0.005)


def test_eps_weighs_the_real_sample():
    x, x_fake, eps = torch.full((3, 1), 3.0), torch.zeros(3, 1), torch.tensor([1.0, 0.0, 0.75])
    # D(x) = x^2 / 2 has gradient x, at x^ = 3, 0 and 2.25.
    penalty = gradient_penalty(lambda x: x.square().sum(1) / 2, x, x_fake, eps=eps)
    assert penalty.item() == pytest.approx((4 + 1 + 1.5625) / 3)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))


def test_its_gradient_is_that_of_finite_differences():
    critic = network().double()
    generator = torch.Generator().manual_seed(1)
    x, x_fake = (torch.randn(5, 3, dtype=torch.float64, generator=generator) for _ in range(2))
    eps = torch.rand(5, dtype=torch.float64, generator=generator)
    names = [name for name, _ in critic.named_parameters()]

    def penalty(*values: Tensor) -> Tensor:
        weights = dict(zip(names, values, strict=True))
        return gradient_penalty(lambda x: torch.func.functional_call(critic, weights, x), x, x_fake, eps=eps)

    values = tuple(value.detach().requires_grad_() for value in critic.parameters())
    assert penalty(*values) > 0.1
    torch.autograd.gradcheck(penalty, values, eps=1e-6, atol=1e-7)


def test_a_zero_gradient_has_a_finite_derivative():
    w = torch.zeros(4, requires_grad=True)
    penalty = gradient_penalty(linear_critic(w), torch.randn(3, 4), torch.randn(3, 4))
    penalty.backward()
    assert penalty == 1 and torch.equal(w.grad, torch.zeros(4))


def test_frozen_and_free_critics_get_the_same_number():
    critic, eps = network(), torch.rand(5)
    x, x_fake = torch.randn(5, 3), torch.randn(5, 3)
    free = gradient_penalty(critic, x, x_fake, eps=eps)
    critic.requires_grad_(False)
    frozen = gradient_penalty(critic, x, x_fake, eps=eps)
    with torch.no_grad():
        watched = gradient_penalty(critic.requires_grad_(True), x, x_fake, eps=eps)
    assert free.item() == frozen.item() == watched.item()
    assert free.requires_grad and not watched.requires_grad
    assert all(parameter.grad is None for parameter in critic.parameters())


def test_nothing_reaches_the_generator():
    x_fake = torch.randn(5, 3, requires_grad=True)
    gradient_penalty(network(), torch.randn(5, 3), x_fake).backward()
    assert x_fake.grad is None


def test_it_leaves_autocast():
    critic, eps = network(), torch.rand(5)
    x, x_fake = torch.randn(5, 3), torch.randn(5, 3)
    plain = gradient_penalty(critic, x, x_fake, eps=eps)
    with torch.autocast("cpu", torch.bfloat16):
        assert critic(x).dtype == torch.bfloat16
        inside = gradient_penalty(critic, x, x_fake, eps=eps)
        rounded = gradient_penalty(critic, x.bfloat16(), x_fake.bfloat16())
    assert inside.dtype == rounded.dtype == torch.float32
    assert inside.item() == plain.item()


def test_samples_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        gradient_penalty(network(), torch.randn(5, 3), torch.randn(1, 3))


def test_input_gradient_of_a_cubic():
    x = torch.randn(4, 2, 3)
    gradient = input_gradient(lambda x: (x ** 3).flatten(1).sum(1) / 3, x)
    torch.testing.assert_close(gradient, x ** 2)
    assert gradient.requires_grad and not x.requires_grad
    with torch.no_grad():
        assert not input_gradient(lambda x: (x ** 3).flatten(1).sum(1) / 3, x).requires_grad


def test_penalties_by_name_share_one_signature():
    critic = network()
    values = {name: penalty(critic, torch.randn(5, 3), torch.randn(5, 3)) for name, penalty in PENALTIES.items()}
    assert all((value > 0) == (name != "none") for name, value in values.items())
    assert all(value.shape == () for value in values.values())


def test_r1_and_r2_are_half_the_squared_slope_where_their_samples_are():
    """D(x) = |x|^2 / 2 has the gradient x."""
    def critic(x: Tensor) -> Tensor:
        return x.flatten(1).square().sum(1) / 2

    x, x_fake = torch.full((3, 1, 2, 2), 3.0), torch.tensor([[1.0] * 4, [0.0] * 4, [2.0] * 4]).view(3, 1, 2, 2)
    assert r1(critic, x, x_fake).item() == pytest.approx(4 * 9 / 2)
    assert r2(critic, x, x_fake).item() == pytest.approx((4 + 0 + 16) / 3 / 2)
    assert r1_r2(critic, x, x_fake).item() == pytest.approx(18 + 10 / 3)


@pytest.mark.parametrize("penalty", [r1, r2])
def test_the_gradient_of_r1_and_r2_is_that_of_finite_differences(penalty):
    critic = network().double()
    x, x_fake = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    names = [name for name, _ in critic.named_parameters()]

    def value(*values: Tensor) -> Tensor:
        weights = dict(zip(names, values, strict=True))
        return penalty(lambda x: torch.func.functional_call(critic, weights, x), x, x_fake)

    values = tuple(value.detach().requires_grad_() for value in critic.parameters())
    assert value(*values) > 0.01
    torch.autograd.gradcheck(value, values, eps=1e-6, atol=1e-7)


def test_r1_never_touches_fakes_nor_r2_what_is_real():
    critic, x = network(), torch.randn(5, 3)
    assert r1(critic, x, torch.randn(5, 3)) == r1(critic, x, torch.full((5, 3), torch.nan))
    assert r2(critic, torch.full((5, 3), torch.nan), x) == r1(critic, x, x)
    x_fake = torch.randn(5, 3, requires_grad=True)
    r2(critic, x, x_fake).backward()
    assert x_fake.grad is None


def test_lecam_holds_scores_to_the_others_past_ones():
    lecam, real, fake = LeCam(decay=0.9), torch.tensor([1.0, 3.0]), torch.tensor([-1.0, -2.0])
    lecam.move(real, fake)                   # averages without the bias of a start at 0: 2 and -1.5
    expected = ((1 + 1.5) ** 2 + (3 + 1.5) ** 2) / 2 + ((-1 - 2) ** 2 + (-2 - 2) ** 2) / 2
    assert lecam(real, fake).item() == lecam(real, fake).item() == pytest.approx(expected)
    lecam.move(real + 2, fake)               # (0.09 * 2 + 0.1 * 4) / 0.19
    assert (lecam.real / lecam.mass).item() == pytest.approx((0.09 * 2 + 0.1 * 4) / 0.19)
    assert (lecam.fake / lecam.mass).item() == pytest.approx(-1.5)


def test_lecam_before_any_scores_pulls_to_zero_and_its_averages_get_no_gradient():
    lecam, scores = LeCam(), torch.tensor([2.0], requires_grad=True)
    penalty = lecam(scores, torch.zeros(1))
    lecam.move(scores, scores)
    penalty.backward()
    assert penalty.item() == 4 and scores.grad.item() == 4
    assert not any(buffer.requires_grad for buffer in lecam.buffers())
    assert set(lecam.state_dict()) == {"real", "fake", "mass"}


def test_clipping_reaches_every_parameter():
    critic = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 1))
    before = {name: value.clone() for name, value in critic.named_parameters()}
    clip_weights(critic, 0.01)
    for name, value in critic.named_parameters():
        torch.testing.assert_close(value, before[name].clamp(-0.01, 0.01), rtol=0, atol=0)
    assert critic[1].weight.detach().tolist() == pytest.approx([0.01] * 4)
    assert critic[1].running_var.tolist() == [1.0] * 4, "running statistics are no weights"

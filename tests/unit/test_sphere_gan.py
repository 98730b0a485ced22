"""Sphere GAN: the projection, distances in closed form, their slopes, and who descends which moments."""

import math

import pytest
import torch

from zerosum.core import Batch, DataSpec, build
from zerosum.losses import distance_moments, distance_to_pole, to_sphere
from zerosum.models import SphereGAN


def model_of(shape=(2,), **settings) -> SphereGAN:
    torch.manual_seed(0)
    small = {"z_dim": 3, "width": 8, "dims": 5}
    return SphereGAN(build(SphereGAN.Config, small | settings), DataSpec(shape=shape))


def test_the_projection_lands_on_the_sphere():
    p = torch.randn(50, 7, dtype=torch.float64) * torch.logspace(-3, 3, 50, dtype=torch.float64)[:, None]
    q = to_sphere(p)
    torch.testing.assert_close(q.norm(dim=1), torch.ones(50, dtype=torch.float64))
    torch.testing.assert_close(q[:, :-1] / (1 - q[:, -1:]), p, rtol=1e-6, atol=0)        # stereographic, and back


def test_poles_and_equator():
    p = torch.zeros(3, 4)
    p[1, 2], p[2, 0] = -1, 1e8
    assert to_sphere(p)[:, -1].tolist() == [-1, 0, 1]
    assert distance_to_pole(p).tolist() == pytest.approx([math.pi, math.pi / 2, 2e-8], rel=1e-6)


def test_the_distance_is_the_angle_at_the_centre():
    p = torch.randn(40, 6, dtype=torch.float64) * 2
    torch.testing.assert_close(distance_to_pole(p), to_sphere(p)[:, -1].arccos())


def test_its_slope_by_finite_differences_and_in_closed_form():
    p = (torch.randn(5, 3, dtype=torch.float64) * 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: distance_moments(distance_to_pole(p), 3), p)
    slope = torch.autograd.grad(distance_to_pole(p).sum(), p)[0]
    torch.testing.assert_close(slope.norm(dim=1), 2 / (1 + p.square().sum(1)))
    torch.testing.assert_close(slope, -slope.norm(dim=1, keepdim=True) * p / p.norm(dim=1, keepdim=True))


@pytest.mark.parametrize("length", [0.0, 1e-15, 1e-6, 1e6, 1e15])
def test_slopes_are_finite_at_the_poles(length):
    p = torch.tensor([[length, 0.0]], requires_grad=True)
    slope = torch.autograd.grad(distance_to_pole(p).sum(), p)[0]
    assert slope.isfinite().all() and slope.norm() <= 2 * (1 + 1e-6)


def test_moments_by_hand():
    distances = torch.tensor([1.0, 2.0, 3.0])
    expected = [2, 2 + 14 / 3, 2 + 14 / 3 + 12]
    assert [distance_moments(distances, orders).item() for orders in (1, 2, 3)] == pytest.approx(expected)


def test_the_critic_draws_fakes_to_the_pole_and_the_generator_flees_it():
    model, batch, z = model_of(orders=2), Batch(torch.randn(6, 2)), torch.randn(6, 3)
    model.noise = lambda _batch: z
    real, fake = (to_sphere(model.critic(x))[:, -1].arccos() for x in (batch.x, model.generate(z)))
    value = real.mean() + real.square().mean() - fake.mean() - fake.square().mean()
    torch.testing.assert_close(model.critic_loss(batch)["moments"], -value)
    torch.testing.assert_close(model.generator_loss(batch)["moments"], -(fake.mean() + fake.square().mean()))
    torch.testing.assert_close(model.scores(batch.x), real)


@pytest.mark.parametrize(("network", "shape"), [("dcgan", (1, 16, 16)), ("mlp", (3, 8, 8)), ("dcgan", (2,))])
@pytest.mark.parametrize("norm", ["layer", "none"])
def test_its_critic_answers_with_a_point_of_the_plane(network, shape, norm):
    model, x = model_of(shape, network=network, norm=norm), torch.randn(3, *shape)
    assert model.critic(x).shape == (3, 5) and model.scores(x).shape == (3,)
    assert any(isinstance(layer, torch.nn.LayerNorm | torch.nn.GroupNorm) for layer in model.critic.modules()) == (
        norm == "layer")
    torch.testing.assert_close(model.scores(x)[:1], model.scores(x[:1]), msg="samples are judged apart")

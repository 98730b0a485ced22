"""Points of a sphere by stereographic projection, and a critic that measures on it."""

import math

import pytest
import torch

from zerosum.core import Batch, DataSpec, UsageError, build
from zerosum.models import SphereGAN
from zerosum.ops import angle_to_north_pole, on_sphere


def test_projection_is_the_inverse_of_stereographic():
    p = torch.randn(20, 5, dtype=torch.float64) * torch.logspace(-2, 2, 20)[:, None]
    y = on_sphere(p)
    torch.testing.assert_close(y.norm(dim=1), torch.ones(20, dtype=torch.float64))
    torch.testing.assert_close(y[:, :-1] / (1 - y[:, -1:]), p)               # the line through N and y meets the plane
    assert on_sphere(torch.zeros(1, 2)).tolist() == [[0, 0, -1]]


def test_the_angle_is_the_arccos_of_the_last_coordinate():
    p = torch.randn(20, 5, dtype=torch.float64)
    torch.testing.assert_close(angle_to_north_pole(p), torch.arccos(on_sphere(p)[:, -1]))
    equator = torch.tensor([[0.6, 0.8]])
    assert angle_to_north_pole(equator).item() == pytest.approx(math.pi / 2)


def test_the_angle_has_a_finite_slope_at_both_poles():
    p = torch.tensor([[0.0, 0.0], [1e-20, 0.0], [1e18, 0.0]], requires_grad=True)
    angle = angle_to_north_pole(p)
    assert angle.tolist() == pytest.approx([math.pi, math.pi, 2e-18])
    assert torch.autograd.grad(angle.sum(), p)[0].isfinite().all()
    torch.autograd.gradcheck(angle_to_north_pole, torch.randn(4, 3, dtype=torch.float64, requires_grad=True))


def model_of(**settings) -> SphereGAN:
    torch.manual_seed(0)
    return SphereGAN(build(SphereGAN.Config, {"z_dim": 3, "width": 8, "sphere_dim": 4} | settings),
                     DataSpec(shape=(2,)))


@pytest.mark.parametrize("moments", [1, 3])
def test_its_losses_are_differences_of_moments(moments):
    model, batch, z = model_of(moments=moments), Batch(torch.randn(6, 2)), torch.randn(6, 3)
    model.noise = lambda _batch: z
    distances = [torch.arccos(on_sphere(model.critic(x))[:, -1]) for x in (batch.x, model.generate(z))]
    real, fake = (sum((d ** r).mean() for r in range(1, moments + 1)) for d in distances)
    torch.testing.assert_close(model.critic_loss(batch)["adversarial"], fake - real, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.generator_loss(batch)["adversarial"], -fake, rtol=1e-4, atol=1e-5)


def test_its_scores_are_bounded():
    model = model_of(moments=2)
    scores = model.scores(1e6 * torch.randn(50, 2))
    assert scores.min() >= 0 and scores.max() <= math.pi + math.pi ** 2 + 1e-4
    assert model.scores(torch.zeros(3, 2)).shape == (3,)


def test_it_refuses_what_makes_no_sense():
    for wrong in ({"moments": 0}, {"sphere_dim": 0}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            build(SphereGAN.Config, wrong)

"""Unrolled GAN: the gradient through virtual steps against closed forms, and that these move nobody."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import sigmoid

from zerosum.core import Batch, DataSpec, build
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.models.collapse.unrolled_gan import UnrolledGAN
from zerosum.ops import Moments, adam_step
from zerosum.runs import construct, plan

SAME = {"z_dim": 8, "width": 16, "lr": 1e-3, "batch_size": 32, "seed": 3, "device": "cpu", "threads": 1}
PLAIN = SAME | {"d_width": 16, "objective": "saturating"}


class Linear(nn.Module):
    """D(x) = <w, x>."""

    def __init__(self, *w: float):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.w


class Shift(nn.Module):
    """G(z) = z + g, so that <w, G(z)> is bilinear in w and g."""

    def __init__(self, *g: float):
        super().__init__()
        self.g = nn.Parameter(torch.tensor(g, dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.g


def bilinear(**settings) -> tuple[UnrolledGAN, Batch]:
    """The bilinear game in float64, D frozen as in G's update, and a batch of it."""
    model = UnrolledGAN(build(UnrolledGAN.Config, {"z_dim": 2} | settings), DataSpec((2,)))
    model.discriminator, model.generator = Linear(0.6, -1.1).requires_grad_(False), Shift(0.3, 0.9)
    x = torch.randn(16, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.5
    return model, Batch(x)


def g_loss(model: UnrolledGAN, batch: Batch, state: dict[str, Tensor] | None = None) -> Tensor:
    """G's loss, on the same noise each time."""
    torch.manual_seed(7)
    return model.generator_loss(batch, model.present(state or {}))["adversarial"]


def test_one_sgd_step_of_the_bilinear_game_by_hand():
    """w' = w - eta dL/dw;  d(-L(w', g))/dg = -(dL/dg + (dw'/dg)^T dL/dw') with both terms of Eq. (12) on paper."""
    eta = 0.7
    model, batch = bilinear(d_optimizer="sgd", d_lr=eta, unroll_steps=1)
    g_loss(model, batch).backward()
    torch.manual_seed(7)
    w, x, y = model.discriminator.w.detach(), batch.x, (model.noise(batch) + model.generator.g).detach()

    def slope(w: Tensor) -> Tensor:          # dL/dw, L = E softplus(-<w, x>) + E softplus(<w, y>)
        return (sigmoid(y @ w)[:, None] * y - sigmoid(-x @ w)[:, None] * x).mean(0)

    ahead = w - eta * slope(w)
    p, v = sigmoid(y @ w), slope(ahead)
    first = sigmoid(y @ ahead).mean() * ahead
    second = -eta * ((p * (1 - p) * (y @ v)).mean() * w + p.mean() * v)
    assert second.norm() > 0.05 * first.norm()               # the test would see it missing
    torch.testing.assert_close(model.generator.g.grad, -(first + second), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_derivative_is_that_of_finite_differences(optimizer):
    model, batch = bilinear(d_optimizer=optimizer, d_lr=0.2, unroll_steps=4)
    state = {"0.step": torch.tensor(3.0), "0.exp_avg": torch.tensor([0.1, -0.2], dtype=torch.float64),
             "0.exp_avg_sq": torch.tensor([0.02, 0.05], dtype=torch.float64)}
    g_loss(model, batch, state).backward()
    found, g, h = model.generator.g.grad.clone(), model.generator.g.data, 1e-5
    for i in range(2):
        values = []
        for sign in (1, -1):
            g[i] += sign * h
            values.append(g_loss(model, batch, state).item())
            g[i] -= sign * h
        assert found[i].item() == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-6)


def trainer_of(model: str, **settings) -> Trainer:
    chosen = plan(model, "ring", settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_virtual_steps_are_the_steps_that_the_engine_would_take(optimizer):
    """theta_D^K, from D's present moments, is where K real updates on the same samples lead."""
    trainer = trainer_of("unrolled-gan", **SAME, unroll_steps=4, d_optimizer=optimizer, d_lr=1e-2)
    trainer.fit(3)
    model, batch = trainer.model, trainer.batch()
    x_fake = model.generate(model.noise(batch))
    theta = model.unroll(model.present(trainer.optimizer_state("discriminator")), torch.cat([batch.x, x_fake]))
    before = nn.utils.parameters_to_vector(model.discriminator.parameters()).clone()

    def loss(batch: Batch) -> dict[str, Tensor]:
        return {"adversarial": model.objective.discriminator(model.discriminator(batch.x), model.discriminator(x_fake))}

    for _ in range(4):
        trainer.update("discriminator", loss, batch)
    after = nn.utils.parameters_to_vector(model.discriminator.parameters())
    assert (after - before).norm() > 1e-2
    torch.testing.assert_close(theta.detach(), after, rtol=1e-4, atol=2e-6)


def both(rounds: int, **settings) -> tuple[Trainer, Trainer, dict[str, Tensor]]:
    """A plain GAN and an unrolled one after as many rounds from the same start, which is the third."""
    plain = trainer_of("gan", **PLAIN)
    start = {key: value.clone() for key, value in plain.model.state_dict().items()}
    plain.fit(rounds)
    ours = trainer_of("unrolled-gan", **SAME, **settings)    # made now, as it seeds the global generators
    ours.model.load_state_dict(start)
    ours.fit(rounds)
    return plain, ours, start


def test_the_discriminator_makes_the_step_of_a_plain_gan_and_no_other():
    plain, ours, start = both(1, g_steps=3, unroll_steps=5)
    for key, expected in plain.model.state_dict().items():
        assert not torch.equal(expected, start[key])
        assert torch.equal(ours.model.state_dict()[key], expected) == key.startswith("discriminator")
    expected, found = (trainer.optimizer_state("discriminator") for trainer in (plain, ours))
    assert expected.keys() == found.keys() and all(torch.equal(value, found[key]) for key, value in expected.items())


def test_zero_steps_are_the_plain_saturating_gan():
    plain, ours, start = both(10, g_steps=1, unroll_steps=0)
    for key, expected in plain.model.state_dict().items():
        assert (expected - start[key]).abs().max() > 1e-3
        torch.testing.assert_close(ours.model.state_dict()[key], expected, rtol=0, atol=1e-5)


def test_the_generator_moves_as_often_as_it_is_told(monkeypatch):
    trainer = trainer_of("unrolled-gan", **SAME, g_steps=3)
    moves, update = [], trainer.update
    monkeypatch.setattr(trainer, "update", lambda player, *rest, **more: moves.append(player)
                        or update(player, *rest, **more))
    trainer.play()
    assert moves == ["discriminator", *["generator"] * 3] and trainer.images == 32


def test_a_weight_without_gradient_spoils_no_derivative():
    grad = torch.tensor([0.0, 0.5], requires_grad=True)
    nothing = Moments(0, torch.zeros(2), torch.zeros(2))
    theta, moments = adam_step(torch.ones(2), grad, nothing, lr=0.1, betas=(0.5, 0.999))
    theta.sum().backward()
    assert grad.grad.isfinite().all() and theta[0] == 1 and moments.step == 1
    torch.testing.assert_close(theta[1].item(), 0.9, rtol=0, atol=1e-6)

"""Activations, modulated convolution and minibatch deviation against their definitions."""

from math import sqrt

import pytest
import textbook
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from zerosum.ops import (
    ACTIVATIONS,
    bias_act,
    filtered_lrelu,
    minibatch_std,
    modulated_conv2d,
    normalize_2nd_moment,
    normalized_modulated_conv2d,
    setup_filter,
)
from zerosum.ops.modulated_conv2d import demodulation


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


DEFINITIONS = {
    "linear": lambda x: x, "relu": lambda x: x.clamp_min(0) * sqrt(2),
    "lrelu": lambda x: torch.where(x > 0, x, 0.2 * x) * sqrt(2), "tanh": torch.tanh,
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)), "elu": lambda x: torch.where(x > 0, x, torch.exp(x) - 1),
    "selu": lambda x: 1.0507009873554805 * torch.where(x > 0, x, 1.6732632423543772 * (torch.exp(x) - 1)),
    "softplus": lambda x: torch.log(1 + torch.exp(x)), "swish": lambda x: x / (1 + torch.exp(-x)) * sqrt(2),
}


def test_every_activation_has_a_definition_here():
    assert DEFINITIONS.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_bias_act_is_its_definition(act):
    x, b = noise(3, 4, 5), noise(4, seed=1)
    expected = DEFINITIONS[act](x + b[:, None])
    kept = x.clone()
    torch.testing.assert_close(bias_act(x, b, act=act), expected)
    torch.testing.assert_close(bias_act(x, act=act, clamp=0.5), DEFINITIONS[act](x).clamp(-0.5, 0.5))
    torch.testing.assert_close(bias_act(x, act=act, gain=-0.7), -0.7 * DEFINITIONS[act](x) / ACTIVATIONS[act].gain)
    torch.testing.assert_close(bias_act(x, act=act, gain=1), DEFINITIONS[act](x) / ACTIVATIONS[act].gain)
    assert torch.equal(x, kept), "what was given has changed"


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_bias_act_has_first_and_second_derivatives(act):
    x, b = noise(2, 3, 4).requires_grad_(), noise(3, seed=1).requires_grad_()

    def play(x, b):
        return bias_act(x, b, act=act, gain=1.5, clamp=1.2)

    assert torch.autograd.gradcheck(play, (x, b)) and torch.autograd.gradgradcheck(play, (x, b))


def test_bias_act_has_forward_derivatives_of_many_directions_at_once():
    x, b, directions = noise(3, 4), noise(4, seed=1), noise(5, 3, 4, seed=2)

    def moved(direction):
        return torch.func.jvp(lambda x: bias_act(x, b, act="lrelu"), (x,), (direction,))[1]

    slopes = torch.where(x + b > 0, 1.0, 0.2).to(x) * sqrt(2)
    torch.testing.assert_close(torch.func.vmap(moved)(directions), directions * slopes)
    both = torch.func.jvp(lambda b: bias_act(x, b, act="lrelu"), (b,), (torch.ones_like(b),))[1]
    torch.testing.assert_close(both, slopes)


def test_bias_act_knows_slopes_below_zero_and_other_axes():
    x, b = noise(3, 4, 5).requires_grad_(), noise(5, seed=1)
    y = bias_act(x, b, dim=2, act="lrelu", alpha=-0.5)
    torch.testing.assert_close(y, sqrt(2) * torch.where(x + b > 0, x + b, -0.5 * (x + b)))
    y.sum().backward()
    torch.testing.assert_close(x.grad, sqrt(2) * torch.where(x + b > 0, 1.0, -0.5).double())


def filtered(x: Tensor, f: Tensor, b: Tensor) -> Tensor:
    x = textbook.upfirdn2d(x + b[:, None, None], f, up=(2, 2), padding=(4, 3, 4, 3), gain=4)
    x = (leaky_relu(x, 0.1) * 1.7).clamp(-0.8, 0.8)
    return textbook.upfirdn2d(x, f, down=(2, 2))


def test_filtered_lrelu_is_its_definition():
    x, b, f = noise(2, 3, 7, 6), noise(3, seed=1), setup_filter([1, 2, 4, 2, 1], separable=True).double()
    y = filtered_lrelu(x, f, f, b, up=2, down=2, padding=(4, 3, 4, 3), gain=1.7, slope=0.1, clamp=0.8)
    torch.testing.assert_close(y, filtered(x, f, b))


def test_filtered_lrelu_of_slope_one_is_linear_and_keeps_a_constant():
    f = setup_filter([1, 3, 3, 1], separable=True).double()
    x = torch.full((1, 2, 16, 16), 3.0).double()
    y = filtered_lrelu(x, f, f, up=2, down=2, padding=(3, 2, 3, 2), slope=1, gain=1)
    torch.testing.assert_close(y[..., 4:-4, 4:-4], torch.full_like(y[..., 4:-4, 4:-4], 3.0))


def test_filtered_lrelu_has_first_and_second_derivatives():
    x, b, f = noise(1, 2, 4, 4).requires_grad_(), noise(2, seed=1).requires_grad_(), noise(4, seed=2)

    def play(x, b):
        return filtered_lrelu(x, f, f, b, up=2, down=2, padding=3, clamp=2)

    assert torch.autograd.gradcheck(play, (x, b)) and torch.autograd.gradgradcheck(play, (x, b))


@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_convolution_gives_each_image_weights_of_its_own(demodulate):
    x, w, s = noise(3, 4, 6, 5), noise(5, 4, 3, 3, seed=1), noise(3, 4, seed=2)
    expected = textbook.modulated_conv2d(x, w, s, 1, demodulate)
    torch.testing.assert_close(modulated_conv2d(x, w, s, padding=1, demodulate=demodulate), expected)
    extra = noise(3, 1, 6, 5, seed=3)
    torch.testing.assert_close(modulated_conv2d(x, w, s, extra, padding=1, demodulate=demodulate), expected + extra)


def test_normalized_modulation_is_its_definition_and_takes_gains_of_each_kind():
    x, w, s = noise(3, 4, 6, 5), noise(5, 4, 3, 3, seed=1), noise(3, 4, seed=2)
    scaled = 3 * w / w.square().mean((1, 2, 3), keepdim=True).sqrt()
    for gain in (None, noise(seed=3), noise(4, seed=3), noise(3, 4, seed=3)):
        given = x if gain is None else x * gain.broadcast_to(3, 4)[:, :, None, None]
        expected = textbook.modulated_conv2d(given, scaled, s / s.square().mean().sqrt(), 2)
        torch.testing.assert_close(normalized_modulated_conv2d(x, w, s, padding=2, input_gain=gain), expected)
        plain = textbook.modulated_conv2d(given, w, s, 2, demodulate=False)
        torch.testing.assert_close(normalized_modulated_conv2d(x, w, s, padding=2, input_gain=gain, demodulate=False),
                                   plain)


def test_demodulation_makes_the_variance_of_the_output_one():
    """STY-02: for inputs of unit variance, whatever the styles are."""
    x, w, s = noise(4, 32, 32, 32), noise(16, 32, 3, 3, seed=1), 5 * noise(4, 32, seed=2)
    assert modulated_conv2d(x, w, s).var().item() == pytest.approx(1, rel=0.05)
    assert modulated_conv2d(x, w, s, demodulate=False).var().item() > 1000


def test_demodulation_keeps_a_spike_that_instance_normalization_lets_through():
    """STY-02: demodulation is of expected statistics, so that a droplet's energy cannot hide behind itself."""
    x, w, s = noise(1, 8, 32, 32), noise(8, 8, 3, 3, seed=1), torch.ones(1, 8).double()
    spiked = x.clone()
    spiked[0, :, 16, 16] = 1000
    away = (..., slice(0, 8), slice(0, 8))
    demodulated = [modulated_conv2d(given, w, s, padding=1) for given in (x, spiked)]
    torch.testing.assert_close(demodulated[0][away], demodulated[1][away])
    normal = [torch.nn.functional.instance_norm(given) for given in demodulated]
    assert normal[1][away].var() < 0.05 * normal[0][away].var()


def test_modulated_convolution_has_first_and_second_derivatives():
    x, w, s = (t.requires_grad_() for t in (noise(2, 2, 3, 3), noise(2, 2, 3, 3, seed=1), noise(2, 2, seed=2)))
    f = noise(4, 4, seed=3)
    for play in (lambda x, w, s: modulated_conv2d(x, w, s, up=2, padding=1, resample_filter=f, flip_weight=False),
                 lambda x, w, s: normalized_modulated_conv2d(x, w, s, padding=1)):
        assert torch.autograd.gradcheck(play, (x, w, s)) and torch.autograd.gradgradcheck(play, (x, w, s))


def test_demodulation_moves_the_weight_as_plain_pytorch_does_to_the_last_bit():
    w, s = noise(5, 4, 3, 3).float().requires_grad_(), noise(3, 4, seed=1).float()
    plain = (s.square() @ w.square().sum((2, 3)).t() + 1e-8).rsqrt()
    ours = demodulation(w, s)
    assert torch.equal(plain, ours)
    assert torch.equal(*(torch.autograd.grad(d.sin().sum(), w)[0] for d in (plain, ours)))


def test_demodulation_has_forward_derivatives_of_many_directions_at_once():
    w, s, directions = noise(5, 4, 3, 3), noise(3, 4, seed=1), noise(6, 5, 4, 3, 3, seed=2)
    moved = torch.func.vmap(lambda v: torch.func.jvp(lambda w: demodulation(w, s), (w,), (v,))[1])(directions)
    sides = [torch.stack([demodulation(w + step * v, s) for v in directions]) for step in (1e-5, -1e-5)]
    torch.testing.assert_close(moved, (sides[0] - sides[1]) / 2e-5, rtol=1e-6, atol=1e-8)


def test_minibatch_deviation_is_that_of_the_images_of_a_group():
    x = noise(6, 4, 3, 2)
    y = minibatch_std(x, 3, 2)
    assert torch.equal(y[:, :4], x) and y.shape == (6, 6, 3, 2)
    for n in range(6):
        group = x[n % 2::2]
        deviation = (group.var(0, correction=0) + 1e-8).sqrt()
        expected = torch.stack([deviation[:2].mean(), deviation[2:].mean()])
        torch.testing.assert_close(y[n, 4:], expected[:, None, None].expand(2, 3, 2))
    torch.testing.assert_close(minibatch_std(x, None), minibatch_std(x, 32))


def test_minibatch_deviation_of_equal_images_is_zero_with_a_gradient():
    x = noise(1, 2, 3, 3).repeat(4, 1, 1, 1).requires_grad_()
    y = minibatch_std(x)
    assert y[:, 2].max().item() == pytest.approx(1e-4)
    y.sum().backward()
    assert x.grad.isfinite().all()


def test_the_second_moment_becomes_one():
    x = normalize_2nd_moment(7 * noise(5, 64))
    torch.testing.assert_close(x.square().mean(1), torch.ones(5).double())

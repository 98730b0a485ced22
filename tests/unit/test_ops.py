"""Tensor functions, layers, initialisers and augmentations against closed forms."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from zerosum.augment import AUGMENTATIONS, color, cutout, diffaugment, flip, translation
from zerosum.layers import Maxout, init_glorot, init_normal, init_orthogonal, init_uniform, make_activation, norm2d
from zerosum.networks import DCGANGenerator
from zerosum.ops import at_least_float32


def test_scores_never_fall_below_float32():
    for given, wanted in ((torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64,) * 2):
        assert at_least_float32(torch.ones(2, dtype=given)).dtype == wanted
    x = torch.ones(2)
    assert at_least_float32(x) is x


@pytest.mark.parametrize(("kernel", "stride", "padding", "side"),
                         [(4, 2, 1, 16), (4, 1, 0, 7), (3, 2, 1, 15), (5, 3, 2, 16)])
def test_a_transposed_convolution_is_the_adjoint_of_the_convolution(kernel, stride, padding, side):
    """<A x, y> = <x, A^T y> (TRK-26): the same weights, read the other way, and no inverse."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(5, 3, kernel, kernel, dtype=torch.float64, generator=generator)
    x = torch.randn(2, 3, side, side, dtype=torch.float64, generator=generator)
    forward = conv2d(x, weight, stride=stride, padding=padding)
    y = torch.randn(forward.shape, dtype=torch.float64, generator=generator)
    missing = side - ((forward.shape[-1] - 1) * stride - 2 * padding + kernel)
    backward = partial(conv_transpose2d, weight=weight, stride=stride, padding=padding, output_padding=missing)
    assert (forward * y).sum().item() == pytest.approx((x * backward(y)).sum().item(), rel=1e-12)
    assert (backward(forward) - x).abs().max() > 1


def checkerboard(images: Tensor) -> float:
    """Share of the energy (mean removed) at the highest frequency of either axis, where patterns of period 2 live."""
    power = torch.fft.fft2(images - images.mean((2, 3), keepdim=True)).abs().square()
    half = images.shape[-1] // 2
    highest = power[..., half, :].sum() + power[..., :, half].sum() - power[..., half, half].sum()
    return (highest / power.sum()).item()


def test_resizing_leaves_less_of_a_checkerboard_than_transposed_convolution():
    """TRK-26 at initialisation, over five seeds; white noise has a share of 2/32 at this size."""
    shares = {}
    for mode in ("transposed", "resize"):
        found = []
        for seed in range(5):
            torch.manual_seed(seed)
            generator = DCGANGenerator(32, 32, 3, 64, mode)
            found.append(checkerboard(generator(torch.randn(16, 32)).detach()))
        shares[mode] = found
    assert max(shares["resize"]) < 0.5 * min(shares["transposed"])


def test_maxout_is_the_largest_of_its_pieces():
    layer, x = Maxout(4, 3, 5), torch.randn(7, 4)
    weight, bias = layer.linear.weight.reshape(3, 5, 4), layer.linear.bias.reshape(3, 5)
    expected = torch.stack([torch.stack([(x @ weight[i, j] + bias[i, j]) for j in range(5)]).max(0).values
                            for i in range(3)], dim=1)
    torch.testing.assert_close(layer(x), expected)


def test_two_maxout_pieces_make_an_absolute_value():
    layer = Maxout(1, 1, 2)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        layer.linear.bias.zero_()
    assert layer(torch.tensor([[-3.0], [2.0]])).flatten().tolist() == [3.0, 2.0]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(32, 64, 4), nn.BatchNorm2d(64), nn.ConvTranspose2d(64, 32, 4), nn.Flatten(),
                         nn.Linear(1024, 300), nn.LayerNorm(300))


def weights_of(net: nn.Module) -> list[Tensor]:
    return [layer.weight.detach() for layer in net if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]


@pytest.mark.parametrize("init", [init_normal, lambda net: init_uniform(net, 0.05), init_orthogonal, init_glorot])
def test_every_initialiser_zeroes_every_bias(init):
    net = network()
    nn.init.ones_(net[1].bias)
    init(net)
    assert all(not layer.bias.any() for layer in net if hasattr(layer, "bias"))


def test_init_normal_is_dcgans():
    net = network()
    init_normal(net)
    for weight in weights_of(net):
        assert weight.std().item() == pytest.approx(0.02, rel=0.02) and abs(weight.mean().item()) < 5e-4
    gains = torch.cat([net[1].weight.detach(), net[5].weight.detach()])
    assert gains.mean().item() == pytest.approx(1.0, abs=0.005) and gains.std().item() == pytest.approx(0.02, rel=0.15)


def test_init_uniform_fills_its_range():
    net = network()
    init_uniform(net, 0.05)
    for weight in weights_of(net):
        assert 0.0499 < weight.abs().max() <= 0.05
        assert weight.var().item() == pytest.approx(0.05 ** 2 / 3, rel=0.02)


def test_init_orthogonal_scales_a_rotation():
    layer = nn.Linear(8, 8)
    init_orthogonal(layer, gain=1.4)
    torch.testing.assert_close(layer.weight @ layer.weight.T, 1.96 * torch.eye(8), rtol=0, atol=1e-5)


def test_init_glorot_has_kerass_limit():
    layer = nn.Conv2d(64, 128, 5)
    init_glorot(layer)
    limit = math.sqrt(6 / (25 * 64 + 25 * 128))
    assert 0.999 * limit < layer.weight.abs().max() <= limit


def test_norms_by_name():
    """Each is normalised over its own dimensions, and over no fewer."""
    x = torch.randn(6, 4, 5, 5) * torch.rand(6, 4, 1, 1) + torch.randn(6, 4, 1, 1)
    for name, dims in (("batch", (0, 2, 3)), ("instance", (2, 3)), ("layer", (1, 2, 3))):
        mean, variance = x.mean(dims, keepdim=True), x.var(dims, keepdim=True, unbiased=False)
        torch.testing.assert_close(norm2d(name, 4)(x), (x - mean) / (variance + 1e-5).sqrt(), rtol=1e-4, atol=1e-4)
    assert norm2d("none", 4)(x) is x


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="unknown activation 'rel'; there is: relu"):
        make_activation("rel")
    with pytest.raises(ValueError, match="unknown norm 'batchnorm'; there is: batch"):
        norm2d("batchnorm", 4)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentations_keep_shape_and_pass_gradients(name):
    torch.manual_seed(0)
    x = torch.rand(8, 3, 16, 12, requires_grad=True)
    y = AUGMENTATIONS[name](x)
    assert y.shape == x.shape
    y.sum().backward()
    assert x.grad.isfinite().all() and (x.grad != 0).flatten(1).any(1).all()


@pytest.mark.parametrize("augmentation", [flip, translation, cutout])
def test_what_only_moves_pixels_leaves_each_its_gradient(augmentation):
    torch.manual_seed(0)
    x = torch.rand(8, 3, 16, 12, requires_grad=True)
    y = augmentation(x)
    y.sum().backward()
    # Every pixel is copied to one place or falls off the edge, so its gradient is one or nought.
    assert set(x.grad.unique().tolist()) <= {0.0, 1.0}
    assert x.grad.sum().item() == pytest.approx(int((y != 0).sum()))


def test_flip_mirrors_about_half_of_the_images_and_nothing_else():
    torch.manual_seed(0)
    x = torch.rand(1000, 1, 2, 3)
    y = flip(x)
    mirrored = (y == x.flip(3)).flatten(1).all(1)
    assert torch.equal(mirrored, ~(y == x).flatten(1).all(1))
    assert 430 < int(mirrored.sum()) < 570


def test_translation_shifts_each_image_by_its_own_whole_pixels():
    torch.manual_seed(0)
    x = torch.zeros(4000, 1, 16, 24)
    x[:, 0, 8, 12] = 1.0
    y = translation(x)
    assert torch.equal(y.sum((1, 2, 3)), torch.ones(4000))
    _, _, rows, columns = y.nonzero(as_tuple=True)
    # An eighth of 16 is 2 and of 24 is 3: offsets -2..2 and -3..3, each as likely as the other, and independent.
    counts = torch.bincount((rows - 6) * 7 + columns - 9, minlength=35)
    assert counts.numel() == 35 and counts.min() > 70 and counts.max() < 165
    assert counts.sum() == 4000


def test_translation_fills_with_zeros():
    torch.manual_seed(0)
    y = translation(torch.ones(50, 1, 8, 8))
    kept = y.sum((1, 2, 3))
    assert set(kept.tolist()) == {64.0, 56.0, 49.0}      # shifted by one pixel along none, one or both axes


def test_cutout_zeroes_a_window_of_half_the_sides_wherever_its_centre_falls():
    torch.manual_seed(0)
    gone = cutout(torch.ones(20_000, 1, 8, 6))[:, 0] == 0
    rows, columns = gone.any(2), gone.any(1)
    assert torch.equal(gone, rows[:, :, None] & columns[:, None, :]), "a rectangle"
    # 4 of 8 rows, an even window, whose centre is one of 9 lines; 3 of 6 columns, an odd one, on one of 6 columns.
    for side, sizes in ((rows, {2: 2 / 9, 3: 2 / 9, 4: 5 / 9}), (columns, {2: 2 / 6, 3: 4 / 6})):
        sizes_found = torch.bincount(side.sum(1)) / len(gone)
        for size, share in sizes.items():
            assert sizes_found[size].item() == pytest.approx(share, abs=0.015)
    assert torch.equal(cutout(torch.full((5, 2, 8, 8), torch.pi)).unique(), torch.tensor([0.0, torch.pi]))


def test_color_moves_brightness_saturation_and_contrast_each_by_a_number_per_image(monkeypatch):
    draws = [torch.tensor([0.0, 1.0]), torch.tensor([0.5, 0.0]), torch.tensor([0.5, 0.5])]
    monkeypatch.setattr(torch, "rand", lambda *size, **_options: draws.pop(0).view(size))
    x = torch.tensor([[[[0.2, 0.4]], [[0.6, 0.4]]], [[[0.0, 1.0]], [[0.5, 0.0]]]])
    y = color(x)
    torch.testing.assert_close(y[0], x[0] - 0.5)                     # half as dark, nothing else
    torch.testing.assert_close(y[1], (x[1].mean(0) + 0.5).expand(2, 1, 2))     # lighter, and grey
    assert not draws


def test_diffaugment_is_color_then_translation_then_cutout():
    x = torch.rand(4, 3, 8, 8)
    torch.manual_seed(0)
    expected = cutout(translation(color(x)))
    torch.manual_seed(0)
    assert torch.equal(diffaugment(x), expected)


@pytest.mark.parametrize("name", ["flip", "translation", "diffaugment"])
def test_points_cannot_be_augmented(name):
    with pytest.raises(ValueError, match="only images"):
        AUGMENTATIONS[name](torch.rand(5, 2))

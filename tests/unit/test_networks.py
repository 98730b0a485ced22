"""Networks: shapes, parameter counts and the rules their papers state."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from zerosum.core import DataSpec
from zerosum.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    KerasDCGANDiscriminator,
    KerasDCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    PatchDiscriminator,
    ResNetDiscriminator,
    ResNetGenerator,
)
from zerosum.networks.resnet import DiscriminatorBlock, GeneratorBlock
from zerosum.runs import create


def count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def maps(net: nn.Module, x: torch.Tensor, kind: type | tuple[type, ...]) -> list[tuple[int, ...]]:
    """Shapes (C, H, W) that come out of the layers of this kind."""
    found: list[tuple[int, ...]] = []
    hooks = [layer.register_forward_hook(lambda _, __, y: found.append(tuple(y.shape[1:])))
             for layer in net.modules() if isinstance(layer, kind)]
    net(x)
    for hook in hooks:
        hook.remove()
    return found


def test_dcgan_at_64_px_is_figure_1():
    """ARC-03: 4x4x1024, 8x8x512, 16x16x256, 32x32x128, 64x64x3 and back; no pooling, no fully connected layer."""
    with torch.device("meta"):
        generator, discriminator = DCGANGenerator(), DCGANDiscriminator()
        sides, channels = (4, 8, 16, 32, 64), (1024, 512, 256, 128, 3)
        assert maps(generator, torch.empty(2, 100), nn.ConvTranspose2d) == \
            [(c, s, s) for c, s in zip(channels, sides, strict=True)]
        assert maps(discriminator, torch.empty(2, 3, 64, 64), nn.Conv2d) == \
            [(c, s, s) for c, s in zip(channels[-2::-1], sides[-2::-1], strict=True)] + [(1, 1, 1)]
    forbidden = (nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.Upsample)
    assert not [layer for net in (generator, discriminator) for layer in net.modules() if isinstance(layer, forbidden)]
    doubling = [layer for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)][1:]
    assert {(layer.kernel_size, layer.stride, layer.padding) for layer in doubling} == {((4, 4), (2, 2), (1, 1))}


@pytest.mark.parametrize("size", [8, 9, 16, 28, 31, 32, 128, (20, 33), (96, 64)])
@pytest.mark.parametrize("upsample", ["transposed", "resize"])
def test_dcgan_fits_any_image(size, upsample):
    height, width = size if isinstance(size, tuple) else (size, size)
    generator, discriminator = DCGANGenerator(5, size, 2, 32, upsample), DCGANDiscriminator(size, 2, 32)
    x = generator(torch.randn(3, 5))
    assert x.shape == (3, 2, height, width)
    assert discriminator(x).shape == (3,)
    assert 4 <= min(discriminator.body[-1].kernel_size) <= 7


def test_dcgan_starts_as_the_paper_says():
    torch.manual_seed(0)
    generator, discriminator = DCGANGenerator(64, 32, 3, 256), DCGANDiscriminator(32, 3, 256)
    for net in (generator, discriminator):
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.weight.numel() > 5000:
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
            elif isinstance(layer, nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1.0, abs=0.01) and not layer.bias.any()
            elif isinstance(layer, nn.LeakyReLU):
                assert layer.negative_slope == 0.2
    assert abs(generator(torch.randn(4, 64))).max() <= 1


@pytest.mark.parametrize("norm", ["layer", "instance", "none"])
def test_a_critic_without_batch_norm_treats_samples_apart(norm):
    torch.manual_seed(0)
    critic, x = DCGANDiscriminator(16, 1, 16, norm), torch.randn(4, 1, 16, 16)
    torch.testing.assert_close(critic(x)[:1], critic(x[:1]), rtol=1e-4, atol=1e-6)
    coupled = DCGANDiscriminator(16, 1, 16, "batch")
    assert (coupled(x)[:1] - coupled(x[:2])[:1]).abs() > 1e-4


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
def test_a_generator_without_batch_norm_treats_samples_apart(upsample):
    torch.manual_seed(0)
    coupled, z = DCGANGenerator(5, 16, 1, 16, upsample), torch.randn(4, 5)
    generator = DCGANGenerator(5, 16, 1, 16, upsample, norm="none")
    with torch.no_grad():
        for net in (generator, coupled):
            for parameter in net.parameters():
                parameter.mul_(10)               # the initial weights make all images nearly black
    torch.testing.assert_close(generator(z)[:1], generator(z[:1]), rtol=1e-4, atol=1e-6)
    assert (coupled(z)[:1] - coupled(z[:2])[:1]).abs().max() > 1e-2


def test_what_batch_norm_shifts_has_no_bias_of_its_own():
    """Without it every convolution has one; the generator's layers keep their places, and so their keys."""
    keys = {norm: {name for name, _ in DCGANGenerator(5, 32, 1, 16, norm=norm).named_parameters()}
            for norm in ("batch", "none")}
    assert keys["batch"] == {"body.1.weight", "body.2.weight", "body.2.bias", "body.4.weight", "body.5.weight",
                             "body.5.bias", "body.7.weight", "body.8.weight", "body.8.bias", "body.10.weight",
                             "body.10.bias"}
    assert keys["none"] == {f"body.{layer}.{kind}" for layer in (1, 4, 7, 10) for kind in ("weight", "bias")}


@pytest.mark.parametrize("model", ["wgan", "recipe"])
@pytest.mark.parametrize("norm", ["batch", "none"])
def test_the_generators_norm_is_a_setting_apart_from_the_critics(model, norm):
    built = create(model, DataSpec((1, 16, 16)), width=16, z_dim=5, generator_norm=norm)
    normalised = {name for name, net in built.named_children()
                  if any(isinstance(layer, nn.BatchNorm2d) for layer in net.modules())}
    other = "critic" if model == "wgan" else "discriminator"
    assert normalised == ({"generator", other} if norm == "batch" else {other})


def test_dcgan_refuses_what_it_cannot_build():
    with pytest.raises(ValueError, match="at least 8x8 pixels, not 7x32"):
        DCGANGenerator(image_size=(7, 32))
    with pytest.raises(ValueError, match="multiple of 8, not 100"):
        DCGANDiscriminator(image_size=64, width=100)
    with pytest.raises(ValueError, match="unknown upsample 'nearest'"):
        DCGANGenerator(upsample="nearest")
    with pytest.raises(ValueError, match="unknown norm 'spectral'; there is: batch"):
        DCGANGenerator(norm="spectral")


def test_keras_dcgan_has_kerass_parameters():
    """ARC-02, as `model.summary()` counts them: batch normalization's running statistics are in the first number."""
    generator, discriminator = KerasDCGANGenerator(), KerasDCGANDiscriminator()
    statistics = sum(value.numel() for name, value in generator.named_buffers() if "running" in name)
    assert (count(generator) + statistics, count(generator), count(discriminator)) == (6_763_777, 6_751_233, 3_485_441)


def test_keras_dcgan_layers():
    generator, discriminator = KerasDCGANGenerator(), KerasDCGANDiscriminator()
    x = generator(torch.rand(2, 100) * 2 - 1)
    assert x.shape == (2, 1, 28, 28) and discriminator(x).shape == (2,)
    assert maps(generator, torch.randn(2, 100), nn.Conv2d) == [(64, 14, 14), (1, 28, 28)]
    assert maps(discriminator, x, (nn.Conv2d, nn.MaxPool2d)) == [(64, 28, 28), (64, 14, 14), (128, 10, 10), (128, 5, 5)]
    dense = generator.body[0]
    assert not dense.bias.any()
    assert dense.weight.abs().max().item() == pytest.approx((6 / 1124) ** 0.5, rel=1e-3), "Glorot's uniform limit"
    (norm,) = [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm1d)]
    assert (norm.eps, norm.momentum) == (1e-3, pytest.approx(1 - 0.99))


@pytest.mark.parametrize(("size", "said"), [(8, "8x8"), (30, "30x30"), ((16, 30), "16x30"), ((8, 16), "8x16")])
def test_keras_dcgan_refuses_what_it_cannot_build(size, said):
    for network in (KerasDCGANGenerator, KerasDCGANDiscriminator):
        with pytest.raises(ValueError, match=f"multiples of 4 and at least 12, not {said}"):
            network(image_size=size)


@pytest.mark.parametrize("size", [(12, 12), (16, 16), (32, 32), (12, 20), (28, 16)])
def test_keras_dcgan_at_other_sizes(size):
    x = KerasDCGANGenerator(8, size, 3, 4)(torch.randn(2, 8))
    assert x.shape == (2, 3, *size) and KerasDCGANDiscriminator(size, 3, 4)(x).shape == (2,)


def test_the_networks_of_2014():
    """mnist.yaml: 100 -> 1200 -> 1200 -> 784 rectifiers; 784 -> 240 x 5 -> 240 x 5 -> 1 maxout, kept with .8 and .5."""
    generator, discriminator = MLPGenerator(100, (1, 28, 28)), MLPDiscriminator((1, 28, 28))
    assert count(generator) == 101 * 1200 + 1201 * 1200 + 1201 * 784
    assert count(discriminator) == 785 * 1200 + 241 * 1200 + 241
    assert [layer.p for layer in discriminator.modules() if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5]
    x = generator(torch.randn(3, 100))
    assert x.shape == (3, 1, 28, 28) and discriminator(x).shape == (3,)
    assert not torch.equal(discriminator(x), discriminator(x)), "dropout while training"
    discriminator.eval()
    assert torch.equal(discriminator(x), discriminator(x))


def test_mlps_for_points():
    generator = MLPGenerator(3, (2,), width=8, activation="tanh", output="none")
    discriminator = MLPDiscriminator((2,), width=8, activation="tanh", dropout=(0.0, 0.0))
    z = torch.randn(4, 3)
    x = generator(z)
    assert x.shape == (4, 2) and discriminator(x).shape == (4,)
    torch.testing.assert_close(x, two_hidden_layers(generator, z))
    torch.testing.assert_close(discriminator(x), two_hidden_layers(discriminator, x).squeeze(1))


def two_hidden_layers(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    first, second, last = (layer for layer in net.modules() if isinstance(layer, nn.Linear))
    for layer in (first, second):
        x = torch.tanh(x @ layer.weight.T + layer.bias)
    return x @ last.weight.T + last.bias


def test_mlps_make_images_in_their_range():
    torch.manual_seed(0)
    generator = MLPGenerator(3, (1, 4, 4), width=8)
    x, inside = generator(100 * torch.randn(50, 3)), generator.body[:-1](torch.zeros(1, 3))
    assert x.min() < -0.9 and x.max() > 0.9 and x.abs().max() <= 1
    torch.testing.assert_close(generator(torch.zeros(1, 3)).flatten(1), inside.tanh())


def test_resnets_at_32_px_are_wgan_gps():
    """1704.00028, appendix: 128 maps throughout; 32, 16, 8, 8, 8 in the critic and 4, 8, 16, 32 in the generator."""
    with torch.device("meta"):
        generator, critic = ResNetGenerator(), ResNetDiscriminator()
        assert maps(generator, torch.empty(2, 128), GeneratorBlock) == [(128, s, s) for s in (8, 16, 32)]
        assert maps(critic, torch.empty(2, 3, 32, 32), DiscriminatorBlock) == [(128, s, s) for s in (16, 8, 8, 8)]
    assert not [layer for layer in critic.modules() if isinstance(layer, nn.BatchNorm2d)]


def test_resnets_start_as_their_code_says():
    """Uniform with variance 4 / (fan_in + fan_out) before a ReLU's loss of half, 2 / (...) in shortcuts and linear."""
    torch.manual_seed(0)
    critic = ResNetDiscriminator(width=64)
    conv, shortcut = critic.blocks[1].conv1, critic.blocks[1].shortcut
    assert conv.weight.var().item() == pytest.approx(4 / (64 * 9 * 2), rel=0.05)
    assert shortcut.weight.var().item() == pytest.approx(2 / (64 * 2), rel=0.05)
    assert ResNetGenerator(width=64).linear.weight.var().item() == pytest.approx(2 / (128 + 64 * 16), rel=0.05)


def test_pooling_is_a_mean_or_a_sum_over_the_pixels_of_the_last_map():
    torch.manual_seed(0)
    mean, total = ResNetDiscriminator(width=4, pool="mean"), ResNetDiscriminator(width=4, pool="sum")
    total.load_state_dict(mean.state_dict())
    x, bias = torch.randn(2, 3, 32, 32), mean.linear.bias
    torch.testing.assert_close(total(x) - bias, 64 * (mean(x) - bias), rtol=1e-4, atol=1e-4)


def test_shortcuts_may_change_places_with_resampling():
    """A block computed as published: halve after, double before, the 1x1 convolution of the shortcut."""
    torch.manual_seed(0)
    x = torch.randn(2, 4, 8, 8)
    down = DiscriminatorBlock(4, 6, down=True)
    published = avg_pool2d(down.conv2(relu(down.conv1(relu(x)))), 2) + avg_pool2d(down.shortcut(x), 2)
    torch.testing.assert_close(down(x), published, rtol=1e-5, atol=1e-5)
    for mode in ("nearest", "bilinear"):
        up = GeneratorBlock(4, 6, mode)
        large = up.conv1(interpolate(relu(up.norm1(x)), scale_factor=2, mode=mode))
        published = up.conv2(relu(up.norm2(large))) + up.shortcut(interpolate(x, scale_factor=2, mode=mode))
        torch.testing.assert_close(up(x), published, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("size", "first"), [((16, 16), (4, 4)), ((28, 28), (7, 7)), ((48, 48), (6, 6)),
                                             ((64, 64), (4, 4)), ((32, 48), (4, 6)), ((64, 16), (16, 4))])
def test_resnets_at_other_sizes(size, first):
    generator = ResNetGenerator(8, size, 1, 4)
    x = generator(torch.randn(2, 8))
    assert generator.first == (4, *first) and x.shape == (2, 1, *size)
    assert ResNetDiscriminator(size, 1, 4)(x).shape == (2,)


def test_resnets_refuse_what_they_cannot_build():
    with pytest.raises(ValueError, match="33x33 pixels"):
        ResNetGenerator(image_size=33)
    with pytest.raises(ValueError, match="8x8 pixels"):
        ResNetDiscriminator(image_size=8)
    with pytest.raises(ValueError, match="33x32 pixels: both sides must be halved at least once, until no"):
        ResNetGenerator(image_size=(33, 32))
    with pytest.raises(ValueError, match="until 6 pixels of the shorter are left"):
        ResNetGenerator(image_size=32, bottom=6)
    with pytest.raises(ValueError, match="needs 4 widths, not 2"):
        ResNetGenerator(image_size=32, width=(8, 8))
    with pytest.raises(ValueError, match="at least 2 widths, not 1"):
        ResNetDiscriminator(image_size=32, width=(8,))


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_patch_score_sees_its_receptive_field(layers, field):
    """TRK-08: the footprint of one score's gradient."""
    torch.manual_seed(0)
    critic = PatchDiscriminator(1, 2, layers, "none").double()
    size = 2 * field + 32
    x = torch.randn(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    scores = critic(x)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    rows, columns = x.grad[0, 0].nonzero(as_tuple=True)
    assert (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1) == (field, field)


def test_patches_of_256_px_make_a_map_of_30():
    with torch.device("meta"):
        found = maps(PatchDiscriminator(), torch.empty(1, 3, 256, 256), nn.Conv2d)
    assert found == [(64, 128, 128), (128, 64, 64), (256, 32, 32), (512, 31, 31), (1, 30, 30)]


@pytest.mark.parametrize("make", [
    lambda: MLPDiscriminator((1, 16, 16), width=4), lambda: DCGANDiscriminator(16, 1, 8),
    lambda: KerasDCGANDiscriminator(16, 1, 2), lambda: ResNetDiscriminator(16, 1, 4),
    lambda: PatchDiscriminator(1, 2, 1),
], ids=["mlp", "dcgan", "keras-dcgan", "resnet", "patchgan"])
def test_scores_are_float32_under_autocast(make):
    with torch.autocast("cpu", torch.bfloat16):
        assert make()(torch.randn(2, 1, 16, 16)).dtype == torch.float32

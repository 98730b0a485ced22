"""The networks of StyleGAN2: what keeps the variance, what escapes an instance norm, and sizes read from weights."""

import pytest
import torch
from torch.nn.functional import instance_norm

from zerosum.interop.stylegan2 import settings
from zerosum.networks.style import StyleGAN2Discriminator, StyleGAN2Generator
from zerosum.ops import modulated_conv2d

SMALL = {"z_dim": 6, "w_dim": 5, "image_size": 16, "channels": 3, "maps": [6, 8, 4]}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_demodulation_leaves_unit_variance_whatever_the_style():
    x, weight = torch.randn(64, 32, 16, 16), torch.randn(48, 32, 3, 3)
    for scale in (0.1, 1.0, 30.0):
        y = modulated_conv2d(x, weight, scale * (0.2 + torch.rand(64, 32)), padding=1)[..., 1:-1, 1:-1]
        assert 0.95 < y.var() < 1.05
    plain = modulated_conv2d(x, weight, torch.full((64, 32), 30.0), padding=1, demodulate=False)
    assert plain.var() > 1e4                 # the check can fail


def test_a_planted_spike_is_kept_by_demodulation_and_escapes_an_instance_norm():
    """The droplets of 1912.04958, Sec. 2: one strong pixel lets a map pass signals on at any size it likes."""
    x = torch.randn(1, 8, 16, 16)
    spiked = x.clone()
    spiked[0, :, 3, 5] += 100
    rest = torch.ones(16, 16, dtype=torch.bool)
    rest[3, 5] = False
    weight, style = torch.eye(8)[:, :, None, None], torch.ones(1, 8)
    demodulated = [modulated_conv2d(image, weight, style) for image in (x, spiked)]
    normed = [instance_norm(image) for image in (x, spiked)]
    assert torch.allclose(demodulated[0][..., rest], demodulated[1][..., rest])
    energy = demodulated[1][0, :, 3, 5].square().mean()
    assert energy == pytest.approx(spiked[0, :, 3, 5].square().mean().item(), rel=1e-4)
    # The norm divides by what the spike alone decides: all other pixels shrink by about 100 / 16.
    assert normed[1][..., rest].std() < 0.3 * normed[0][..., rest].std()
    assert normed[1][0, :, 3, 5].square().mean() < 0.05 * energy


@pytest.mark.parametrize("size", [8, 16, (8, 12), (28, 28), (20, 12), (10, 30)])
@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
def test_images_of_any_doubled_map_and_channels(size, architecture):
    sides = (size, size) if isinstance(size, int) else size
    g = StyleGAN2Generator(4, 4, size, 2, channel_base=32, channel_max=4, architecture=architecture)
    d = StyleGAN2Discriminator(size, 2, channel_base=32, channel_max=4, architecture=architecture)
    x = g(torch.randn(3, 4))
    assert x.shape == (3, 2, *sides) and d(x).shape == (3,)
    assert g.mapping(torch.randn(3, 4)).shape == (3, 2 * len(g.synthesis.stages), 4)


@pytest.mark.parametrize("size", [4, 7, (8, 9), (4, 8), 1])
def test_what_is_no_doubled_map_is_refused(size):
    with pytest.raises(ValueError, match="double a map"):
        StyleGAN2Generator(image_size=size)


def test_a_paper_sized_pair_can_be_built():
    with torch.device("meta"):
        g, d = StyleGAN2Generator(image_size=1024), StyleGAN2Discriminator(1024)
    count = [sum(p.numel() for p in network.parameters()) for network in (g, d)]
    assert count == [30_370_060, 29_012_513]                     # config F of the official code: 30.37 M and 29.01 M
    assert [stage.maps for stage in g.synthesis.stages] == [512] * 5 + [256, 128, 64, 32]


def test_noise_is_drawn_anew_in_training_only():
    g, z = StyleGAN2Generator(**SMALL).requires_grad_(False), torch.randn(2, 6)
    for block in g.synthesis.children():
        block.conv1.noise_strength.fill_(1)
    g.train()
    assert not torch.equal(g(z, update_average=False), g(z, update_average=False))
    g.eval()
    assert torch.equal(g(z), g(z))
    assert not torch.equal(g(z), g(z, noise="none"))


def test_frozen_layers_are_no_parameters():
    free, frozen = (StyleGAN2Discriminator(16, 3, [6, 8, 4], freeze=freeze) for freeze in (0, 5))
    gone = {name for name, _ in free.named_parameters()} - {name for name, _ in frozen.named_parameters()}
    assert gone == {"b16.fromrgb.weight", "b16.fromrgb.bias", "b16.conv0.weight", "b16.conv0.bias",
                    "b16.conv1.weight", "b16.conv1.bias", "b16.skip.weight", "b8.conv0.weight", "b8.conv0.bias"}
    frozen.load_state_dict(free.state_dict())


def test_an_odd_batch_has_groups_too():
    d = StyleGAN2Discriminator(8, 1, [4, 4])
    assert [d.b4.group_of(n) for n in (1, 2, 3, 5, 6, 8, 9)] == [1, 2, 3, 1, 3, 4, 3]
    assert d(torch.randn(5, 1, 8, 8)).isfinite().all()


@pytest.mark.parametrize("changed", [
    {}, {"architecture": "resnet"}, {"architecture": "orig", "image_size": (32, 24), "maps": [4, 6, 8]},
    {"c_dim": 7, "mapping": {"layers": 3, "width": 9, "embedding": 4}}, {"z_dim": 0, "c_dim": 2},
    {"noise": False, "taps": [1, 2, 1], "channels": 1}, {"mapping": {"layers": 1}},
    {"taps": [1, 2, 3, 4, 4, 3, 2, 1]}])
def test_the_sizes_of_a_generator_are_read_from_its_weights(changed):
    network = StyleGAN2Generator(**SMALL | changed)
    again = StyleGAN2Generator(**settings(network.state_dict()))
    again.load_state_dict(network.state_dict())
    z, c = torch.randn(2, network.mapping.z_dim), torch.randn(2, network.mapping.c_dim)
    assert torch.allclose(network.eval()(z, c), again.eval()(z, c), atol=1e-5)


@pytest.mark.parametrize("changed", [
    {}, {"architecture": "skip"}, {"architecture": "orig", "image_size": (32, 24)}, {"channels": 1, "group_maps": 2},
    {"c_dim": 7, "mapping": {"layers": 3, "width": 9}}, {"c_dim": 7, "cmap_dim": 5}, {"group_maps": 0}])
def test_the_sizes_of_a_discriminator_are_read_from_its_weights(changed):
    network = StyleGAN2Discriminator(**{"image_size": 16, "maps": [6, 8, 4]} | changed)
    again = StyleGAN2Discriminator(**settings(network.state_dict()))
    again.load_state_dict(network.state_dict())
    last = network.stages[0]
    x = torch.randn(4, changed.get("channels", 3), last.height, last.width)
    c = torch.randn(4, changed.get("c_dim", 0))
    assert torch.allclose(network(x, c), again(x, c), atol=1e-5)

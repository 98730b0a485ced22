"""StyleGAN: adaptive instance norm, a constant at the start, noise by its learned strength."""

import pytest
import torch
from torch import nn

from zerosum.core import DataSpec
from zerosum.models.style.stylegan import StyleGAN
from zerosum.networks.style import StyleGANGenerator
from zerosum.networks.style.stylegan import adain


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return StyleGANGenerator(6, 5, (16, 24), 2, [6, 8, 4]).requires_grad_(False).eval()


def test_maps_have_the_mean_and_deviation_of_their_style():
    torch.manual_seed(0)
    x, scale, shift = 5 + 3 * torch.randn(4, 6, 9, 9), torch.randn(4, 6), torch.randn(4, 6)
    y = adain(x, torch.cat([scale - 1, shift], 1))
    assert torch.allclose(y.mean((2, 3)), shift, atol=1e-5)
    assert torch.allclose(y.std((2, 3), correction=0), scale.abs(), atol=1e-5)


def test_noise_acts_through_styles_alone(generator):
    first = generator.synthesis.layers[0]
    assert first.conv is None and isinstance(first.const, nn.Parameter) and first.const.shape == (6, 4, 6)
    w = generator.mapping(torch.randn(3, 6))
    assert generator.synthesis(w).shape == (3, 2, 16, 24) and w.shape[1] == len(generator.synthesis.layers) == 6
    same = w[:1].expand(3, -1, -1)
    x = generator.synthesis(same)
    assert torch.allclose(x, x[:1].expand_as(x), atol=1e-4)


def test_a_style_changes_nothing_before_its_layer(generator):
    w, met = generator.mapping(torch.randn(1, 6)).clone(), []
    for layer in generator.synthesis.layers:
        layer.register_forward_hook(lambda _layer, _given, x: met.append(x))
    generator.synthesis(w)
    w[:, 3] += 1
    generator.synthesis(w)
    assert [bool(torch.equal(a, b)) for a, b in zip(met[:6], met[6:])] == [True] * 3 + [False] * 3


def test_the_strength_of_noise_is_learned_from_nothing(generator):
    z = torch.randn(2, 6)
    assert torch.equal(generator(z), generator(z, noise="none"))
    generator.synthesis.layers[2].noise_strength.fill_(1)
    assert not torch.equal(generator(z), generator(z, noise="none"))
    assert not torch.equal(generator(z, noise="random"), generator(z, noise="random"))


def test_the_papers_sizes():
    with torch.device("meta"):
        model = StyleGAN(StyleGAN.Config(), DataSpec((3, 1024, 1024)))
    count = {name: sum(p.numel() for p in network.parameters()) for name, network in model.named_children()}
    # The official networks (26.2 M, Sec. 2) less what growing needs: toRGB and fromRGB at the resolutions up to 512.
    between = 4 * 512 + 256 + 128 + 64 + 32
    assert count == {"generator": 26_219_627 - 3 * (between + 8), "discriminator": 23_087_249 - 4 * between}

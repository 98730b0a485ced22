"""The terms of energy-based games against closed forms, and auto-encoders as the energies they promise to be."""

import pytest
import torch

from zerosum.losses import below_margin, pulling_away
from zerosum.networks.autoencoder import (
    AEDiscriminator,
    ELUDecoder,
    bottleneck_autoencoder,
    conv_autoencoder,
    elu_autoencoder,
    mlp_autoencoder,
)


def test_only_energies_below_the_margin_count():
    energies = torch.tensor([0.5, 3.0, 1.0], requires_grad=True)
    loss = below_margin(energies, 1.0)
    assert loss.item() == pytest.approx(0.5 / 3, rel=1e-6)
    assert torch.autograd.grad(loss, energies)[0].tolist() == pytest.approx([-1 / 3, 0, 0])


def test_an_inactive_hinge_has_no_gradient():
    energies = torch.tensor([1.5, 3.0], requires_grad=True)
    assert torch.autograd.grad(below_margin(energies, torch.tensor(1.0)), energies)[0].tolist() == [0, 0]


def test_identical_codes_have_one_and_orthogonal_ones_zero():
    row = torch.tensor([0.3, -2.0, 1.0])
    assert pulling_away(row.expand(5, 3)).item() == pytest.approx(1, abs=1e-6)
    assert pulling_away(torch.tensor([[1.0], [-4.0]])).item() == pytest.approx(1, abs=1e-6)     # squared: no sign
    assert pulling_away(torch.eye(4)[:3] * torch.tensor([[1.0], [7.0], [0.1]])).item() == pytest.approx(0, abs=1e-6)


def test_it_is_normalised_by_sample_and_leaves_a_sample_with_itself_out():
    codes = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]])
    cosines = (0.6, 0.8, 0.0)
    assert pulling_away(codes).item() == pytest.approx(2 * sum(c * c for c in cosines) / (3 * 2), rel=1e-6)
    assert pulling_away(codes[:1]).item() == pytest.approx(0, abs=1e-6)


def test_gradients_are_those_of_finite_differences():
    codes = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    torch.autograd.gradcheck(pulling_away, (codes,), eps=1e-6, atol=1e-8)
    energies = torch.tensor([0.2, 0.9, 1.7], dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(lambda e: below_margin(e, 1.0), (energies,), eps=1e-6, atol=1e-8)


@pytest.mark.parametrize(("power", "expected"), [(2, (0 + 1 + 4) / 3), (1, (0 + 1 + 2) / 3)])
def test_the_energy_is_the_mean_error_of_each_sample(power, expected):
    half = torch.nn.Linear(3, 3, bias=False)
    torch.nn.init.eye_(half.weight)
    discriminator = AEDiscriminator(torch.nn.Identity(), half, power)
    half.weight.data *= 2                    # reconstructs 2 x: the error is x
    x = torch.tensor([[0.0, 1.0, -2.0], [0.0, 0.0, 0.0]])
    reconstruction, codes, energy = discriminator(x)
    assert torch.equal(reconstruction, 2 * x) and torch.equal(codes, x)
    assert energy.tolist() == pytest.approx([expected, 0])


@pytest.mark.parametrize(("make", "codes"), [
    (lambda: mlp_autoencoder((3, 16, 16), 10, 2, "relu"), 10),
    (lambda: bottleneck_autoencoder((3, 16, 16), 10, 4, 2, "elu"), 4),
    (lambda: conv_autoencoder((3, 16, 16), 4), 8 * 4 * 4),
    (lambda: elu_autoencoder((3, 16, 16), 4, 5), 5),
], ids=["mlp", "bottleneck", "conv", "elu"])
def test_auto_encoders_return_reconstruction_codes_and_energy(make, codes):
    judgement = make()(torch.rand(2, 3, 16, 16))
    assert judgement.reconstruction.shape == (2, 3, 16, 16) and judgement.codes.shape == (2, codes)
    assert judgement.energy.shape == (2,) and judgement.energy.dtype == torch.float32


def layers(module: torch.nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in module.modules() if not list(layer.children())]


def test_ebgans_auto_encoder_is_that_of_its_appendix():
    discriminator = conv_autoencoder((3, 64, 64))
    maps = [m.out_channels for m in discriminator.modules() if hasattr(m, "out_channels")]
    assert maps == [64, 128, 256, 128, 64, 3]
    kinds = layers(discriminator)
    assert kinds[:2] == ["Conv2d", "LeakyReLU"] and kinds[-1] == "ConvTranspose2d"
    assert kinds.count("BatchNorm2d") == 4 and "Linear" not in kinds


def test_begans_networks_are_those_of_its_figure():
    """64 px: maps n, 2n, 3n, 4n at 64, 32, 16, 8; the decoder has n everywhere; ELU, nearest, no norm."""
    n = 8
    discriminator, generator = elu_autoencoder((3, 64, 64), n, 64), ELUDecoder(64, (3, 64, 64), n)
    convolutions = [m for m in discriminator.encoder if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels // n for m in convolutions] == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]
    assert [m.stride[0] for m in convolutions] == [1, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1]
    assert layers(discriminator.decoder) == layers(generator)
    assert {m.out_channels for m in generator if isinstance(m, torch.nn.Conv2d)} == {n, 3}
    assert layers(generator).count("Upsample") == 3
    assert not {"BatchNorm2d", "ConvTranspose2d", "ReLU"} & set(layers(discriminator))
    assert discriminator.power == 1


@pytest.mark.parametrize("make", [lambda: conv_autoencoder((1, 20, 18)), lambda: elu_autoencoder((1, 20, 17), 4, 2)])
def test_sides_that_cannot_be_halved_are_refused(make):
    with pytest.raises(ValueError, match="no multiple of"):
        make()

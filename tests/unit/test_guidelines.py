"""The five guidelines of DCGAN (TRK-07): which networks keep them, and which of them each fault is laid to."""

from torch import nn

from zerosum.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    KerasDCGANDiscriminator,
    KerasDCGANGenerator,
    check_dcgan_guidelines,
)


def broken(net_g: nn.Module, net_d: nn.Module) -> list[int]:
    """Numbers of the guidelines that do not hold."""
    return [k for k, found in enumerate(check_dcgan_guidelines(net_g, net_d), 1) if not found.ok]


def test_guidelines_pass_dcgan_and_flag_keras_dcgan():
    assert broken(DCGANGenerator(width=32), DCGANDiscriminator(width=32)) == []
    assert broken(KerasDCGANGenerator(), KerasDCGANDiscriminator()) == [1, 2, 3, 4, 5]


def test_each_guideline_is_flagged_alone():
    generator, discriminator = DCGANGenerator(width=32), DCGANDiscriminator(width=32)
    assert broken(DCGANGenerator(width=32, upsample="resize"), discriminator) == [1]
    assert broken(generator, DCGANDiscriminator(width=32, norm="none")) == [2]
    normed_input = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4))
    assert broken(generator, normed_input) == [2]
    normed_output = nn.Sequential(nn.ConvTranspose2d(8, 8, 4), nn.BatchNorm2d(8), nn.ReLU(),
                                  nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.BatchNorm2d(3), nn.Tanh())
    assert broken(normed_output, discriminator) == [2]
    dense = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(8, 1))
    assert broken(generator, dense) == [3]
    tanh = nn.Sequential(nn.ConvTranspose2d(8, 8, 4), nn.BatchNorm2d(8), nn.Tanh(), nn.ConvTranspose2d(8, 3, 4, 2, 1),
                         nn.Tanh())
    assert broken(tanh, discriminator) == [4]
    relu = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 1, 4))
    assert broken(generator, relu) == [5]


def test_guidelines_say_what_they_found():
    found = check_dcgan_guidelines(KerasDCGANGenerator(), KerasDCGANDiscriminator())
    assert found[0].why == "2 Upsample, 2 MaxPool2d" and found[2].why == "4 Linear"
    assert all(found.rule and found.why for found in found)

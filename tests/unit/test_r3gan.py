"""R3GAN: resampling, networks that start as the identity, and the loss and schedules of the model."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, softplus

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.interop.r3gan import convert, settings
from zerosum.networks import R3GANDiscriminator, R3GANGenerator
from zerosum.networks.r3gan import GAIN, Block
from zerosum.ops import downsample, low_pass, smooth, upsample
from zerosum.penalties import input_gradient
from zerosum.runs import construct, plan


def test_low_pass_kernels():
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    torch.testing.assert_close(low_pass((1, 2, 1)), torch.outer(line, line))
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    torch.testing.assert_close(low_pass((1, 4, 6, 4, 1), box=False), torch.outer(line, line))


@pytest.mark.parametrize("taps", [(1, 2, 1), (1, 4, 6, 4, 1)])
def test_resampling_is_nearest_or_the_mean_with_a_smoothing(taps):
    x = torch.randn(2, 3, 6, 8)
    plain, boxed = low_pass(taps, box=False), low_pass(taps)
    torch.testing.assert_close(upsample(x, boxed), smooth(interpolate(x, scale_factor=2), plain))
    torch.testing.assert_close(downsample(x, boxed), avg_pool2d(smooth(x, plain), 2))


def test_binomial_taps_interpolate_bilinearly_away_from_the_edge():
    x = torch.randn(1, 2, 8, 8)
    torch.testing.assert_close(upsample(x, low_pass((1, 2, 1)))[..., 1:-1, 1:-1],
                               interpolate(x, scale_factor=2, mode="bilinear")[..., 1:-1, 1:-1])


def test_every_stage_has_the_papers_width():
    """FFHQ-256: 768 maps up to 32 pixels, then half of them at each octave, in groups of 16 at twice the width."""
    with torch.device("meta"):
        generator, discriminator = R3GANGenerator(image_size=256), R3GANDiscriminator(256)
    widths = [768, 768, 768, 768, 384, 192, 96]
    for network, expected in ((generator, widths), (discriminator, widths[::-1])):
        blocks = [block for block in network.modules() if isinstance(block, Block)]
        assert [block.conv1.in_channels for block in blocks] == [width for width in expected for _ in range(2)]
        assert {block.conv2.in_channels // block.conv2.groups for block in blocks} == {16}
        assert all(block.conv2.in_channels == 2 * block.conv1.in_channels for block in blocks)
    kinds = {type(layer) for network in (generator, discriminator) for layer in network.modules()}
    assert not kinds & {nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm, nn.InstanceNorm2d}


def test_it_starts_as_fixup_says():
    torch.manual_seed(0)
    generator = R3GANGenerator(8, 16, 1, 64)
    blocks = [block for block in generator.modules() if isinstance(block, Block)]
    for block in blocks:
        x = torch.randn(2, 64, 4, 4)
        assert torch.equal(block(x), x)
        for conv, fan_in in ((block.conv1, 64), (block.conv2, 9 * 16)):
            expected = GAIN / math.sqrt(fan_in) * len(blocks) ** -0.25
            assert conv.weight.std().item() == pytest.approx(expected, rel=0.05) and not conv.bias.any()
    z = torch.randn(2, 8)
    torch.testing.assert_close(generator(3 * z), 3 * generator(z))       # so far linear in z
    assert pytest.approx(math.sqrt(2 / 1.04)) == GAIN


def test_pixels_are_free_in_training_and_clamped_in_evaluation():
    generator, z = R3GANGenerator(8, 8, 1, 16), 9 * torch.randn(4, 8)
    free = generator(z)
    assert free.abs().max() > 1
    assert torch.equal(generator.eval()(z), free.clamp(-1, 1))


def test_labels_join_the_noise_and_multiply_the_last_features():
    generator = R3GANGenerator(8, 8, 1, 16, classes=3, embedding=5)
    discriminator = R3GANDiscriminator(8, 1, 16, classes=3, embedding=5)
    z, labels = torch.randn(1, 8).expand(3, 8), torch.eye(3)
    x = generator(z, labels)
    assert (x[0] - x[1]).abs().max() > 1e-3
    assert discriminator(x[:1].expand(3, -1, -1, -1), labels).unique().numel() == 3
    assert torch.equal(discriminator(x, torch.zeros(3, 3)), torch.zeros(3))


def test_settings_are_read_from_weights_in_the_authors_layout():
    theirs = {"conv1.weight": "LinearLayer1.Layer.weight", "conv1.bias": "NonLinearity1.Bias",
              "conv2.weight": "LinearLayer2.Layer.weight", "conv2.bias": "NonLinearity2.Bias",
              "conv3.weight": "LinearLayer3.Layer.weight", "conv.weight": "LinearLayer.Layer.weight"}
    heads = {"from_image.weight": "ExtractionLayer.Layer.weight", "to_image.weight": "AggregationLayer.Layer.weight",
             "embed.weight": "EmbeddingLayer.weight"}

    def official(key: str) -> str:
        if key in heads:
            return f"Model.{heads[key]}"
        _, stage, layer, name = key.split(".", 3)
        name = theirs.get(name) or name.replace("linear", "LinearLayer").replace("basis", "Basis")
        return f"Model.MainLayers.{stage}.Layers.{layer}.{name}"

    made = {"image_size": 16, "channels": 2, "width": [24, 12, 12], "blocks": [1, 2, 1], "expansion": 2, "group": 4,
            "classes": 3, "embedding": 5}
    oblong = made | {"image_size": [16, 24]}
    for network, arguments in ((R3GANGenerator(z_dim=7, **made), {"z_dim": 7} | made),
                               (R3GANDiscriminator(**made), made),
                               (R3GANDiscriminator(**oblong), oblong)):
        state = {official(key): value for key, value in network.state_dict().items()}
        assert settings(state) == arguments
        network.load_state_dict(convert(state))


@pytest.mark.parametrize(("size", "first"), [((16, 24), (4, 6)), ((24, 16), (6, 4)), ((28, 28), (7, 7)),
                                             ((4, 20), (4, 20))])
def test_images_need_not_be_square(size, first):
    made = {"image_size": size, "channels": 2, "width": 16, "group": 4}
    generator, discriminator = R3GANGenerator(z_dim=7, **made), R3GANDiscriminator(**made)
    x = generator(torch.randn(3, 7))
    assert x.shape == (3, 2, *size) and discriminator(x).shape == (3,)
    assert generator.stages[0][0].basis.shape == (16, *first)


def test_it_refuses_what_it_cannot_build():
    for size in (30, 3, (8, 3), (101, 64)):
        with pytest.raises(ValueError, match="halved until 4 to 7 pixels are left of the shorter"):
            R3GANGenerator(image_size=size)
    with pytest.raises(ValueError, match="do not divide into groups of 16"):
        R3GANDiscriminator(16, 1, 12)
    with pytest.raises(ValueError, match="has 3 stages, not 2 widths and 2 counts"):
        R3GANDiscriminator(16, 1, [16, 16])


# The model -------------------------------------------------------------------------------------------------------

def trainer_of(preset: str = "tiny", **settings) -> Trainer:
    chosen = plan("r3gan", preset, {"device": "cpu"} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def test_its_losses_are_relativistic_with_both_penalties():
    trainer = trainer_of()
    model, batch = trainer.model, trainer.batch()
    z = model.noise(8, torch.Generator().manual_seed(0))
    model.noise = lambda _batch: z
    x_fake = model.generate(z)
    difference = model.scores(batch.x) - model.scores(x_fake)
    squares = [input_gradient(model.discriminator, x).flatten(1).square().sum(1).mean() for x in (batch.x, x_fake)]
    terms = model.discriminator_loss(batch, gamma=0.8)
    assert terms["adversarial"].item() == pytest.approx(softplus(-difference).mean().item())
    assert terms["gradient_penalty"].item() == pytest.approx(0.8 / 2 * sum(squares).item(), rel=1e-5)
    assert model.generator_loss(batch)["adversarial"].item() == pytest.approx(softplus(difference).mean().item())


def test_rate_beta_and_gamma_follow_half_a_cosine_and_stay():
    trainer = trainer_of(lr=1.0, final_lr=0.2, beta2=0.9, final_beta2=0.99, gamma=2.0, final_gamma=1.0,
                         decay_images=1000)
    model, optimizer = trainer.model, trainer.model.players()["generator"].optimizer([torch.zeros(1)])
    for images, share in ((0, 1.0), (250, (1 + math.sqrt(0.5)) / 2), (500, 0.5), (1000, 0.0), (5000, 0.0)):
        model.schedule(optimizer, 0, images)
        assert optimizer.lr == pytest.approx(0.2 + 0.8 * share)
        assert optimizer.betas == pytest.approx((0.0, 0.99 - 0.09 * share))
        assert model.decayed("gamma", images) == pytest.approx(1 + share)


def test_gamma_of_an_update_is_that_of_the_images_before_it():
    trainer = trainer_of(gamma=2.0, final_gamma=1.0, decay_images=32)
    seen, loss = [], trainer.model.discriminator_loss
    trainer.model.discriminator_loss = lambda batch, gamma: seen.append(gamma) or loss(batch, gamma)
    for _ in range(3):                       # each round sees 8 images for D and 8 for G
        trainer.play()
    assert seen == pytest.approx([2.0, 1.5, 1.0])

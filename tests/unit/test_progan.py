"""ProGAN: growth is a function of the images seen, and an octave that fades in changes nothing at first."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu

from zerosum.core import Batch, DataSpec, UsageError
from zerosum.data import ArrayDataset
from zerosum.engine import TrainConfig, Trainer
from zerosum.networks.progan import (
    FirstLayer,
    Growth,
    Layer,
    ProGANDiscriminator,
    ProGANGenerator,
    doubled,
    shrunk,
)
from zerosum.networks.style.stages import Stage
from zerosum.runs import create

SMALL = {"z_dim": 6, "image_size": (16, 24), "channels": 2, "maps": (8, 6, 4)}
SETTINGS = {"preset": "tiny", "steady_images": 8, "fade_images": 16}
WHOLE = [0.0, 1.0, 2.0]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def players() -> tuple[ProGANGenerator, ProGANDiscriminator]:
    rest = {name: value for name, value in SMALL.items() if name != "z_dim"}
    return ProGANGenerator(**SMALL), ProGANDiscriminator(**rest)


def test_depth_is_a_function_of_the_images_alone():
    growth = Growth(octaves=2, steady=100, fade=50)
    expected = {0: 0, 99: 0, 100: 0, 125: 0.5, 149: 0.98, 150: 1, 249: 1, 250: 1, 275: 1.5, 300: 2, 10**9: 2}
    assert {images: growth.depth(images) for images in expected} == pytest.approx(expected)
    at_once = Growth(octaves=2, steady=100, fade=0)
    assert [at_once.depth(images) for images in (0, 99, 100, 199, 200, 500)] == [0, 0, 1, 1, 2, 2]


def test_a_generator_that_has_just_grown_draws_the_doubled_image_of_before():
    generator, _ = players()
    z = torch.randn(5, 6)
    for whole in (0, 1):
        before, grown, whole_octave = (generator(z, depth) for depth in (whole, whole + 1e-12, whole + 1))
        assert torch.equal(torch.lerp(doubled(before), whole_octave, 0.0), doubled(before))
        torch.testing.assert_close(grown, doubled(before), rtol=0, atol=1e-6)
        half = generator(z, whole + 0.25)
        torch.testing.assert_close(half, 0.75 * doubled(before) + 0.25 * whole_octave)
    assert [tuple(generator(z, depth).shape[1:]) for depth in (0.0, 0.5, 1.0, 1.5, 2.0)] == [
        (2, 4, 6), (2, 8, 12), (2, 8, 12), (2, 16, 24), (2, 16, 24)]
    assert torch.equal(generator(z), generator(z, 2.0))


def test_a_discriminator_that_has_just_grown_judges_the_halved_image():
    _, discriminator = players()
    for whole, size in ((0, (8, 12)), (1, (16, 24))):
        x = torch.randn(4, 2, *size)
        before = discriminator(avg_pool2d(x, 2), whole)
        torch.testing.assert_close(discriminator(x, whole + 1e-12), before, rtol=0, atol=1e-6)
        assert (discriminator(x, whole + 1) - before).abs().max() > 1e-3


def test_real_images_fade_in_as_samples_do():
    x = torch.rand(3, 2, 16, 24)
    small = avg_pool2d(x, 4)
    torch.testing.assert_close(shrunk(x, 0.0, 2), small)
    assert torch.equal(shrunk(x, 2.0, 2), x)
    half = shrunk(x, 0.5, 2)
    torch.testing.assert_close(half, (doubled(small) + avg_pool2d(x, 2)) / 2)
    torch.testing.assert_close(shrunk(half, 1.0, 1), half)


def test_layers_are_the_authors():
    """conv2d and upscale2d_conv2d of networks.py: He's gain at run time, bias, leaky ReLU of 0.2, pixel norm."""
    x = torch.randn(2, 3, 4, 5)
    layer = Layer(3, 4, normalize=True)
    layer.bias.data.normal_()
    y = leaky_relu(conv2d(x, layer.conv.weight * (2 / 27) ** 0.5, layer.bias, padding=1), 0.2)
    torch.testing.assert_close(layer(x), y / (y.square().mean(1, keepdim=True) + 1e-8).sqrt())
    up = Layer(3, 4, up=2)
    wide = interpolate(x, scale_factor=2)        # a transposed convolution turns the kernel
    y = conv2d(wide, up.conv.weight.flip((2, 3)) * (2 / 27) ** 0.5, padding=1)
    torch.testing.assert_close(up(x), leaky_relu(y, 0.2), rtol=1e-4, atol=1e-5)
    down = Layer(3, 4, down=2)
    y = avg_pool2d(conv2d(wide, down.conv.weight * (2 / 27) ** 0.5, padding=1), 2)
    torch.testing.assert_close(down(wide), leaky_relu(y, 0.2), rtol=1e-4, atol=1e-5)


def test_the_first_layer_sees_the_direction_of_z_alone():
    first = FirstLayer(6, Stage(4, 6, 8))
    z = torch.randn(3, 6)
    torch.testing.assert_close(first(z), first(7 * z), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(first(z).square().mean(1), torch.ones(3, 4, 6), rtol=1e-3, atol=1e-3)


def played(images: int, size: int = 16, **settings) -> Trainer:
    """A trainer that has seen so many images, 8 in a step."""
    x = torch.rand(64, 1, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1
    data = ArrayDataset(x.numpy(), DataSpec((1, size, size)), name="noise")
    trainer = Trainer(create("progan", data.spec, seed=0, **SETTINGS, **settings), data, TrainConfig(batch_size=8))
    while trainer.images < images:
        trainer.play()
    return trainer


def test_layers_that_have_not_joined_do_not_move():
    fresh, trainer = played(0).model, played(8).model
    moved = {name for (name, a), b in zip(trainer.named_parameters(), fresh.parameters(), strict=True)
             if not torch.equal(a, b)}
    assert moved and {name.split(".")[2] for name in moved if ".blocks." in name or "rgb." in name} == {"0"}
    assert not any(name.startswith("discriminator.blocks") for name in moved)


def test_optimizers_forget_where_an_octave_begins_and_ends_to_fade_in():
    trainer, counts = played(0), []
    for _ in range(8):
        trainer.play()
        counts.append((trainer.model.depth, int(trainer.optimizer_state("generator")["0.step"])))
    assert counts == [(0, 1), (0, 2), (0.5, 1), (1, 1), (1, 2), (1.5, 1), (2, 1), (2, 2)]


@pytest.mark.parametrize("images", [8, 16, 24, 32, 40])
def test_a_run_goes_on_bit_for_bit_before_at_and_after_a_growth_step_and_inside_a_fade(images):
    expected, saved = played(images + 24).state()[0], played(images).state()
    again = played(0)
    again.load_state(*saved)
    while again.images < images + 24:
        again.play()
    for key, value in again.state()[0].items():
        assert torch.equal(value, expected[key]), key


def test_a_rollback_shrinks_the_networks_again():
    expected, saved = played(24).state()[0], played(16).state()
    trainer = played(48)
    trainer.load_state(*saved)
    assert trainer.model.depth == 0 and trainer.images == 16
    trainer.play()
    for key, value in trainer.state()[0].items():
        assert torch.equal(value, expected[key]), key


def test_samples_are_of_the_size_of_the_data_while_networks_grow():
    trainer = played(8)
    x = trainer.model.eval().sample(4, seed=0)
    assert x.shape == (4, 1, 16, 16) and x.abs().max() <= 1
    assert torch.equal(x, doubled(doubled(x[:, :, ::4, ::4]))) and trainer.model.scores(x).shape == (4,)


def test_each_size_may_have_a_batch_of_its_own():
    trainer = played(0, batches=(8, 4, 2))
    seen = []
    for _ in range(15):
        before = trainer.images
        trainer.play()
        seen.append((trainer.model.depth, trainer.images - before))
    assert seen[:7] == [(0, 8), (0, 8), (0.5, 4), (0.75, 4), (1, 4), (1, 4), (1, 4)] and seen[-1] == (2, 2)
    with pytest.raises(UsageError, match="16x16 pixels are reached in 3 sizes, and batches has 2"):
        played(0, batches=(8, 4))


def test_drift_keeps_scores_near_zero_and_the_target_scales_the_penalty():
    model = played(0).model
    x = torch.rand(8, 1, 4, 4)
    terms = model.discriminator_loss(Batch(x))
    torch.testing.assert_close(terms["drift"], 1e-3 * model.discriminator(x, 0.0).square().mean())
    wide = played(0, target=750.0).model
    wide.load_state_dict(model.state_dict())
    # Of a gradient that is next to nothing, either penalty is lambda.
    for network in (model.discriminator, wide.discriminator):
        network.out.weight.data.mul_(1e-6)
    for chosen in (model, wide):
        assert chosen.discriminator_loss(Batch(x))["gradient_penalty"].item() == pytest.approx(10, rel=1e-2)

"""Self-supervised GAN: turns of images, the head that names them, and whose loss looks at which images."""

import copy
import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from zerosum.core import Batch, DataSpec, UsageError, build, find
from zerosum.layers import SpectralNorm
from zerosum.models import SelfSupervisedGAN
from zerosum.networks import DCGANDiscriminator, ResNetDiscriminator, SNGANDiscriminator, TwoHeads
from zerosum.ops import turned


def model_of(shape=(1, 8, 8), **settings) -> SelfSupervisedGAN:
    torch.manual_seed(0)
    small = {"network": "cnn", "width": 8, "d_width": 8, "z_dim": 4}
    return SelfSupervisedGAN(build(SelfSupervisedGAN.Config, small | settings), DataSpec(shape=shape))


def test_each_image_is_turned_by_its_own_right_angles():
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).expand(4, 1, 2, 2)
    expected = [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]     # counter-clockwise
    assert turned(x, torch.arange(4))[:, 0].tolist() == expected
    x, turns = torch.randn(9, 3, 5, 5), torch.randint(4, (9,))
    assert torch.equal(turned(turned(x, turns), (4 - turns) % 4), x)


def test_gradients_are_turned_back():
    x, turns = torch.randn(6, 2, 4, 4, requires_grad=True), torch.tensor([0, 1, 2, 3, 1, 0])
    probe = torch.randn(6, 2, 4, 4)
    (turned(x, turns) * probe).sum().backward()
    assert torch.equal(x.grad, turned(probe, (4 - turns) % 4))


@pytest.mark.parametrize("make", [lambda: DCGANDiscriminator(16, 3, 8), lambda: SNGANDiscriminator((16, 16), 3, 8),
                                  lambda: ResNetDiscriminator(16, 3, 8, pool="sum")])
def test_two_heads_keep_the_score_and_add_answers(make):
    network, x = make().eval(), torch.randn(5, 3, 16, 16)
    scores = network(x)
    both = TwoHeads(copy.deepcopy(network), 4).eval()
    torch.testing.assert_close(both(x), scores)
    assert both.answers(x).shape == (5, 4) and both(x).shape == (5,)
    torch.testing.assert_close(both.answers(x), both.question(both.features(x)))


@pytest.mark.parametrize("network", ["resnet", "cnn", "dcgan"])
def test_both_heads_are_normalised(network):
    discriminator = model_of((1, 16, 16), network=network).discriminator
    assert isinstance(discriminator.head, SpectralNorm) and isinstance(discriminator.question, SpectralNorm)


def test_the_losses_by_hand(monkeypatch):
    """D is asked for the turns of real images, G for those of generated ones; the scores are of upright ones."""
    model, batch = model_of(alpha=0.25, beta=3.0).eval(), Batch(torch.rand(6, 1, 8, 8) * 2 - 1)
    z, turns = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 3, 1])
    monkeypatch.setattr(model, "noise", lambda _n: z)
    monkeypatch.setattr(torch, "randint", lambda *_args, **_options: turns)
    x_fake = model.generate(z)
    scores, scores_fake = model.scores(batch.x), model.scores(x_fake)
    asked = {name: cross_entropy(model.discriminator.answers(turned(x, turns)), turns)
             for name, x in (("real", batch.x), ("fake", x_fake))}
    found = model.discriminator_loss(batch)
    torch.testing.assert_close(found, {"adversarial": (1 - scores).relu().mean() + (1 + scores_fake).relu().mean(),
                                       "rotation": 3 * asked["real"]})
    torch.testing.assert_close(model.generator_loss(batch), {"adversarial": -scores_fake.mean(),
                                                             "rotation": 0.25 * asked["fake"]})


def test_a_discriminator_that_guesses_pays_ln_4():
    model = model_of()
    model.discriminator.answers = lambda x: x.new_zeros(len(x), 4)
    assert model.rotation_loss(torch.randn(7, 1, 8, 8), 1.0)["rotation"].item() == pytest.approx(math.log(4))


def test_turns_are_uniform():
    model, seen = model_of(), []
    model.discriminator.answers = lambda x: seen.append(x[:, 0].flatten(1).argmax(1)) or torch.zeros(len(x), 4)
    corner = torch.zeros(4_000, 1, 8, 8)
    corner[:, :, 0, 0] = 1
    model.rotation_loss(corner, 1.0)
    places, counts = seen[0].unique(return_counts=True)
    assert places.tolist() == [0, 7, 56, 63] and counts.min() > 900


def test_without_weight_nothing_is_asked():
    model, batch = model_of(alpha=0.0, beta=0.0), Batch(torch.rand(4, 1, 8, 8))
    assert set(model.discriminator_loss(batch)) == set(model.generator_loss(batch)) == {"adversarial"}


@pytest.mark.parametrize("shape", [(2,), (1, 8, 12)])
def test_what_has_no_right_angles_is_refused(shape):
    with pytest.raises(UsageError, match="turns images by right angles, which needs square images, not samples of "):
        model_of(shape)


def test_its_short_name_means_several_systems():
    with pytest.raises(UsageError, match=r"say which: .*self-supervised-gan \(self-supervised GAN, 1811.11212\)"):
        find("SS-GAN")
    assert find("Self-Supervised GAN") is SelfSupervisedGAN

"""ACGAN: D is not told the class, and classes count on real and on generated samples."""

import inspect

import pytest
import torch
from tiny import trainer_of
from torch.nn.functional import cross_entropy, softplus

from zerosum.core import Batch


def test_the_settings_are_the_papers():
    defaults = type(trainer_of("acgan").model.cfg)()
    assert (defaults.lr, defaults.betas, defaults.z_dim, defaults.class_weight) == (2e-4, (0.5, 0.999), 100, 1.0)


def test_d_has_no_label_input():
    model = trainer_of("acgan").model.eval()
    assert list(inspect.signature(model.discriminator.forward).parameters) == ["x"]
    x = torch.rand(3, *model.data.shape)
    assert torch.equal(model.scores(x, torch.tensor([0, 1, 2])), model.scores(x, torch.tensor([3, 3, 3])))
    assert torch.equal(model.classify(x), model.classifier(model.discriminator.features(x)).argmax(1))


def test_the_losses_are_those_of_equations_2_and_3():
    trainer = trainer_of("acgan", class_weight=2.0, norm="none", generator_norm="none")
    model, batch = trainer.model, trainer.batch()
    torch.manual_seed(3)
    d = model.discriminator_loss(batch)
    torch.manual_seed(3)
    x_fake = model.generate(model.noise(batch), batch.labels)
    real, fake = (model.discriminator(x) for x in (batch.x, x_fake))
    torch.testing.assert_close(d["adversarial"], softplus(-real).mean() + softplus(fake).mean())
    for name, x in (("class_real", batch.x), ("class_fake", x_fake)):
        logits = model.classifier(model.discriminator.features(x))
        torch.testing.assert_close(d[name], 2 * cross_entropy(logits, batch.labels))
    torch.manual_seed(3)
    g = model.generator_loss(batch)
    torch.testing.assert_close(g["adversarial"], softplus(-fake).mean())
    torch.testing.assert_close(g["class_fake"], d["class_fake"])
    assert set(d) == {"adversarial", "class_real", "class_fake"} and set(g) == {"adversarial", "class_fake"}


def test_both_heads_share_the_layers_below():
    model = trainer_of("acgan").model
    trunk = {id(p) for p in model.discriminator.trunk.parameters()}
    for head in (0, 1):
        model.requires_grad_(True).zero_grad()
        model.both(torch.rand(3, *model.data.shape))[head].sum().backward()
        assert {id(p) for p in model.parameters() if p.grad is not None} > trunk


@pytest.mark.parametrize("label", [0, 9])
def test_the_generator_is_told_the_class(label):
    model = trainer_of("acgan").model.eval()
    z = model.noise(2, torch.Generator().manual_seed(0))
    labels = torch.full((2,), label)
    one_hot = torch.eye(10)[labels]
    torch.testing.assert_close(model.generate(z, labels), model.generator(torch.cat([z, one_hot], 1)))
    with pytest.raises(TypeError):
        model.discriminator(Batch(torch.rand(2, *model.data.shape)).x, labels)

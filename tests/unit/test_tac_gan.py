"""TAC-GAN: both heads on what is seen of image and text, and classes of right, wrong and generated pairs."""

import pytest
import torch
from tiny import seeded, trainer_of
from torch.nn.functional import softplus


def ready(**settings):
    trainer = trainer_of("tac-gan", norm="none", **settings)
    model, batch = trainer.model.eval(), trainer.batch()
    batch.keep(wrong=model.other_text(batch.text), other=model.other_text(batch.text))
    return model, batch


def cross_entropy(logits, labels):
    """H of a class, over all of them, from its definition."""
    terms = [softplus(-row[k] if k == label else row[k]) for row, label in zip(logits, labels.tolist(), strict=True)
             for k in range(len(row))]
    return torch.stack(terms).mean()


def seen(model, x, h):
    features = model.discriminator.features(model.discriminator.maps(x), h)
    return model.discriminator(x, h), features.flatten(1) @ model.classifier.weight.T + model.classifier.bias


def test_the_settings_are_the_papers():
    cfg = type(trainer_of("tac-gan").model.cfg)()
    assert (cfg.z_dim, cfg.prior, cfg.embedding, cfg.text_dim, cfg.class_weight) == (100, "uniform", 4800, 512, 1.0)
    assert (cfg.lr, cfg.d_lr, cfg.betas, cfg.wrong, cfg.interpolation) == (2e-4, 2e-4, (0.5, 0.999), 1.0, 0.0)


def test_the_discriminator_tells_source_and_class_of_all_three_pairs():
    model, batch = ready(wrong=0.5, class_weight=2.0)
    h, h_wrong = model.encoder(batch.text), model.encoder(batch.wrong)
    torch.manual_seed(1)
    x_fake = model.generator(model.noise(batch), h)
    torch.manual_seed(1)
    terms = model.discriminator_loss(batch)
    (right, c_right), (wrong, c_wrong), (fake, c_fake) = seen(model, batch.x, h), seen(model, batch.x, h_wrong), \
        seen(model, x_fake, h)
    torch.testing.assert_close(terms["adversarial"],
                               softplus(-right).mean() + softplus(fake).mean() + 0.5 * softplus(wrong).mean())
    for name, logits in (("class_real", c_right), ("class_wrong", c_wrong), ("class_fake", c_fake)):
        torch.testing.assert_close(terms[name], 2 * cross_entropy(logits, batch.labels))
    assert len(terms) == 4


@pytest.mark.parametrize("interpolation", [0.0, 0.5])
def test_the_generator_is_held_to_the_class_of_its_text(interpolation):
    model, batch = ready(interpolation=interpolation, class_weight=3.0)
    h = model.asked(batch)
    torch.manual_seed(1)
    scores, logits = seen(model, model.generator(model.noise(len(h)), h), h)
    torch.manual_seed(1)
    terms = model.generator_loss(batch)
    torch.testing.assert_close(terms["adversarial"], softplus(-scores[:batch.size]).mean())
    torch.testing.assert_close(terms["class_fake"], 3 * cross_entropy(logits[:batch.size], batch.labels))
    assert ("interpolation" in terms) == (interpolation > 0)


def test_the_class_is_read_off_image_and_text():
    model, batch = ready()
    torch.nn.init.normal_(model.classifier.weight, generator=seeded())
    expected = seen(model, batch.x, model.encoder(batch.wrong))[1].argmax(1)
    assert torch.equal(model.classify(batch.x, batch.wrong), expected)


def test_the_second_head_moves_with_the_discriminator_alone():
    model = trainer_of("tac-gan").model
    moved = {name: {id(p) for p in player.parameters()} for name, player in model.players().items()}
    assert {id(p) for p in model.classifier.parameters()} <= moved["discriminator"]
    assert not moved["discriminator"] & moved["generator"]

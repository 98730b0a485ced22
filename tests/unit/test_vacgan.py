"""VAC+GAN: the classifier stands beside the discriminator and shares nothing with it, whatever the GAN."""

import pytest
import torch
from tiny import trainer_of
from torch.nn.functional import cross_entropy

from zerosum.core import UsageError
from zerosum.losses import OBJECTIVES

PLAIN = {"norm": "none", "generator_norm": "none"}
BALANCED = {"objective": "boundary-equilibrium", "network": "mlp"}


def test_the_settings_are_those_of_the_authors_code():
    defaults = type(trainer_of("vacgan").model.cfg)()
    assert (defaults.lr, defaults.betas, defaults.c_lr, defaults.class_weight) == (2e-4, (0.5, 0.999), 0.01, 0.8 / 0.2)
    assert (defaults.objective, defaults.gamma, defaults.k_gain) == ("non-saturating", 0.5, 1e-3)


@pytest.mark.parametrize("settings", [{}, BALANCED, BALANCED | {"network": "dcgan"}])
def test_c_and_d_share_no_storage(settings):
    model = trainer_of("vacgan", **settings).model
    tensors = {name: {t.untyped_storage().data_ptr() for t in getattr(model, name).state_dict().values()}
               for name in ("discriminator", "classifier", "generator")}
    assert all(len(found) > 1 for found in tensors.values())
    assert not tensors["discriminator"] & tensors["classifier"] and not tensors["classifier"] & tensors["generator"]


def moved(weight: float) -> dict[str, dict[str, torch.Tensor]]:
    """Weights of each player after one round with this weight of the cross-entropy in G's loss."""
    trainer = trainer_of("vacgan", class_weight=weight, seed=3)
    trainer.play()
    return {name: {key: value.clone() for key, value in getattr(trainer.model, name).state_dict().items()}
            for name in ("discriminator", "classifier", "generator")}


def test_ds_gradient_is_independent_of_the_cross_entropy():
    """With other classifiers and other weights of the cross-entropy D moves the same, to the last bit."""
    trainers = [trainer_of("vacgan", class_weight=weight, **PLAIN) for weight in (0.0, 50.0)]
    with torch.no_grad():
        for parameter in trainers[1].model.classifier.parameters():
            parameter.normal_()
    gradients = []
    for trainer in trainers:
        batch, model = trainer.batch(), trainer.model.requires_grad_(True)
        torch.manual_seed(3)
        sum(model.discriminator_loss(batch).values()).backward()
        assert all(p.grad is None for p in model.classifier.parameters())
        gradients.append([p.grad for p in model.discriminator.parameters()])
    assert all(torch.equal(a, b) and a.abs().sum() > 0 for a, b in zip(*gradients, strict=True))


def test_in_a_round_only_g_feels_the_weight_of_the_cross_entropy():
    light, heavy = moved(0.0), moved(50.0)
    for name, same in (("discriminator", True), ("classifier", True), ("generator", False)):
        assert all(torch.equal(value, heavy[name][key]) for key, value in light[name].items()) == same, name


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_the_losses_are_those_of_any_gan_and_a_cross_entropy(objective):
    trainer = trainer_of("vacgan", objective=objective, class_weight=3.0, **PLAIN)
    model, batch, pair = trainer.model, trainer.batch(), OBJECTIVES[objective]

    def of(loss):
        torch.manual_seed(3)
        return loss(batch)

    x_fake = of(lambda b: model.generate(model.noise(b), b.labels))
    real, fake = model.discriminator(batch.x), model.discriminator(x_fake)
    torch.testing.assert_close(of(model.discriminator_loss), {"adversarial": pair.discriminator(real, fake),
                                                              "penalty": torch.zeros(())})
    c_real, c_fake = (cross_entropy(model.classifier(x), batch.labels) for x in (batch.x, x_fake))
    torch.testing.assert_close(of(model.classifier_loss), {"class_real": c_real / 2, "class_fake": c_fake / 2})
    torch.testing.assert_close(of(model.generator_loss), {"adversarial": pair.generator(fake), "class": 3 * c_fake})


def test_the_penalty_is_on_the_discriminator():
    trainer = trainer_of("vacgan", objective="wasserstein", penalty="gradient-penalty", penalty_weight=2.0)
    model, batch = trainer.model, trainer.batch()
    assert not any("BatchNorm" in type(m).__name__ for m in model.discriminator.modules())
    with torch.no_grad():
        for parameter in model.discriminator.parameters():
            parameter.zero_()
    assert model.discriminator_loss(batch)["penalty"].detach() == 2.0         # a flat critic's: (0 - 1)^2


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_began_is_held_in_balance(network):
    trainer = trainer_of("vacgan", **BALANCED | {"network": network}, k_gain=0.5, gamma=0.9, norm="none")
    model = trainer.model
    batch = trainer.batch()
    energy = (model.discriminator(batch.x).reconstruction - batch.x).abs().flatten(1).mean(1)
    torch.testing.assert_close(-model.scores(batch.x), energy)
    model.k.fill_(0.25)
    torch.manual_seed(3)
    terms = model.discriminator_loss(batch)
    torch.manual_seed(3)
    x_fake = model.generate(model.noise(batch), batch.labels)
    torch.testing.assert_close(terms, {"reconstruction": energy.mean(),
                                       "adversarial": -0.25 * model.discriminator(x_fake).energy.mean()})
    logs = trainer.play()
    expected = 0.25 + 0.5 * (0.9 * logs["discriminator/reconstruction"] - logs["generator/adversarial"])
    torch.testing.assert_close(model.k, expected.clamp(0, 1))
    assert "k" in model.state_dict() and logs["k"] == model.k


def test_the_classifier_counts_real_and_generated_samples():
    trainer = trainer_of("vacgan", **PLAIN)
    x = trainer.batch().x
    assert torch.equal(trainer.model.classify(x), trainer.model.classifier(x).argmax(1))
    assert trainer.model.scores(x, torch.zeros(len(x))).equal(trainer.model.scores(x))
    terms = trainer.play()
    assert {"classifier/class_real", "classifier/class_fake"} <= terms.keys()


def test_the_condition_moves_the_generator():
    """Catalogue TRK-27: the gradient of G's output with respect to the condition is not zero."""
    model = trainer_of("vacgan", network="mlp").model
    y = torch.eye(10, requires_grad=True)
    model.generator(torch.cat([model.noise(10), y], 1)).square().sum().backward()
    assert (y.grad.abs() > 0).all()


def test_a_classifier_needs_classes():
    with pytest.raises(UsageError, match="needs labelled data"):
        trainer_of("vacgan", preset="ring", data="swissroll")

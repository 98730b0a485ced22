"""InfoGAN: Q on the layers of D, no labels, the terms of Eq. (6), and what the codes of a z are."""

import pytest
import torch
from tiny import seeded, trainer_of

from zerosum.core import Batch, UsageError
from zerosum.networks import DCGANDiscriminator
from zerosum.networks.dropout import make_pair


def test_the_settings_are_those_of_the_authors_code():
    model = trainer_of("infogan", network="mlp", width=8).model
    defaults = type(model.cfg)()
    assert (defaults.z_dim, defaults.prior, defaults.categorical, defaults.continuous) == (62, "uniform", (10,), 2)
    assert (defaults.information, defaults.continuous_information) == (1.0, 0.1)
    assert (defaults.lr, defaults.d_lr, defaults.betas) == (1e-3, 2e-4, (0.5, 0.999))


def test_q_is_one_layer_on_all_of_d_but_its_last():
    model = trainer_of("infogan").model
    x = torch.rand(3, *model.data.shape)
    features = model.discriminator.features(x)
    told = model.recognise(x)
    (last,) = model.recognition
    torch.testing.assert_close(torch.cat([*told.categorical, told.continuous], 1), last(features))
    assert last.in_features == model.discriminator.head.in_features and last.out_features == 12
    assert told.noise.shape == (3, 0)
    assert len(trainer_of("infogan", q_width=5).model.recognition) == 4


def test_codes_are_what_q_says_without_the_noise():
    model = trainer_of("infogan", categorical=(3, 4)).model.eval()
    x = torch.rand(5, *model.data.shape)
    told, codes = model.recognise(x), model.codes(x)
    assert codes.shape == (5, 3 + 4 + 2)
    torch.testing.assert_close(codes[:, :3], told.categorical[0].softmax(1))
    torch.testing.assert_close(codes[:, 3:7].sum(1), torch.ones(5))
    assert torch.equal(codes[:, 7:], told.continuous)


def test_labels_are_never_used():
    trainer = trainer_of("infogan")
    blind = Batch(trainer.batch().x)         # a batch whose labels are None
    for loss in (trainer.model.discriminator_loss, trainer.model.generator_loss):
        assert set(loss(blind)) == {"adversarial", "categorical_information", "continuous_information"}


def test_the_terms_are_those_of_equation_6():
    model = trainer_of("infogan", information=2.0, continuous_information=0.5).model.eval()
    z = model.noise(50, seeded())
    features = model.discriminator.features(model.generate(z))
    found, told = model.information(features, model.latent.split(z)), model.tell(features)
    log_q = told.categorical[0].log_softmax(1)[torch.arange(50), model.latent.chosen(z)].mean()
    torch.testing.assert_close(found["categorical_information"], -2 * (torch.tensor(10.0).log() + log_q))
    normal = torch.distributions.Normal(told.continuous, 1.0)
    log_q = normal.log_prob(model.latent.split(z).continuous).sum(1).mean()
    torch.testing.assert_close(found["continuous_information"], -0.5 * (2 * torch.tensor(2.0).log() + log_q))


@pytest.mark.parametrize(("settings", "terms"), [
    ({"categorical": ()}, {"continuous_information"}),
    ({"continuous": 0}, {"categorical_information"}),
    ({"categorical": (3, 4)}, {"categorical_information", "continuous_information"})])
def test_any_mixture_of_codes_trains(settings, terms):
    trainer = trainer_of("infogan", **settings)
    assert {name.rpartition("/")[2] for name in trainer.play()} == {"adversarial"} | terms


def test_no_code_at_all_is_refused():
    with pytest.raises(UsageError, match="infogan needs a code"):
        trainer_of("infogan", categorical=(), continuous=0)


def test_a_code_can_be_asked_for():
    model = trainer_of("infogan").model.eval()
    z = model.noise(4, seeded())
    assert not torch.equal(model.generate(model.latent.choose(z, 1)), model.generate(model.latent.choose(z, 2)))
    asked = model.latent.choose(z, 3)
    assert torch.equal(model.generate(z, torch.full((4,), 3)), model.generate(asked))
    fainter = asked * torch.cat([torch.ones(8), torch.full((10,), 0.2), torch.ones(2)])
    torch.testing.assert_close(model.generate(fainter), model.generate(asked))


def test_a_discriminator_for_little_data_forgets_at_random():
    generator, discriminator = make_pair("dropout-mlp", 5, (1, 8, 8), 16)
    assert [m.p for m in discriminator.modules() if isinstance(m, torch.nn.Dropout)] == [0.3, 0.3]
    assert discriminator(generator(torch.rand(3, 5))).shape == (3,)
    for network in make_pair("dropout-mlp", 5, (2,), 16):                   # points get the plain perceptrons
        assert not any(isinstance(m, torch.nn.Dropout) for m in network.modules())
    assert type(make_pair("dcgan", 5, (1, 8, 8), 16)[1]) is DCGANDiscriminator

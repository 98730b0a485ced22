"""BiGAN and ALI, and the autoencoder: their losses by hand, and what each must not do."""

import pytest
import torch
from torch.nn.functional import logsigmoid

from zerosum.core import abilities
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan


def trainer_of(name: str, **settings) -> Trainer:
    small = {"device": "cpu", "threads": 1, "data": "ring", "width": 16, "z_dim": 4, "batch_size": 8}
    chosen = plan(name, "tiny", small | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def seeded(loss, *given):
    torch.manual_seed(5)
    return loss(*given)


def close(found, expected) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


# BiGAN and ALI --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoder", ["deterministic", "gaussian"])
def test_encoder_and_generator_descend_the_discriminators_loss_with_swapped_labels(encoder, monkeypatch):
    """Exchanging the two kinds of pairs turns the discriminator's loss into what its opponents descend."""
    trainer = trainer_of("bigan", encoder=encoder)
    model, batch = trainer.model, trainer.batch()
    encoded, generated = seeded(model.pairs, batch)
    judged = seeded(model.discriminator_loss, batch)["adversarial"]
    close(judged, -(logsigmoid(encoded) + logsigmoid(-generated)).mean())
    swapped = seeded(model.swapped_losses, batch)
    close(swapped["encoder"]["adversarial"], -logsigmoid(-encoded).mean())
    close(swapped["generator"]["adversarial"], -logsigmoid(generated).mean())
    monkeypatch.setattr(model, "pairs", lambda _batch: (generated, encoded))
    close(model.discriminator_loss(batch)["adversarial"], sum(terms["adversarial"] for terms in swapped.values()))
    assert abs(judged - sum(terms["adversarial"] for terms in swapped.values())) > 1e-3


def test_the_discriminator_hears_of_the_image_and_of_its_code():
    model = trainer_of("bigan").model.eval()
    x, z = torch.randn(6, 2), torch.randn(6, 4)
    scores = model.discriminator(x, z)
    assert (scores - model.discriminator(x, z.flip(0))).abs().max() > 1e-4
    assert (scores - model.discriminator(x.flip(0), z)).abs().max() > 1e-4


def test_only_the_gaussian_encoder_draws_and_its_mean_is_the_code():
    x = torch.randn(3, 2)
    model = trainer_of("bigan", encoder="deterministic").model
    assert torch.equal(model.code(x), model.encode(x))
    model = trainer_of("bigan", encoder="gaussian").model
    mean, log_variance = model.encoder(x).chunk(2, 1)
    assert torch.equal(model.encode(x), mean)
    torch.manual_seed(0)
    draws = torch.stack([model.code(x) for _ in range(4_000)])
    torch.testing.assert_close(draws.mean(0), mean, rtol=0, atol=0.1)
    torch.testing.assert_close(draws.var(0).log(), log_variance, rtol=0, atol=0.15)


def test_no_term_of_bigan_compares_images():
    trainer = trainer_of("bigan")
    assert set(trainer.play()) == {f"{name}/adversarial" for name in ("discriminator", "encoder", "generator")}


def test_the_score_of_a_sample_is_that_of_it_with_its_code():
    model = trainer_of("bigan").model.eval()
    x = torch.randn(3, 2)
    assert torch.equal(model.scores(x), model.discriminator(x, model.encode(x)))


# Autoencoder ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "of"), [("l1", torch.Tensor.abs), ("l2", torch.Tensor.square)])
def test_the_autoencoder_descends_its_error_and_nothing_else(error, of):
    trainer = trainer_of("autoencoder", error=error)
    model, batch = trainer.model, trainer.batch()
    terms = model.loss(batch)
    assert set(terms) == {"reconstruction"}
    close(terms["reconstruction"], of(model.generator(model.encoder(batch.x)) - batch.x).mean())


def test_an_autoencoder_shows_copies_and_judges_nothing():
    trainer = trainer_of("autoencoder")
    batch = trainer.batch()
    assert torch.equal(trainer.model.preview(batch), trainer.model.reconstruct(batch.x))
    assert "score" not in abilities(trainer.model)


@pytest.mark.parametrize(("name", "settings"), [("bigan", {}), ("bigan", {"encoder": "gaussian"}), ("autoencoder", {})])
def test_a_reconstruction_is_the_generator_at_the_code(name, settings):
    trainer = trainer_of(name, **settings)
    model, x = trainer.model.eval(), trainer.batch().x
    assert model.encode(x).shape == (8, 4)
    assert torch.equal(model.reconstruct(x), model.generate(model.encode(x)))
    assert model.sample(3, seed=0).shape == (3, 2)

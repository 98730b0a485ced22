"""BiGAN and ALI, the autoencoder, alpha-GAN and AGE: their losses by hand, and what each must not do."""

import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from zerosum.core import abilities
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.losses import moment_kl
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


# alpha-GAN ------------------------------------------------------------------------------------------------------------


def test_the_four_losses_of_alpha_gan_by_hand():
    trainer = trainer_of("alpha-gan", reconstruction_weight=7.0, code_weight=0.5)
    model, batch = trainer.model, trainer.batch()
    codes = model.encoder(batch.x)
    copy, z = model.generator(codes), seeded(model.noise, batch)
    x_fake, error = model.generator(z), 7 * (copy - batch.x).abs().mean()
    judge, code_judge = model.discriminator, model.code_discriminator
    of_code, of_copy, of_fake = ((logsigmoid(-scores) - logsigmoid(scores)).mean()
                                 for scores in (code_judge(codes), judge(copy), judge(x_fake)))
    expected = {
        "encoder": error + 0.5 * of_code, "generator": error + of_copy + of_fake,
        "discriminator": -(logsigmoid(judge(batch.x)) + logsigmoid(-judge(copy)) + logsigmoid(-judge(x_fake))).mean(),
        "code_discriminator": -(logsigmoid(code_judge(z)) + logsigmoid(-code_judge(codes))).mean()}
    for player, value in expected.items():
        close(sum(seeded(getattr(model, f"{player}_loss"), batch).values()), value)


def test_the_four_players_of_alpha_gan_move_one_by_one(monkeypatch):
    trainer = trainer_of("alpha-gan")
    model, update, seen = trainer.model, trainer.update, []

    def watching(player, *rest):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        terms = update(player, *rest)
        seen.append({name.split(".")[0] for name, value in model.state_dict().items()
                     if not torch.equal(value, before[name])})
        assert seen[-1] == {player}
        return terms

    monkeypatch.setattr(trainer, "update", watching)
    trainer.play()
    assert seen == [{name} for name in ("encoder", "generator", "discriminator", "code_discriminator")]


def test_the_code_discriminator_has_a_rate_of_its_own():
    players = trainer_of("alpha-gan", lr=0.5, code_lr=0.25).model.players()
    assert {name: player.optimizer(player.modules[0].parameters()).lr for name, player in players.items()} == {
        "encoder": 0.5, "generator": 0.5, "discriminator": 0.5, "code_discriminator": 0.25}


def test_the_code_discriminator_sees_no_image():
    trainer = trainer_of("alpha-gan")
    shapes = []
    trainer.model.code_discriminator.register_forward_pre_hook(lambda _module, given: shapes.append(given[0].shape))
    trainer.play()
    assert shapes == [(8, 4)] * 3            # codes once for the encoder; prior and codes for itself


# AGE ------------------------------------------------------------------------------------------------------------------


def test_the_kl_of_moments_is_zero_at_the_standard_normal():
    codes = torch.randn(50, 3, dtype=torch.float64)
    codes = (codes - codes.mean(0)) / codes.std(0, correction=0)
    assert moment_kl(codes).item() == pytest.approx(0.0, abs=1e-12)


def test_the_kl_of_moments_is_that_of_gaussians():
    codes = torch.randn(50, 3, dtype=torch.float64) * torch.tensor([0.3, 1.0, 2.0]) + torch.tensor([0.5, 0.0, -1.0])
    fitted = torch.distributions.Normal(codes.mean(0), codes.std(0, correction=0))
    expected = torch.distributions.kl_divergence(fitted, torch.distributions.Normal(0.0, 1.0)).mean()
    close(moment_kl(codes), expected.double())
    one = torch.tensor([[3.0], [-1.0]], dtype=torch.float64)                 # m = 1, s = 2
    assert moment_kl(one).item() == pytest.approx((4 + 1 - 1) / 2 - math.log(2))


def test_codes_that_agree_are_far_from_normal_and_still_have_a_gradient():
    codes = torch.zeros(3, 2, requires_grad=True)
    far = moment_kl(codes)
    far.backward()
    assert 8 < far.item() < 10 and torch.equal(codes.grad, torch.zeros(3, 2))        # -1/2 + log(1e4)


def test_both_losses_of_age_by_hand():
    trainer = trainer_of("age", reconstruction_weight=3.0, code_weight=20.0, adversarial_weight=0.5)
    model, batch = trainer.model, trainer.batch()
    codes, z = model.encode(batch.x), seeded(model.noise, batch)
    back = model.encode(model.generator(z))
    far = {name: moment_kl(2 * found) for name, found in (("real", codes), ("fake", back))}      # sqrt(z_dim) = 2
    close(sum(seeded(model.encoder_loss, batch).values()),
          far["real"] - 0.5 * far["fake"] + 3 * (model.generator(codes) - batch.x).abs().mean())
    close(sum(seeded(model.generator_loss, batch).values()),
          far["fake"] + 20 * (1 - (z * back).sum(1)).mean() / 4)


def test_codes_and_noise_lie_on_the_unit_sphere():
    model = trainer_of("age").model
    for codes in (model.noise(5), model.noise(5, torch.Generator().manual_seed(0)), model.encode(torch.randn(5, 2))):
        close(codes.norm(dim=1), torch.ones(5))
    z = model.noise(20_000, torch.Generator().manual_seed(0))
    assert z.mean(0).abs().max() < 0.02
    assert moment_kl(2 * z) < 1e-3           # uniform: all numbers of z alike, and centred


def test_age_has_no_discriminator_and_judges_nothing():
    trainer = trainer_of("age", g_steps=3)
    model = trainer.model
    assert {name for name, _ in model.named_children()} == set(model.players()) == {"encoder", "generator"}
    assert "score" not in abilities(model)
    moves, update = [], trainer.update
    trainer.update = lambda player, *rest: moves.append(player) or update(player, *rest)
    trainer.play()
    assert moves == ["encoder", *["generator"] * 3]


@pytest.mark.parametrize(("name", "settings"), [("bigan", {}), ("bigan", {"encoder": "gaussian"}), ("autoencoder", {}),
                                                ("alpha-gan", {}), ("age", {})])
def test_a_reconstruction_is_the_generator_at_the_code(name, settings):
    trainer = trainer_of(name, **settings)
    model, x = trainer.model.eval(), trainer.batch().x
    assert model.encode(x).shape == (8, 4)
    assert torch.equal(model.reconstruct(x), model.generate(model.encode(x)))
    assert model.sample(3, seed=0).shape == (3, 2)

"""The systems of integral probability metrics: what holds each critic, and which player each rule touches."""

import math

import pytest
import torch

from zerosum.core import UsageError
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.losses import covariance_ipm, mean_ipm, mmd, second_moment
from zerosum.networks.features import Embedding
from zerosum.networks.pairs import make_pair
from zerosum.runs import construct, plan


def trainer_of(name: str, preset: str = "tiny", **settings) -> Trainer:
    chosen = plan(name, preset, {"device": "cpu"} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def largest(module: torch.nn.Module) -> float:
    return max(float(p.abs().max()) for p in module.parameters())


# Fisher GAN -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("micro_batch", [0, 3])
@pytest.mark.filterwarnings("ignore:the loss of fisher-gan ties")
def test_the_multiplier_rises_with_the_second_moment(micro_batch):
    """alpha <- alpha + rho (Omega - 1), Omega of the whole batch, once for every update of the critic."""
    trainer = trainer_of("fisher-gan", rho=0.5, n_critic=3, micro_batch=micro_batch)
    expected, update = 0.0, trainer.update_jointly

    def noting(players, losses, batch):
        nonlocal expected
        logs = update(players, losses, batch)
        expected += 0.5 * (float(logs["critic/second_moment"]) - 1)
        return logs

    trainer.update_jointly = noting
    trainer.play()
    assert trainer.model.alpha.item() == pytest.approx(expected, rel=1e-6) and expected != 0
    assert "model.multiplier.0" in trainer.state()[0]        # and so in every checkpoint


def test_the_critic_of_fisher_gan_ascends_the_augmented_lagrangian():
    trainer = trainer_of("fisher-gan", "ring", rho=0.5, n_critic=1)
    model, batch = trainer.model, trainer.batch(16)
    model.alpha.data.fill_(0.25)
    z = model.noise(16, torch.Generator().manual_seed(0))
    model.noise = lambda _batch: z
    real, fake = model.scores(batch.x).detach(), model.scores(model.generate(z)).detach()
    omega = second_moment(real, fake)
    losses = model.saddle_losses(batch)
    terms = losses["critic"]
    value = real.mean() - fake.mean() + 0.25 * (1 - omega) - 0.5 / 2 * (omega - 1) ** 2
    assert (terms["fisher"] + terms["constraint"]).item() == pytest.approx(-value.item(), rel=1e-5)
    assert losses["multiplier"]["constraint"].item() == pytest.approx(0.25 * (1 - omega.item()), rel=1e-5)
    assert terms["second_moment"].grad_fn is None and terms["second_moment"].item() == pytest.approx(omega.item())


def test_without_rho_there_is_no_constraint():
    trainer = trainer_of("fisher-gan", rho=0.0)
    logs = trainer.play()
    assert trainer.model.alpha == 0 and logs["critic/constraint"] == 0


def test_nothing_clips_the_critic_of_fisher_gan():
    trainer = trainer_of("fisher-gan", lr=0.1)
    trainer.play()
    assert largest(trainer.model.critic) > 0.1


# MMD-GAN --------------------------------------------------------------------------------------------------------------


def test_only_the_encoder_is_clipped():
    trainer = trainer_of("mmd-gan", lr=0.1)
    trainer.play()
    bound = torch.tensor(0.01).item()
    assert largest(trainer.model.encoder) <= bound < largest(trainer.model.decoder)


def test_the_losses_of_mmd_gan_by_hand():
    trainer = trainer_of("mmd-gan", "ring", feasibility=16.0)
    model, batch = trainer.model, trainer.batch(16)
    z = model.noise(16, torch.Generator().manual_seed(0))
    model.noise = lambda _batch: z
    with torch.no_grad():
        x_fake = model.generate(z)
        code, code_fake = model.encoder(batch.x), model.encoder(x_fake)
        distance = mmd(code, code_fake, (1.0, 2.0, 4.0, 8.0, 16.0)).item()
        order = 16 * sum(min(d, 0.0) for d in (code.mean(0) - code_fake.mean(0)).tolist()) / 16
        errors = sum(float((model.decoder(c) - x).square().mean()) for c, x in ((code, batch.x), (code_fake, x_fake)))
        critic, generator = model.critic_loss(batch), model.generator_loss(batch)
    assert {name: term.item() for name, term in critic.items()} == pytest.approx(
        {"mmd": -distance, "feasibility": -order, "reconstruction": 8 * errors}, rel=1e-5)
    assert {name: term.item() for name, term in generator.items()} == pytest.approx(
        {"mmd": distance, "feasibility": order}, rel=1e-5)


def test_a_fixed_kernel_needs_no_critic():
    trainer = trainer_of("mmd-gan", kernel="fixed")
    assert set(trainer.model.players()) == {"generator"}
    assert set(trainer.play()) == {"generator/mmd"}
    assert not [key for key in trainer.model.state_dict() if not key.startswith("generator.")]


def test_mmd_gan_refuses_widths_that_are_none():
    for wrong in ((), (1.0, 0.0)):
        with pytest.raises(UsageError, match="widths must be numbers above 0"):
            trainer_of("mmd-gan", widths=wrong)


# McGan ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_the_critic_of_mcgan_stays_where_it_may_be(p):
    trainer = trainer_of("mcgan", p=p, lr=0.1)
    trainer.play()
    critic = trainer.model.critic
    assert torch.linalg.vector_norm(critic.v, p) <= 1 + 1e-5
    for matrix in (critic.U, critic.V):
        torch.testing.assert_close(matrix.T @ matrix, torch.eye(2), atol=1e-5, rtol=0)
    assert largest(critic.features) <= torch.tensor(0.01).item()


@pytest.mark.parametrize("match", ["mean", "covariance", "both"])
def test_the_best_readout_attains_the_norms(match):
    """With v along the difference of means, and U, V its covariances' singular vectors, the primal is the dual."""
    trainer = trainer_of("mcgan", "ring", match=match, features=6, components=2)
    model, x, y = trainer.model, trainer.batch(64).x, torch.randn(64, 2)
    critic = model.critic
    with torch.no_grad():
        phi, psi = critic.features(x), critic.features(y)
        expected = torch.zeros(())
        if match != "covariance":
            difference = phi.mean(0) - psi.mean(0)
            critic.v.copy_(difference / difference.norm())
            expected += mean_ipm(phi, psi, 2.0)
        if match != "mean":
            left, _, right = torch.linalg.svd((phi.T @ phi - psi.T @ psi) / 64)
            critic.U.copy_(left[:, :2])
            critic.V.copy_(right[:2].T)
            expected += covariance_ipm(phi, psi, 2)
        found = model.scores(x).mean() - model.scores(y).mean()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-6)
    assert (critic.v is None, critic.U is None) == (match == "covariance", match == "mean")


def test_mcgan_refuses_what_it_cannot_project_on():
    for wrong in ({"p": 3.0}, {"components": 5}):
        with pytest.raises(UsageError, match="must be"):
            trainer_of("mcgan", **wrong)


@pytest.mark.parametrize(("network", "shape"), [("dcgan", (1, 16, 16)), ("mlp", (1, 8, 8)), ("mlp", (2,))])
def test_an_embedding_is_a_critic_but_for_its_last_layer(network, shape):
    critic = make_pair(network, 4, shape, 8)[1]
    layers = list(critic.body)
    embedding = Embedding(critic, 5)
    assert embedding(torch.randn(3, *shape)).shape == (3, 5)
    assert [layer for layer in embedding.features if layer in layers] == layers[:-1]

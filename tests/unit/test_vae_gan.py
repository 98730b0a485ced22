"""VAE/GAN: the routing of its three losses, and who sits a round out."""

import math

import pytest
import torch
from torch.nn.functional import softplus

from zerosum.core import Batch
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.losses import Moves, Standing, accuracy_below, always, loss_margin, standing
from zerosum.runs import construct, plan

NETWORKS = ("encoder", "decoder", "discriminator")


def trainer_of(preset: str = "tiny", **settings) -> Trainer:
    chosen = plan("vae-gan", preset, {"device": "cpu", "norm": "none"} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


# Balance, with scripted losses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("real", "fake", "expected"), [
    (0.69, 0.69, Moves(True, True)),         # nobody is ahead
    (0.27, 0.69, Moves(False, True)),        # D is too good on real samples
    (0.69, 0.27, Moves(False, True)),        # or on generated ones
    (1.09, 0.69, Moves(True, False)),        # G is too good
    (0.69, 1.09, Moves(True, False)),
    (0.27, 1.09, Moves(True, True)),         # each has a reason to wait: both move
    (0.28, 1.08, Moves(True, True)),         # on the margin
])
def test_the_loss_margin_lets_whoever_is_ahead_wait(real, fake, expected):
    policy = loss_margin(0.68, 0.4) if 0.28 not in (real, fake) else loss_margin(0.68, 0.4 + 1e-9)
    assert policy(Standing(real, fake, 0.5)) == expected


@pytest.mark.parametrize(("accuracy", "moves"), [(0.5, True), (0.8, True), (0.81, False), (1.0, False)])
def test_an_accurate_discriminator_waits_and_the_generator_never(accuracy, moves):
    assert accuracy_below(0.8)(Standing(0.1, 0.1, accuracy)) == Moves(moves, True)


def test_always_is_always():
    assert all(always(Standing(loss, other, 1.0)) == Moves(True, True) for loss in (0.0, 9.0) for other in (0.0, 9.0))


def test_a_standing_is_read_off_the_scores():
    real, fake = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([-1.0, 4.0], requires_grad=True)
    found = standing(real, fake)
    assert found["loss_real"].item() == pytest.approx(sum(math.log1p(math.exp(-s)) for s in (1, -2, 3)) / 3)
    assert found["loss_fake"].item() == pytest.approx(sum(math.log1p(math.exp(s)) for s in (-1, 4)) / 2)
    assert found["accuracy"].item() == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert not any(value.requires_grad for value in found.values())
    cannot_tell = standing(torch.zeros(4), torch.zeros(4))
    assert cannot_tell["loss_real"].item() == pytest.approx(Standing().loss_real)


def test_the_gate_decides_on_the_losses_of_this_round(monkeypatch):
    """The players of each joint update are those that the policy names for the losses logged in the same round."""
    trainer = trainer_of("ring", steps=60, batch_size=32, margin=0.05, width=16)
    asked, jointly = [], trainer.update_jointly
    monkeypatch.setattr(trainer, "update_jointly", lambda players, *rest: asked.append(players)
                        or jointly(players, *rest))
    decided = set()
    for _ in range(60):
        logs = trainer.play()
        moves = loss_margin(0.68, 0.05)(Standing(*(logs[f"encoder/{name}"].item() for name in Standing._fields)))
        expected = [name for name, may in zip(("decoder", "discriminator"), (moves.generator, moves.discriminator),
                                              strict=True) if may]
        assert asked[-1] == expected
        decided.add(tuple(expected))
    assert len(decided) >= 2                 # somebody did wait


# The three losses -----------------------------------------------------------------------------------------------------


def by_hand(model, batch: Batch) -> dict[str, torch.Tensor]:
    """The terms of Algorithm 1 with all that they owe to every network."""
    mean, log_variance = model.encoder(batch.x)
    torch.manual_seed(7)
    z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
    x_tilde, x_prior = model.decoder(z), model.decoder(model.noise(batch))
    f, f_tilde = model.discriminator.features(batch.x), model.discriminator.features(x_tilde)
    fake = [softplus(model.discriminator(x)).mean() for x in (x_tilde, x_prior)]
    return {"prior": 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1).mean(),
            "llike": 0.5 * (f - f_tilde).square().sum(1).mean(),
            "gan": softplus(-model.discriminator(batch.x)).mean() + sum(fake), "fake": sum(fake)}


def gradients(loss: torch.Tensor, network) -> list[torch.Tensor]:
    return [torch.zeros_like(p) if g is None else g for p, g in zip(
        network.parameters(),
        torch.autograd.grad(loss, list(network.parameters()), retain_graph=True, allow_unused=True), strict=True)]


@pytest.mark.parametrize("preset", ["tiny", "ring"])
def test_each_player_follows_its_own_losses_and_no_others(preset):
    """Enc: prior + llike, no GAN. Dec: gamma llike - GAN. Dis: GAN, no llike. All at one and the same point."""
    gamma = 0.3
    trainer = trainer_of(preset, gamma=gamma, batch_size=8, balance="always", width=16, network="mlp")
    model, batch = trainer.model, trainer.batch()
    model.requires_grad_(True)
    terms = by_hand(model, batch)
    expected = {"encoder": gradients(terms["prior"] + terms["llike"], model.encoder),
                "decoder": gradients(gamma * terms["llike"] - terms["fake"], model.decoder),
                "discriminator": gradients(terms["gan"], model.discriminator)}
    leaked = gradients(terms["llike"], model.discriminator), gradients(terms["fake"], model.encoder)
    assert all(max(g.abs().max() for g in leak) > 1e-4 for leak in leaked)   # there is something to keep out
    model.requires_grad_(False)
    found, moved = {}, {name: list(model.get_submodule(name).parameters()) for name in NETWORKS}
    for name in NETWORKS:
        trainer._seat(name).optimizer.step = lambda name=name: found.update(
            {name: [p.grad.clone() if p.grad is not None else torch.zeros_like(p) for p in moved[name]]})
    torch.manual_seed(7)
    model.train_step(Playing(trainer, batch))
    for name in NETWORKS:
        for one, other in zip(found[name], expected[name], strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


class Playing:
    """A trainer that deals one batch."""

    def __init__(self, trainer: Trainer, batch: Batch):
        self.update, self.update_jointly, self.batch = trainer.update, trainer.update_jointly, lambda: batch


def test_the_encoder_reads_its_standing_without_following_it():
    """The measured losses are constants of the encoder's loss."""
    trainer = trainer_of(balance="always")
    terms = trainer.model.requires_grad_(True).encoder_loss(trainer.batch())
    assert set(terms) == {"kl", "reconstruction", *Standing._fields}
    assert [name for name, term in terms.items() if term.requires_grad] == ["kl", "reconstruction"]


def test_pixels_in_place_of_features():
    model = trainer_of(similarity="pixels").model
    x, z = torch.rand(3, 1, 8, 8), torch.randn(3, 4)
    likeness = model.compare(x, z, z)[0]
    assert likeness.item() == pytest.approx(0.5 * (x - model.decoder(z)).square().sum((1, 2, 3)).mean().item())


def test_the_networks_are_those_of_the_vae():
    """With --network mlp, so that a comparison of the two changes the losses alone."""
    ours = trainer_of(network="mlp", width=16, z_dim=4, image_size=8).model
    chosen = plan("vae", "tiny", {"device": "cpu", "width": 16, "z_dim": 4, "image_size": 8})
    vae = construct(chosen.model, chosen.cfg, load_data(chosen.data).spec, 0)
    for name in ("encoder", "decoder"):
        one, other = ([tuple(p.shape) for p in model.get_submodule(name).parameters()] for model in (ours, vae))
        assert one == other

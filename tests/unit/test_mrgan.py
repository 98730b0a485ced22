"""MRGAN: both variants' losses by hand, who moves by what, and that the diffusion discriminator never sees data."""

import pytest
import torch
from torch.nn.functional import logsigmoid

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan

WEIGHTS = {"reconstruction_weight": 0.3, "mode_weight": 0.7, "manifold_weight": 0.05}


def trainer_of(variant: str, **settings) -> Trainer:
    chosen = plan("mrgan", "ring", {"device": "cpu", "threads": 1, "width": 16, "z_dim": 4, "batch_size": 8,
                                    "g_steps": 2, "variant": variant} | WEIGHTS | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def seeded(loss, batch):
    torch.manual_seed(5)
    return loss(batch)


def test_the_regularised_losses_by_hand():
    trainer = trainer_of("regularised")
    model, batch = trainer.model, trainer.batch()
    copy = model.generator(model.encoder(batch.x))
    torch.manual_seed(5)
    x_fake = model.generator(model.noise(batch))
    t_e = (0.3 * (batch.x - copy).square().sum(1) - 0.7 * logsigmoid(model.discriminator(copy))).mean()
    t_g = t_e - logsigmoid(model.discriminator(x_fake)).mean()
    losses = seeded(model.regularised_losses, batch)
    for player, expected in (("encoder", t_e), ("generator", t_g)):
        torch.testing.assert_close(sum(losses[player].values()), expected, rtol=1e-5, atol=1e-6)
    judged = seeded(model.discriminator_loss, batch)["adversarial"]
    expected = -(logsigmoid(model.discriminator(batch.x)) + logsigmoid(-model.discriminator(x_fake))).mean()
    torch.testing.assert_close(judged, expected, rtol=1e-5, atol=1e-6)


def test_the_manifold_and_the_diffusion_step_by_hand():
    trainer = trainer_of("manifold-diffusion")
    model, batch = trainer.model, trainer.batch()
    copy = model.generator(model.encoder(batch.x))
    torch.manual_seed(5)
    x_fake = model.generator(model.noise(batch))
    on_manifold, diffused = model.manifold_discriminator, model.diffusion_discriminator
    both = ((batch.x - copy).square().sum(1) - 0.05 * logsigmoid(on_manifold(copy))).mean()
    losses = model.manifold_losses(batch)
    for found, expected in (
            (sum(losses["generator"].values()), both), (sum(losses["encoder"].values()), both),
            (model.manifold_discriminator_loss(batch)["adversarial"],
             -(logsigmoid(on_manifold(batch.x)) + logsigmoid(-on_manifold(copy))).mean()),
            (seeded(model.diffusion_discriminator_loss, batch)["adversarial"],
             -(logsigmoid(diffused(copy)) + logsigmoid(-diffused(x_fake))).mean()),
            (seeded(model.diffusion_loss, batch)["diffusion"], -logsigmoid(diffused(x_fake)).mean())):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_the_diffusion_discriminator_never_sees_data():
    trainer = trainer_of("manifold-diffusion")
    model, seen, real, draw = trainer.model, [], [], trainer.batch
    model.diffusion_discriminator.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].detach()))

    def noting(n=None):
        batch = draw(n)
        real.append(batch.x)
        return batch

    trainer.batch = noting
    trainer.fit(2)
    real = torch.cat(real)
    assert len(real) == 4 * 8 and len(seen) == 2 * (2 + 2)   # two batches a round; two judged by D_D, one per move of G
    assert all(not (x[:, None] == real).all(-1).any() for x in seen)


@pytest.mark.parametrize(("variant", "moves"), [
    ("regularised", ["discriminator", *["generator+encoder"] * 2]),
    ("manifold-diffusion", ["manifold_discriminator", *["generator+encoder"] * 2, "diffusion_discriminator",
                            *["generator"] * 2])])
def test_who_moves_and_who_stands_still(variant, moves, monkeypatch):
    trainer = trainer_of(variant)
    model, seen, update, jointly = trainer.model, [], trainer.update, trainer.update_jointly

    def watching(players, act):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        terms = act()
        changed = {name.split(".")[0] for name, value in model.state_dict().items()
                   if not torch.equal(value, before[name])}
        assert changed == set(players)
        seen.append("+".join(players))
        return terms

    monkeypatch.setattr(trainer, "update", lambda player, *rest: watching([player], lambda: update(player, *rest)))
    monkeypatch.setattr(trainer, "update_jointly",
                        lambda players, *rest: watching(players, lambda: jointly(players, *rest)))
    trainer.play()
    assert seen == moves


def test_without_weights_it_is_the_plain_gan():
    """The encoder's gradient is zero, and the generator's is that of the non-saturating loss alone."""
    trainer = trainer_of("regularised", reconstruction_weight=0.0, mode_weight=0.0)
    losses = trainer.model.regularised_losses(trainer.batch())
    assert sum(losses["encoder"].values()) == 0
    assert sum(losses["generator"].values()) == losses["generator"]["adversarial"] > 0


def test_a_reconstruction_is_the_generator_at_the_code():
    trainer = trainer_of("manifold-diffusion")
    model, x = trainer.model.eval(), trainer.batch().x
    assert model.encode(x).shape == (8, 4)
    assert torch.equal(model.reconstruct(x), model.generate(model.encode(x)))
    assert torch.equal(model.scores(x), model.manifold_discriminator(x))

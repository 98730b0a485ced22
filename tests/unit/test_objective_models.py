"""What systems told apart by their loss add to it: labels, a margin, real samples in the generator's update."""

import pytest
import torch
from torch.nn.functional import softplus

from zerosum.core import Batch, UsageError
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan


def trainer_of(name: str, preset: str = "tiny", **settings) -> Trainer:
    chosen = plan(name, preset, {"device": "cpu"} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def updates_of(trainer: Trainer) -> list[tuple[str, torch.Tensor]]:
    """Who moves in one round, and on which real samples."""
    seen, update = [], trainer.update

    def noting(player, loss, batch, *args, **options):
        seen.append((player, batch.x))
        return update(player, loss, batch, *args, **options)

    trainer.update = noting
    trainer.play()
    return seen


def test_lsgan_trains_on_the_labels_it_was_given():
    model = trainer_of("lsgan", fake_label=-1.0, wanted_label=0.0).model
    one = torch.ones(3)
    assert model.objective.discriminator(one, -one) == 0 and model.objective.generator(0 * one) == 0
    assert trainer_of("lsgan").model.objective.generator(one) == 0


def test_lsgan_refuses_labels_out_of_order():
    for wrong in ({"fake_label": 1.0}, {"fake_label": 2.0}, {"wanted_label": 1.5}, {"wanted_label": -0.5}):
        with pytest.raises(UsageError, match="_label must"):
            trainer_of("lsgan", **wrong)


@pytest.mark.parametrize("preset", ["tiny", "ring"])
def test_the_margin_is_weight_decay_of_the_last_layer(preset):
    """Geometric GAN: 1/(C n) ||w||^2 / 2, whose gradient is that of the authors' weight decay, w / (C n)."""
    trainer = trainer_of("geometric-gan", preset, margin_weight=1 / 8)
    model = trainer.model
    w = model.discriminator.body[-1].weight.requires_grad_()
    terms = model.discriminator_loss(trainer.batch())
    assert set(terms) == {"adversarial", "margin"}
    assert torch.allclose(torch.autograd.grad(terms["margin"], w)[0], w / 8)


def test_geometric_gan_moves_its_generator_more_often():
    players = [player for player, _ in updates_of(trainer_of("geometric-gan", g_steps=3))]
    assert players == ["discriminator", "generator", "generator", "generator"]


def test_the_relativistic_generator_sees_fresh_real_samples():
    trainer = trainer_of("relativistic-gan")
    (one, x), (other, fresh) = updates_of(trainer)
    assert (one, other) == ("discriminator", "generator") and not torch.equal(x, fresh)
    assert trainer.images == len(x) + len(fresh)


@pytest.mark.parametrize("variant", ["relativistic", "relativistic-average"])
def test_the_relativistic_losses_of_the_model_are_the_papers(variant):
    trainer = trainer_of("relativistic-gan", "ring", variant=variant)
    model, batch = trainer.model, trainer.batch(16)
    z = model.noise(16, torch.Generator().manual_seed(0))
    model.noise = lambda _batch: z
    real, fake = model.scores(batch.x), model.scores(model.generate(z))

    def expected(first, second):
        if variant == "relativistic":
            return softplus(second - first).mean()
        return softplus(second.mean() - first).mean() + softplus(second - first.mean()).mean()

    assert model.discriminator_loss(batch)["adversarial"].item() == pytest.approx(expected(real, fake).item())
    assert model.generator_loss(batch)["adversarial"].item() == pytest.approx(expected(fake, real).item())


def test_the_relativistic_discriminator_may_pay_for_steep_gradients():
    """RSGAN-GP: lambda times WGAN-GP's penalty beside the loss, in D's update only."""
    model = trainer_of("relativistic-gan", "ring", penalty=10.0).model
    with torch.no_grad():                    # D(x) = 3 x_1: a gradient of norm 3 everywhere
        model.discriminator = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.Flatten(0))
        model.discriminator[0].weight.copy_(torch.tensor([[3.0, 0.0]]))
    batch = Batch(torch.randn(8, 2))
    assert model.discriminator_loss(batch)["gradient_penalty"].item() == pytest.approx(10 * (3 - 1) ** 2)
    assert set(model.generator_loss(batch)) == {"adversarial"}
    assert set(trainer_of("relativistic-gan", "ring").model.discriminator_loss(batch)) == {"adversarial"}


def test_the_penalty_and_batch_norm_exclude_each_other():
    with pytest.raises(UsageError, match="use --norm none"):
        trainer_of("relativistic-gan", penalty=10.0)
    updates_of(trainer_of("relativistic-gan", penalty=10.0, norm="none"))

"""recipe: what each slot adds to the two losses, and that every pair of objective and penalty trains."""

import math

import pytest
import torch

from zerosum.augment.ada import SPECS
from zerosum.core import OPTIMIZERS, UsageError, settings_of
from zerosum.core.optimizers import SGD
from zerosum.data import load_data
from zerosum.engine import Trainer, read_tensors, write_tensors
from zerosum.losses import OBJECTIVES, RELATIVISTIC
from zerosum.penalties import PENALTIES
from zerosum.runs import construct, plan

PLAIN = {"penalty": "none", "augmentation": "none", "lecam_weight": 0.0, "norm": "none"}


def trainer_of(**settings) -> Trainer:
    chosen = plan("recipe", "tiny", {"device": "cpu"} | PLAIN | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def still(model):
    """The model, with one draw of noise for all its updates."""
    z = model.noise(8, torch.Generator().manual_seed(0))
    model.noise = lambda _batch: z
    return model, z


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("objective", [*OBJECTIVES, *RELATIVISTIC])
def test_every_objective_trains_with_every_penalty(objective, penalty):
    """On points, where there are no images to tell one apart from the other."""
    trainer = trainer_of(data="grid", network="mlp", objective=objective, penalty=penalty)
    for _ in range(2):
        terms = trainer.play()
    assert all(value.isfinite() for value in terms.values())
    assert (terms["discriminator/penalty"] > 0) == (penalty != "none")


@pytest.mark.parametrize("objective", [*OBJECTIVES, *RELATIVISTIC])
def test_the_losses_are_those_of_the_objective_and_only_relativistic_generators_score_what_is_real(objective):
    trainer = trainer_of(objective=objective)
    model, z = still(trainer.model)
    batch, known = trainer.batch(), (OBJECTIVES | RELATIVISTIC)[objective]
    real, fake = model.scores(batch.x), model.scores(model.generate(z))
    assert model.discriminator_loss(batch)["adversarial"] == known.discriminator(real, fake)
    scored, judge = [], model.judge
    model.judge = lambda x: scored.append(x) or judge(x)
    expected = known.generator(fake, real) if objective in RELATIVISTIC else known.generator(fake)
    assert model.generator_loss(batch)["adversarial"] == expected
    assert any(x is batch.x for x in scored) == (objective in RELATIVISTIC)


def test_a_penalty_sees_through_the_augmentation_and_is_weighed():
    trainer = trainer_of(penalty="r1", penalty_weight=6.0)
    model, batch = trainer.model, trainer.batch()
    model.augment = lambda x: 2 * x
    x = (2 * batch.x).requires_grad_()
    gradient = 2 * torch.autograd.grad(model.scores(x).sum(), x)[0]
    expected = 6 / 2 * gradient.flatten(1).square().sum(1).mean()
    assert model.discriminator_loss(batch)["penalty"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_lecam_ties_augmented_scores_to_averages_that_move_once_per_update():
    whole, parts = (trainer_of(lecam_weight=0.3, d_steps=2, micro_batch=size) for size in (0, 3))
    first = whole.play()
    assert "discriminator/lecam" in first and whole.model.lecam.mass.item() == pytest.approx(1 - 0.99 ** 2)
    parts.play()
    assert parts.model.lecam.mass == whole.model.lecam.mass
    assert {"lecam.real", "lecam.fake", "lecam.mass"} <= set(whole.model.state_dict())
    assert not any("lecam" in key for key in trainer_of().model.state_dict())

    model, z = still(whole.model)
    batch = whole.batch()
    real, fake = model.scores(batch.x), model.scores(model.generate(z))
    term = model.discriminator_loss(batch)["lecam"]
    assert term.item() == pytest.approx(0.3 * model.lecam(real, fake).item())


def test_adas_probability_is_one_models_own_and_moves_by_the_signs_of_augmented_scores():
    trainer, other = (trainer_of(augmentation="ada", ada_ramp=320, d_steps=2) for _ in range(2))
    ada, seen, judge = trainer.model.augment, [], trainer.model.judge
    assert ada.pipe.spec == SPECS["bg"], "digits have no colours"
    ada.pipe.p.fill_(0.5)
    trainer.model.judge = lambda x: seen.append(judge(x)) or seen[-1]
    signs = []
    for _ in range(2):                       # rounds of two updates; the four of them decide together
        seen.clear()
        assert trainer.play()["discriminator/sign"] == seen[2].sign().mean()
        signs += [seen[i].detach().sign().mean() for i in (0, 2)]                # of what is real, in each update of D
    moved = math.copysign(4 * 8 / 320, sum(signs) / 4 - 0.6)
    assert ada.pipe.p.item() == pytest.approx(0.5 + moved) and other.model.augment.pipe.p == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_adas_probability_grows_while_the_discriminator_is_too_sure(sign):
    trainer = trainer_of(augmentation="ada", ada_ramp=320, lr=1e-9)
    trainer.model.augment.pipe.p.fill_(0.5)
    judge = trainer.model.judge
    trainer.model.judge = lambda x: judge(x) + 100 * sign
    assert [round(float(trainer.play()["p"]), 4) for _ in range(4)] == [0.5, 0.5, 0.5, 0.5 + 0.1 * sign]


def test_with_p_at_zero_ada_is_none():
    """The sign adds nothing to the gradient, and no image is changed."""
    plain, ada = (trainer_of(augmentation=name) for name in ("none", "ada"))
    batch, z = plain.batch(), plain.model.noise(8)
    gradients = []
    for trainer in (plain, ada):
        trainer.model.noise = lambda _batch: z
        trainer.update("discriminator", trainer.model.discriminator_loss, batch)
        gradients.append([parameter.grad for parameter in trainer.model.discriminator.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_ada_goes_on_from_where_it_was_saved(tmp_path):
    first, second = (trainer_of(augmentation="ada", ada_ramp=100) for _ in range(2))
    first.model.augment.pipe.p.fill_(0.5)
    first.fit(3)                             # amid the four updates that decide together
    write_tensors(tmp_path / "state.safetensors", *first.state())
    first.fit(6)
    second.load_state(*read_tensors(tmp_path / "state.safetensors"))
    second.fit(6)
    (expected, _), (found, _) = first.state(), second.state()
    assert expected.keys() == found.keys() and expected["model.augment.pipe.p"] != 0.5
    assert all(torch.equal(tensor, found[key]) for key, tensor in expected.items())


def test_ada_changes_colours_where_there_are_three_channels():
    assert trainer_of(data="shapes", image_size=16, augmentation="ada").model.augment.pipe.spec == SPECS["bgc"]


def test_the_discriminator_has_rates_of_its_own():
    def optimizers(**settings):
        return [player.optimizer([torch.zeros(1)]) for player in trainer_of(**settings).model.players().values()]

    d, g = optimizers(lr=1e-4, d_lr=4e-4, betas=(0.5, 0.9), d_betas=(0.0, 0.99))
    assert (d.lr, d.betas, g.lr, g.betas) == (4e-4, (0.0, 0.99), 1e-4, (0.5, 0.9))
    d, g = optimizers(lr=1e-4, betas=(0.5, 0.9))
    assert (d.lr, d.betas) == (g.lr, g.betas) == (1e-4, (0.5, 0.9))
    with pytest.raises(UsageError, match="d_betas are two numbers"):
        trainer_of(d_betas=(0.5,))


def test_the_names_of_each_slot_are_those_of_its_table():
    choices = {setting.name: setting.choices for setting in settings_of(type(trainer_of().model.cfg))}
    assert set(choices["objective"]) == OBJECTIVES.keys() | RELATIVISTIC.keys()
    assert set(choices["penalty"]) == PENALTIES.keys()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_player_has_the_optimizer_of_its_name(name):
    trainer = trainer_of(optimizer=name, d_optimizer="sgd", lr=0.5, d_lr=0.25)
    makers = {player: made.optimizer for player, made in trainer.model.players().items()}
    generator, discriminator = (makers[player](getattr(trainer.model, player).parameters())
                                for player in ("generator", "discriminator"))
    assert type(generator) is type(OPTIMIZERS[name](0.5)([])) and generator.lr == 0.5
    assert type(discriminator) is SGD and discriminator.lr == 0.25
    assert getattr(generator, "momentum", None) == getattr(OPTIMIZERS[name](0.5)([]), "momentum", None)
    before = [value.clone() for value in trainer.model.generator.parameters()]
    assert all(value.isfinite() for value in trainer.play().values())
    assert any(not torch.equal(a, b) for a, b in zip(before, trainer.model.generator.parameters(), strict=True))


def test_adam_takes_the_betas():
    model = trainer_of(betas=(0.0, 0.9), d_betas=(0.5, 0.99)).model
    made = {name: player.optimizer([]) for name, player in model.players().items()}
    assert made["generator"].betas == (0.0, 0.9) and made["discriminator"].betas == (0.5, 0.99)


NETWORKS = """
[generator]
layers = [{layer = "dense", units = 64, activation = "tanh"}, {layer = "reshape", to = [1, 8, 8]}]
[discriminator]
layers = [{layer = "flatten"}, {layer = "dense", units = 1}]
"""


def test_networks_of_a_file_train_and_need_it_no_more(tmp_path):
    """The settings hold its text, so that a run is opened without it, and as it was even if the file has changed."""
    path = tmp_path / "nets.toml"
    path.write_text(NETWORKS)
    trainer = trainer_of(network=str(path))
    assert all(value.isfinite() for value in trainer.play().values())
    path.unlink()
    again = plan("recipe", "tiny", {"device": "cpu", "network": trainer.model.cfg.network})
    model = construct(again.model, again.cfg, trainer.data.spec, 0)
    assert str(model.generator) == str(trainer.model.generator)
    assert [type(layer).__name__ for layer in model.discriminator] == ["Flatten", "Linear"]


@pytest.mark.parametrize(("text", "message"), [
    ("[generator]", "describes no generator: it needs a table .generator. with a list named layers"),
    (NETWORKS.replace("units = 1}", "units = 2}"), "must end in one score, and makes 2"),
    (NETWORKS.replace("flatten", "flat"), "layer 1, flat, after 1x8x8: unknown layer 'flat'; there is: dense, conv"),
    (NETWORKS.replace("[1, 8, 8]", "[1, 4, 16]"), "the described generator makes 1x4x16, and the data is 1x8x8"),
])
def test_networks_that_cannot_be_are_one_line(tmp_path, text, message):
    path = tmp_path / "nets.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as refused:
        trainer_of(network=str(path))
    assert "\n" not in str(refused.value)

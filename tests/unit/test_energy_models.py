"""What EBGAN, BEGAN and MAGAN do with their energies: hinge, controller, margin, and that their state is saved."""

import pytest
import torch
from torch import Tensor

from zerosum.cli.catalogue import describe
from zerosum.core import find
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.models.objective.magan import next_margin
from zerosum.runs import construct, plan


def trainer_of(name: str, **settings) -> Trainer:
    chosen = plan(name, "tiny", {"device": "cpu"} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


class Script:
    """A game whose energies are given in advance: pairs of those of real and generated samples, one a step."""

    def __init__(self, energies: list[tuple[float, float]], step: int = 0):
        self.energies, self.step, self.moves = iter(energies), step, []

    def batch(self) -> None:
        return None

    def update(self, player: str, loss, batch) -> dict[str, Tensor]:
        self.moves.append(player)
        if player == "discriminator":
            real, self.fake = next(self.energies)
            return {"discriminator/reconstruction": torch.tensor(real)}
        return {"generator/adversarial": torch.tensor(self.fake)}


def play(model, energies: list[tuple[float, float]], step: int = 0) -> list[dict[str, Tensor]]:
    """What each round of a scripted game logs."""
    game, logs = Script(energies, step), []
    for _ in energies:
        logs.append(model.train_step(game))
        game.step += 1
    return logs


# EBGAN ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("margin", "moved"), [(0.0, False), (1e6, True)])
def test_generated_samples_beyond_the_margin_do_not_move_the_discriminator(margin, moved):
    trainer = trainer_of("ebgan", margin=margin)
    model = trainer.model
    model.discriminator.requires_grad_(True)
    terms = model.discriminator_loss(trainer.batch())
    gradients = torch.autograd.grad(terms["margin"], list(model.discriminator.parameters()), allow_unused=True)
    assert any(g is not None and bool(g.any()) for g in gradients) == moved


def test_scores_are_minus_the_energy():
    trainer = trainer_of("ebgan")
    x = trainer.batch().x
    trainer.model.eval()
    error = trainer.model.discriminator(x).reconstruction - x
    assert torch.allclose(trainer.model.scores(x), -error.square().flatten(1).mean(1))


def test_without_repulsion_ebgan_pt_is_ebgan():
    states = []
    for name, settings in (("ebgan", {}), ("ebgan-pt", {"repulsion": 0.0}), ("ebgan-pt", {})):
        trainer = trainer_of(name, **settings)               # seeds the global generators: one after the other
        terms = trainer.play()
        states.append(trainer.model.state_dict())
    assert 0 < terms["generator/pulling_away"] <= 0.1        # lambda f_PT, f_PT in [0, 1]
    same, other = ([torch.equal(value, state[key]) for key, value in states[0].items()] for state in states[1:])
    assert all(same) and not all(other)


# BEGAN ---------------------------------------------------------------------------------------------------------------


def test_k_rises_while_generated_samples_have_too_little_energy_and_falls_while_they_have_too_much():
    model = trainer_of("began", gamma=0.5, k_gain=0.1).model
    logs = play(model, [(1.0, 0.2), (1.0, 0.2), (1.0, 0.8)])
    assert [float(log["k"]) for log in logs] == pytest.approx([0.03, 0.06, 0.03])       # + 0.1 (0.5 L(x) - L(G))
    assert [float(log["measure"]) for log in logs] == pytest.approx([1.3, 1.3, 1.3])    # L(x) + |0.5 L(x) - L(G)|


def test_k_stays_between_zero_and_one():
    model = trainer_of("began", k_gain=1.0).model
    logs = play(model, [(0.1, 5.0), (10.0, 0.1), (10.0, 0.1), (0.1, 0.2)])
    assert [float(log["k"]) for log in logs] == pytest.approx([0, 1, 1, 0.85])


def test_the_discriminators_loss_is_the_difference_of_energies_with_weight_k():
    trainer = trainer_of("began")
    model, batch = trainer.model, trainer.batch()
    model.k.fill_(0.3)
    torch.manual_seed(1)
    terms = model.discriminator_loss(batch)
    torch.manual_seed(1)
    x_fake = model.generator(model.noise(batch))
    real, fake = ((model.discriminator(x).reconstruction - x).abs().mean() for x in (batch.x, x_fake))
    assert float(sum(terms.values())) == pytest.approx(float(real - 0.3 * fake), rel=1e-5)


def test_the_learning_rate_is_halved_where_the_measure_stalls():
    model = trainer_of("began", patience=2, lr=0.4, d_lr=0.8).model
    players = model.players()

    def rates() -> list[float]:
        found = []
        for player in players.values():
            optimizer = player.optimizer(player.parameters())
            player.schedule(optimizer, 0, 0)
            found.append(optimizer.lr)
        return found

    seen = []
    for step, real in enumerate([4.0, 4.0, 3.0, 3.0, 2.99, 2.99, 2.5, 2.5, 3.0, 3.0]):       # M = L(x), L(G) = 0.5 L(x)
        play(model, [(real, real / 2)], step)
        seen.append(rates())
    assert seen[:5] == [pytest.approx([0.8, 0.4])] * 5                          # the first window, and one that fell
    assert seen[5:9] == [pytest.approx([0.4, 0.2])] * 4                         # by less than 1 %; then by enough
    assert seen[9] == pytest.approx([0.2, 0.1])


# MAGAN ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("real", "fake", "before", "expected"), [
    (0.5, 0.9, 0.8, 0.5),                    # all three hold
    (0.5, 0.9, 0.9, 0.5),                    # "did not fall" includes "stayed"
    (1.0, 1.2, 0.8, 1.0),                    # the energy of real samples is not below the margin
    (0.5, 0.5, 0.4, 1.0),                    # nor below that of generated ones
    (0.5, 0.9, 1.1, 1.0),                    # the generator still gains
])
def test_the_margin_falls_only_where_all_three_conditions_hold(real, fake, before, expected):
    found = next_margin(*(torch.tensor(value) for value in (1.0, real, fake, before)))
    assert float(found) == pytest.approx(expected)


def test_scripted_energies_drive_the_margin():
    """m_0 from the second half of pre-training; then epochs of two steps, whose means decide."""
    model = trainer_of("magan", pretrain=4, epoch=2).model
    energies = [(9.0, 0.0), (8.0, 0.0), (3.0, 0.0), (1.0, 0.0)]                 # D alone
    energies += [(1.0, 3.0), (0.8, 3.0)]     # no epoch before: stays at 2
    energies += [(1.2, 3.0), (0.8, 3.2)]     # falls to 1
    energies += [(0.7, 1.0), (0.7, 1.0)]     # the generator gained: stays
    energies += [(0.5, 1.0), (0.7, 1.1)]     # falls to 0.6
    energies += [(0.9, 1.2), (0.9, 1.2)]     # never rises
    game = Script(energies)
    margins = []
    for _ in energies:
        margins.append(float(model.train_step(game)["margin"]))
        game.step += 1
    assert margins == pytest.approx([0, 0, 1.5, 2, 2, 2, 2, 1, 1, 1, 1, 0.6, 0.6, 0.6], rel=1e-6)
    assert game.moves == ["discriminator"] * 4 + ["discriminator", "generator"] * 10


def test_what_is_shown_of_its_moves_has_both_phases():
    rounds = describe(find("magan"), {})["rounds"]
    assert rounds["step 0"] == "1 x discriminator"
    assert rounds["step 1,000,000"] == "1 x discriminator, 1 x generator"


def test_without_adaptation_the_margin_stays():
    model = trainer_of("magan", pretrain=1, epoch=1, adaptive=False).model
    assert [float(log["margin"]) for log in play(model, [(2.0, 0.0), (1.0, 3.0), (1.0, 3.0)])] == [2, 2, 2]


def test_it_resumes_in_the_middle_of_pre_training_and_of_an_epoch():
    def straight(steps: int) -> Trainer:
        trainer = trainer_of("magan", pretrain=4, epoch=3)
        for _ in range(steps):
            trainer.play()
        return trainer

    end, _ = straight(12).state()
    for stop in (3, 6, 11):
        again = trainer_of("magan", pretrain=4, epoch=3)
        again.load_state(*straight(stop).state())
        for _ in range(12 - stop):
            again.play()
        found, _ = again.state()
        assert all(torch.equal(value, found[key]) for key, value in end.items())

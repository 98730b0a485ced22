"""GoGAN: the ranking losses, the stages, and the generator that stands still; completion of images."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from zerosum.core import UsageError
from zerosum.data import load_data
from zerosum.engine import Trainer, read_tensors, write_tensors
from zerosum.latent import complete
from zerosum.layers import frozen
from zerosum.losses import ranking
from zerosum.runs import construct, plan


def trainer_of(preset: str = "ring", weights_seed: int = 0, **settings) -> Trainer:
    small = {"width": 16, "z_dim": 4, "batch_size": 8, "stages": 3, "stage_steps": 2, "n_critic": 2}
    chosen = plan("gogan", preset, {"device": "cpu", "threads": 1} | small | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, weights_seed), data, chosen.train)


def state(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def test_ranking_costs_nothing_where_order_and_margin_hold():
    high, low = torch.tensor([3.0, 2.0, 1.5]), torch.tensor([1.0, 1.0, 0.0])
    assert ranking(high, low, 1.0) == 0
    assert ranking(high, low, 1.5).item() == pytest.approx(0.5 / 3)          # the second pair lacks half
    assert ranking(low, high, 1.0).item() == pytest.approx((3 + 2 + 2.5) / 3)
    scores = torch.tensor([3.0, 0.2], requires_grad=True)
    ranking(scores, torch.zeros(2), 1.0).backward()
    assert scores.grad.tolist() == [0.0, -0.5]               # far enough apart: no pull


def test_the_critics_loss_by_hand():
    trainer = trainer_of(margin=0.8, rank_weight=0.25)
    model, batch = trainer.model, trainer.batch()
    torch.manual_seed(5)
    z = model.noise(batch)
    real, new = model.critic(batch.x), model.critic(model.generator(z))
    for parameter in model.generator.parameters():
        parameter.data += 0.1
    model.previous.load_state_dict(model.generator.state_dict())
    for parameter in model.generator.parameters():
        parameter.data -= 0.1
    old = model.critic(model.previous(z))
    for stage, margin in enumerate((0.8, 0.4, 0.2)):
        torch.manual_seed(5)
        terms = model.critic_loss(batch, stage)
        expected = {"margin": (margin - real + new).relu().mean()}
        if stage:
            expected["ranking"] = 0.25 * (2 * margin - real + old).relu().mean()
        assert terms.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(terms[name], value, rtol=1e-4, atol=1e-6)


def test_a_stage_begins_where_the_last_one_ended():
    trainer = trainer_of()
    model, generators, stills = trainer.model, [], []
    for _ in range(7):
        generators.append(state(model.generator))
        trainer.play()
        stills.append(state(model.previous))
    assert [model.stage_of(step) for step in range(7)] == [0, 0, 1, 1, 2, 2, 2]
    # The frozen generator is that of the start, then that after two steps, then that after four, to the end.
    for step, still in enumerate(stills):
        assert same(still, generators[(0, 0, 2, 2, 4, 4, 4)[step]])
    assert not same(generators[2], generators[3])


def test_ranking_begins_with_the_second_stage():
    trainer = trainer_of()
    terms = [set(trainer.play()) for _ in range(4)]
    first = {"critic/margin", "generator/adversarial"}
    assert terms == [first, first, first | {"critic/ranking"}, first | {"critic/ranking"}]
    assert all(p.abs().max() <= trainer.model.cfg.clip for p in trainer.model.critic.parameters())


@pytest.mark.parametrize("cut", [2, 3])
def test_stage_and_frozen_generator_survive_a_resume(cut, tmp_path):
    """Stopped at a change of stages, or after it."""
    straight = trainer_of()
    straight.fit(6)
    first = trainer_of()
    first.fit(cut)
    write_tensors(tmp_path / "state.safetensors", *first.state())
    second = trainer_of(weights_seed=9)
    second.load_state(*read_tensors(tmp_path / "state.safetensors"))
    assert same(state(second.model.previous), state(first.model.previous))
    second.fit(6)
    assert same(state(straight.model), state(second.model))


def test_the_critic_has_its_own_learning_rate_or_the_generators():
    def rates(**settings) -> list[float]:
        players = trainer_of(lr=2e-3, **settings).model.players()
        return [player.optimizer(player.parameters()).lr for player in players.values()]

    assert list(trainer_of().model.players()) == ["critic", "generator"]
    assert rates() == [2e-3, 2e-3] and rates(critic_lr=1e-3) == [1e-3, 2e-3]


def test_what_ranks_is_an_average_of_the_critic_that_is_trained():
    trainer = trainer_of(ema=1_000.0)
    trainer.fit(3)
    moved = state(trainer.model.critic)
    with trainer.averaged() as model:
        averaged = state(model.critic)
    assert not same(averaged, moved)
    assert same(state(trainer.model.critic), moved)


def test_a_frozen_network_has_no_parameters_and_the_same_names():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    still = frozen(network)
    assert list(still.parameters()) == [] and same(state(still), state(network))
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(still.eval()(x), network.eval()(x))
    network[0].weight.data.zero_()
    assert still[0].weight.abs().max() > 0


def test_the_frozen_generators_statistics_stand_still():
    trainer = trainer_of("tiny", width=8)
    model, before = trainer.model, state(trainer.model.previous)
    assert any("running_mean" in name for name in before)
    model.generate_previous(model.noise(8))
    assert same(before, state(model.previous)) and model.previous.training


def test_completion_finds_the_z_of_what_is_known():
    """A linear generator whose known half determines z: the missing half comes out as it was."""
    model = trainer_of("tiny", width=8, z_dim=4).model
    torch.manual_seed(1)
    model.generator = nn.Sequential(nn.Linear(4, 64, bias=False), nn.Unflatten(1, (1, 8, 8)))
    x = model.generator(torch.randn(3, 4)).detach() * 0.5
    known = torch.ones(8, 8, dtype=torch.bool)
    known[2:6, 2:6] = False
    completed = complete(model, torch.where(known, x, -torch.ones(())), known, steps=400)
    assert torch.equal(completed[..., known], x[..., known])
    assert (completed - x).abs().max() < 0.05 < (x[..., ~known] + 1).abs().min()
    with pytest.raises(UsageError, match="completes samples of shape"):
        complete(model, x[:, :, :4], known)


class TwoValleys(nn.Module):
    """z -> a known half z^4 - 2 z^2 + z / 2, which is least at two places, and a hidden half z, which tells them."""

    def forward(self, z: Tensor) -> Tensor:
        known = z ** 4 - 2 * z ** 2 + z / 2
        return torch.stack([known, z], 2)[:, :, None]                            # (N, 1, 1, 2)


def test_completion_from_many_starts_leaves_local_minima():
    model = trainer_of("tiny", width=8, z_dim=1).model
    model.data = replace(model.data, shape=(1, 1, 2))
    model.generator = TwoValleys()
    x = model.generator(torch.linspace(-1.2, -1.0, 20)[:, None])                 # in the deeper valley
    known = torch.tensor([True, False])
    worst = {starts: (complete(model, x, known, starts=starts, seed=3) - x).abs().max() for starts in (1, 16)}
    assert worst[1] > 1.5                                                        # some end in the other one, at z = 0.9
    assert worst[16] < 0.3                                                       # all found theirs

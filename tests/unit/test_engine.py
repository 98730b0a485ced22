"""The engine against closed forms, on games small enough to be solved by hand."""

import shutil

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import POINTS, PenaltyGame, Toy, close, start, train

from zerosum.core import Batch, DataSpec, Model, NonFiniteError, Player, UsageError, ZerosumError, adam, sgd
from zerosum.engine import TrainConfig, pick_device
from zerosum.penalties import gradient_penalty

# Update -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("micro_batch", [0, 8, 5, 1, 100])
@pytest.mark.parametrize("gain", [1.0, 16.0])
def test_update_descends_gain_times_the_loss(gain, micro_batch):
    model = Toy()
    trainer = train(model, micro_batch=micro_batch)
    batch = trainer.batch()
    terms = trainer.update("left", model.inner, batch, gain=gain)
    mean = batch.x.mean(0)
    assert close(model.left.w, start() - gain * mean, 1e-5)
    assert close(terms["left/inner"], start() @ mean)        # the term itself is not multiplied
    assert torch.equal(model.right.w, torch.tensor([4.0, 5.0, 6.0]))


def test_all_terms_of_a_loss_are_descended():
    model = Toy()
    trainer = train(model, micro_batch=5)
    terms = trainer.update("left", lambda batch: {"a": model.left.w.sum(), "b": 2 * model.left.w[0]}, trainer.batch())
    assert close(model.left.w, start() - torch.tensor([3.0, 1.0, 1.0]))
    assert {key: round(value.item(), 5) for key, value in terms.items()} == {"left/a": 6.0, "left/b": 2.0}


def test_terms_are_weighted_by_the_size_of_the_micro_batch():
    model = Toy()
    trainer = train(model, micro_batch=5)
    terms = trainer.update("left", lambda batch: {"size": batch.size + 0 * model.left.w.sum()}, trainer.batch())
    assert terms["left/size"].item() == pytest.approx((5 * 5 * 3 + 1) / 16, abs=1e-6)


def test_a_player_that_is_not_there():
    trainer = train(Toy())
    with pytest.raises(UsageError, match=r"unknown player 'lefft' \(did you mean left\?\)"):
        trainer.update("lefft", lambda batch: {}, trainer.batch())
    with pytest.raises(UsageError, match="unknown player 'x'"):
        trainer.reset_optimizer("x")
    with pytest.raises(UsageError, match="rihgt"):
        trainer.update_jointly(["left", "rihgt"], lambda batch: {}, trainer.batch())


def test_players_are_frozen_even_after_an_error():
    model = Toy()
    trainer = train(model)
    with pytest.raises(ZeroDivisionError):
        trainer.update("left", lambda batch: 1 / 0, trainer.batch())
    assert not any(p.requires_grad for p in model.parameters())


def test_a_frozen_player_gets_no_graph():
    model = Toy()
    trainer = train(model)

    def loss(batch):
        assert not (batch.x @ model.right.w).requires_grad
        return {"x": (batch.x @ (model.left.w * model.right.w)).mean()}
    trainer.update("left", loss, trainer.batch())
    assert model.right.w.grad is None


def test_schedule_is_asked_before_each_update():
    asked = []

    def schedule(optimizer, step, images):
        asked.append((step, images))
        optimizer.lr = 0.1 * (1 + step)

    def play(trainer):
        batch = trainer.batch()
        return trainer.update("left", model.inner, batch) | trainer.update("right", right, batch)

    def right(batch):
        return {"sum": model.right.w.sum()}

    model = Toy(play, schedule=schedule)
    train(model).fit(steps=3)
    assert asked == [(0, 16), (0, 16), (1, 32), (1, 32), (2, 48), (2, 48)]
    assert close(model.right.w, torch.tensor([4.0, 5.0, 6.0]) - 0.1 - 0.2 - 0.3)


@pytest.mark.parametrize("clip", [0.5, 100.0])
def test_clip_is_on_the_norm_of_the_players_gradient(clip):
    model = Toy(clip=clip)
    trainer = train(model)
    gradient = torch.tensor([3.0, 0.0, 4.0])                 # of norm 5
    trainer.update("left", lambda batch: {"x": model.left.w @ gradient}, trainer.batch())
    assert close(model.left.w, start() - gradient * min(1.0, clip / 5))


def test_the_norm_of_a_gradient_is_kept_where_it_is_logged():
    """Before clipping, and of the mean over micro-batches; a step that is not logged costs nothing."""
    def play(trainer):
        return trainer.update("left", lambda batch: {"x": model.left.w @ gradient}, trainer.batch())

    gradient = torch.tensor([3.0, 0.0, 4.0])                 # of norm 5
    model = Toy(play, clip=0.5)
    trainer, seen = train(model, micro_batch=5, log_every=3), []
    trainer.fit(steps=3, watch=lambda terms: seen.append(dict(trainer.gradients)) or False)
    assert seen[:2] == [{}, {}] and list(seen[2]) == ["left"] and close(seen[2]["left"], torch.tensor(5.0))


def test_a_parameter_without_a_gradient_is_left_alone():
    """Zeros in place of the absent gradient would go on moving it by Adam's momentum."""
    model = Toy(optimizer=adam(0.1))
    model.left.unused = nn.Parameter(torch.ones(2))
    trainer = train(model)
    trainer.update("left", lambda batch: model.inner(batch) | {"unused": model.left.unused.sum()}, trainer.batch())
    moved = model.left.unused.clone()
    assert not torch.equal(moved, torch.ones(2))
    before = {k: v.clone() for k, v in trainer.state()[0].items() if k.startswith("optimizer.left.1")}
    trainer.update("left", model.inner, trainer.batch())
    assert torch.equal(model.left.unused, moved)
    after = trainer.state()[0]
    assert len(before) == 3 and all(torch.equal(value, after[key]) for key, value in before.items())


def test_a_shared_weight_moves_once():
    model = Toy()
    model.left.again = model.left.w
    model.options = {"optimizer": sgd(1.0)}
    trainer = train(model)
    trainer.update("left", lambda batch: {"sum": model.left.w.sum()}, trainer.batch())
    assert close(model.left.w, start() - 1)


# Several players at once ----------------------------------------------------------------------------------------------


class Joint(Model):
    """An encoder and a decoder with one forward pass, each with its own objective (VAE-GAN's kind of game)."""

    def __init__(self):
        super().__init__(None, DataSpec((3,)))
        torch.manual_seed(0)
        self.encoder, self.decoder = nn.Linear(3, 4), nn.Linear(4, 3)

    def players(self):
        return {"encoder": Player(self.encoder, adam(0.1)), "decoder": Player(self.decoder, adam(0.1))}

    def losses(self, batch: Batch) -> dict[str, dict[str, Tensor]]:
        h = torch.tanh(self.encoder(batch.x))
        error = (self.decoder(h) - batch.x).square().mean()
        return {"encoder": {"error": error, "small": h.square().mean()},
                "decoder": {"error": error, "minus": -(self.decoder(h.detach()) ** 2).mean() * 0.1}}


@pytest.mark.parametrize("micro_batch", [0, 5])
def test_update_jointly_gives_each_player_its_own_gradient(micro_batch):
    model = Joint()
    trainer = train(model, micro_batch=micro_batch)
    batch = trainer.batch()
    twin = Joint()
    by_player = twin.losses(batch)
    expected = {}
    for player in ("encoder", "decoder"):
        grads = torch.autograd.grad(sum(by_player[player].values()), list(getattr(twin, player).parameters()),
                                    retain_graph=True)
        expected |= dict(zip([f"{player}.{key}" for key, _ in getattr(twin, player).named_parameters()], grads))
    terms = trainer.update_jointly(["encoder", "decoder"], model.losses, batch)
    for key, parameter in model.named_parameters():
        assert close(parameter.grad, expected[key], 1e-7), key
        assert not torch.equal(parameter, dict(twin.named_parameters())[key]), key
    assert set(terms) == {"encoder/error", "encoder/small", "decoder/error", "decoder/minus"}
    assert close(terms["encoder/error"], by_player["encoder"]["error"])
    assert not any(p.requires_grad for p in model.parameters())


# Accumulation ---------------------------------------------------------------------------------------------------------


def test_sixteen_are_two_eights_are_fives_and_one():
    states = []
    for micro_batch in (0, 8, 5, 1):
        trainer = train(PenaltyGame(), micro_batch=micro_batch)
        for _ in range(5):
            trainer.play()
        states.append(trainer.model.state_dict())
    scale = max(float(value.abs().max()) for value in states[0].values())
    for other in states[1:]:
        assert all(close(value, other[key], 3e-7 * max(1.0, scale)) for key, value in states[0].items())
    assert not close(states[0]["generator.weight"], PenaltyGame().generator.weight, 1e-3)


def test_what_a_loss_keeps_travels_to_the_next_update():
    model = Toy()
    trainer = train(model, micro_batch=5)
    batch, seen = trainer.batch(), []

    def leave(part):
        part.keep(doubled=2 * part.x * model.left.w[0])
        return {"x": model.left.w.sum()}

    def find(part):
        assert not part.doubled.requires_grad
        seen.append((part.x, part.doubled))
        return {"x": model.right.w.sum()}

    trainer.update("left", leave, batch)
    trainer.config = TrainConfig(batch_size=16, micro_batch=7, device="cpu")         # cut anew, elsewhere
    trainer.update("right", find, batch)
    assert [len(x) for x, _ in seen] == [7, 7, 2]
    assert all(torch.equal(doubled, 2 * x) for x, doubled in seen)
    with pytest.raises(AttributeError, match="no 'tripled'; it has x, doubled"):
        _ = batch.tripled


def test_a_batch_is_cut_with_all_its_fields():
    batch = Batch(torch.arange(7.0).view(7, 1), labels=torch.arange(7))
    parts = batch.split(3)
    assert [part.size for part in parts] == [3, 3, 1]
    assert torch.equal(torch.cat([part.labels for part in parts]), batch.labels)
    assert torch.equal(torch.cat([part.x for part in parts]), batch.x)
    assert batch.attributes is None and batch.split(0) == [batch] and batch.split(7) == [batch]


# Averages -------------------------------------------------------------------------------------------------------------


def jump(trainer) -> dict[str, Tensor]:
    """Left goes from (1, 2, 3) to zero in the first step, and stays."""
    return trainer.update("left", lambda batch: {"x": 0.5 * trainer.model.left.w.square().sum()}, trainer.batch())


@pytest.mark.parametrize("steps_per_half_life", [1, 4])
def test_after_one_half_life_the_average_is_half_way(steps_per_half_life):
    trainer = train(Toy(jump, ema=16.0 * steps_per_half_life))
    trainer.images = 10_000                   # long past the ramp-up
    trainer.fit(steps=steps_per_half_life)
    assert close(trainer.model.left.w, 0)
    with trainer.averaged() as model:
        assert close(model.left.w, start() / 2)
    trainer.fit(steps=3 * steps_per_half_life)
    assert close(trainer.state()[0]["ema.left.left.w"], start() / 8)


def test_early_half_lives_are_a_twentieth_of_the_images_so_far():
    trainer = train(Toy(jump, ema=1000.0), batch_size=1)
    trainer.images = 19
    trainer.fit(steps=1)                      # the twentieth image: h = 1, weight 1/2
    assert close(trainer.state()[0]["ema.left.left.w"], start() / 2)
    trainer.images = 39
    trainer.fit(steps=2)                      # the fortieth: h = 2
    assert close(trainer.state()[0]["ema.left.left.w"], start() / 2 * 0.5 ** 0.5)


def test_looking_at_the_average_changes_nothing():
    model = Toy(jump, ema=100.0, optimizer=sgd(0.3))
    model.left.norm = nn.BatchNorm1d(3)
    trainer = train(model)
    trainer.fit(steps=2)
    before, _ = trainer.state()
    before = {key: value.clone() for key, value in before.items()}
    with pytest.raises(ZeroDivisionError), trainer.averaged() as seen:
        assert seen is model and not model.training
        assert not torch.equal(model.left.w, before["model.left.w"])
        assert torch.equal(model.left.w, before["ema.left.left.w"])
        torch.rand(5)
        np.random.rand(5)
        _ = 1 / 0
    after, _ = trainer.state()
    assert all(torch.equal(value, after[key]) for key, value in before.items()) and model.training
    assert "ema.left.left.norm.running_mean" in after and "ema.left.left.norm.num_batches_tracked" in after


def test_players_without_a_half_life_are_shown_as_they_are():
    trainer = train(Toy(jump))
    trainer.fit(steps=1)
    with trainer.averaged() as model:
        assert close(model.left.w, 0)
    assert not any(key.startswith("ema") for key in trainer.state()[0])


# Optimizers that start anew -------------------------------------------------------------------------------------------


def test_reset_optimizer_forgets_and_takes_what_grew():
    model = Toy(optimizer=sgd(1.0, momentum=0.9))
    trainer = train(model)
    for _ in range(3):
        trainer.update("left", lambda batch: {"x": model.left.w.sum()}, trainer.batch())
    assert close(model.left.w, start() - 1 - 1.9 - 2.71)
    model.left.grown = nn.Parameter(torch.zeros(2))
    trainer.reset_optimizer("left")
    assert not trainer._seats["left"].optimizer.state_tensors()
    before = model.left.w.clone()
    trainer.update("left", lambda batch: {"x": model.left.w.sum() + model.left.grown.sum()}, trainer.batch())
    assert close(model.left.w, before - 1) and close(model.left.grown, -1)
    assert not model.left.grown.requires_grad


def test_reset_average_begins_anew_and_ramps_up_again():
    def jump(game):
        game.model.left.w.data += 1
        return {}

    trainer = train(Toy(lambda game: (game.batch(), jump(game))[1], ema=1000.0), batch_size=1)
    for _ in range(5):
        trainer.play()
    trainer.reset_average("left")
    average = "ema.left.left.w"
    assert torch.equal(trainer.state()[0][average], trainer.model.left.w)
    tensors, numbers = trainer.state()
    assert numbers["averages_since"] == {"left": 5, "right": 0}
    tensors = {name: value.clone() for name, value in tensors.items()}
    before = trainer.model.left.w.clone()
    trainer.play()
    assert close(trainer.state()[0][average], before + 1 - 0.5 ** (1 / 0.05))
    again = train(Toy(lambda game: (game.batch(), jump(game))[1], ema=1000.0), batch_size=1)
    again.load_state(tensors, numbers)
    again.play()
    assert torch.equal(again.state()[0][average], trainer.state()[0][average])
    again.load_state(tensors, {name: value for name, value in numbers.items() if name != "averages_since"})
    again.play()                             # a checkpoint of before there was such a thing
    assert close(again.state()[0][average], before + 1 - 0.5 ** (1 / 0.3))


def test_the_state_of_an_optimizer_can_be_looked_at():
    model = Toy(optimizer=sgd(1.0, momentum=0.9))
    trainer = train(model)
    assert trainer.optimizer_state("left") == {}
    trainer.update("left", lambda batch: {"x": 2 * model.left.w.sum()}, trainer.batch())
    assert torch.equal(trainer.optimizer_state("left")["0.momentum_buffer"], torch.full((3,), 2.0))
    assert trainer.optimizer_state("right") == {}


# Numbers that are none ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("micro_batch", [0, 5])
def test_a_term_that_is_not_finite_stops_the_run_by_name(bad, micro_batch):
    def play(trainer):
        factor = bad if trainer.step == 2 else 1.0
        batch = trainer.batch()
        logs = trainer.update("right", lambda batch: {"fine": model.right.w.sum()}, batch)
        return logs | trainer.update("left", lambda batch: {"good": model.left.w.sum(),
                                                            "bad": factor * model.left.w.sum()}, batch)

    model = Toy(play, optimizer=adam(0.1))
    trainer = train(model, micro_batch=micro_batch)
    trainer.fit(steps=2)
    before = trainer.state()[0]["model.left.w"].clone()
    with pytest.raises(NonFiniteError, match=r"'bad' of player 'left' became (nan|inf) at step 2"):
        trainer.fit(steps=3)
    assert torch.equal(model.left.w, before) and trainer.step == 2
    trainer.state()                           # which is still fit to be saved


def test_a_gradient_that_is_not_finite_is_never_saved():
    """sqrt has an infinite slope at 0: the loss is fine, the weights are not."""
    model = Toy(lambda trainer: trainer.update(
        "left", lambda batch: {"root": (model.left.w * 0).sum().sqrt()}, trainer.batch()))
    trainer = train(model)
    trainer.play()
    with pytest.raises(ZerosumError, match=r"'model.left.w' is not finite at step 1: not saved"):
        trainer.state()
    with pytest.raises(NonFiniteError, match="'root' of player 'left' became nan at step 1"):
        trainer.play()


# Precision and devices ------------------------------------------------------------------------------------------------


def test_bf16_is_for_networks_and_not_for_penalties():
    model = PenaltyGame()
    trainer, seen = train(model, precision="bf16"), {}

    def loss(batch):
        scores, fake = model.critic(batch.x), model.generator(batch.x)
        seen["scores"] = scores.dtype
        penalty = gradient_penalty(lambda x: seen.setdefault("inside", model.critic(x)), batch.x, fake)
        seen["penalty"] = penalty.dtype
        return {"x": scores.mean(), "penalty": penalty}

    terms = trainer.update("critic", loss, trainer.batch(), second_order=True)
    assert seen["scores"] == torch.bfloat16
    assert seen["inside"].dtype == torch.float32 and seen["penalty"] == torch.float32
    assert all(value.dtype == torch.float32 for value in terms.values())
    assert all(p.dtype == torch.float32 and p.grad.dtype == torch.float32 for p in model.critic.parameters()
               if p.grad is not None)


def test_bf16_follows_float32():
    losses = {}
    for name in ("fp32", "bf16"):
        trainer = train(PenaltyGame(), precision=name)
        trainer.fit(steps=5)
        losses[name] = {key: value.item() for key, value in trainer.play().items()}
    assert losses["fp32"] != losses["bf16"]
    assert losses["fp32"] == pytest.approx(losses["bf16"], rel=0.05, abs=0.05)


@pytest.mark.parametrize(("device", "says"), [
    ("tpu", "unknown device 'tpu'"), ("meta", "unknown device 'meta'"), ("cuda:x", "unknown device 'cuda:x'"),
    ("", "unknown device ''"),
])
def test_devices_that_do_not_exist(device, says):
    with pytest.raises(UsageError, match=says) as error:
        pick_device(device)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("device", "there"), [("cuda", torch.cuda.is_available()),
                                               ("cuda:7", torch.cuda.is_available()),
                                               ("mps", torch.backends.mps.is_available())])
def test_devices_that_are_not_here(device, there):
    if there:
        pytest.skip(f"there is {device} here")
    with pytest.raises(UsageError, match=r"no (CUDA|MPS) device here: use --device cpu"):
        train(Toy(), device=device)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None and shutil.which("clang") is None, reason="no compiler here")
def test_compiled_networks_follow_eager_ones():
    """The critic's second-order update runs eagerly, the generator's compiled; both give what eager code gives."""
    plain, compiled = train(PenaltyGame()), train(PenaltyGame(), compile=True)
    expected, found = plain.play(), compiled.play()
    assert all(close(value, found[key], 1e-5) for key, value in expected.items())
    assert compiled.model.generator._compiled_call_impl is not None
    assert plain.state()[0].keys() == compiled.state()[0].keys()


# Playing --------------------------------------------------------------------------------------------------------------


def test_budgets():
    for config, argument, expected in (({"steps": 3}, None, 3), ({"images": 40}, None, 3), ({"steps": 9}, 2, 2),
                                       ({"steps": 9, "images": 16}, None, 1)):
        trainer = train(Toy(jump), **config)
        trainer.fit(argument)
        assert (trainer.step, trainer.images) == (expected, 16 * expected)
        trainer.fit(argument)                 # done is done
        assert trainer.step == expected
    with pytest.raises(UsageError, match="nothing says when to stop"):
        train(Toy(jump)).fit()


def test_who_watches_may_stop():
    trainer, seen = train(Toy(jump), steps=9), []
    trainer.fit(watch=lambda terms: seen.append(trainer.step) or trainer.step == 4)
    assert seen == [1, 2, 3, 4] and trainer.step == 4


def test_batches_follow_the_seeds_order_and_count_images():
    trainer = train(Toy(), seed=5)
    first, second, third = trainer.batch(), trainer.batch(), trainer.batch(20)
    assert trainer.images == 52
    seen = torch.cat([first.x, second.x, third.x[:16]])
    assert torch.equal(seen.sort(0).values, torch.from_numpy(POINTS).sort(0).values)         # an epoch: each once
    assert torch.equal(train(Toy(), seed=5).batch().x, first.x)
    assert not torch.equal(train(Toy(), seed=6).batch().x, first.x)
    assert len(trainer.batch(3).x) == 3


def test_images_are_channels_last_and_points_are_not():
    class Net(Toy):
        def __init__(self):
            super().__init__()
            self.left = nn.Conv2d(3, 4, 3)
    images = np.zeros((8, 3, 5, 5), np.uint8)
    trainer = train(Net(), points=images, batch_size=4)
    assert trainer.batch().x.is_contiguous(memory_format=torch.channels_last)
    assert trainer.model.left.weight.is_contiguous(memory_format=torch.channels_last)
    assert close(trainer.batch().x, -1)


# State ----------------------------------------------------------------------------------------------------------------


def test_a_state_of_another_model_is_refused():
    tensors, numbers = train(PenaltyGame()).state()
    for model in (Toy(), Joint()):
        with pytest.raises(ZerosumError, match="belongs to another model") as error:
            train(model).load_state(tensors, numbers)
        assert "\n" not in str(error.value)
    with pytest.raises(UsageError, match="trained by 2 processes, and here are 1"):
        train(PenaltyGame()).load_state(tensors, numbers | {"processes": 2})
    with pytest.raises(ZerosumError, match="no checkpoint of zerosum"):
        train(PenaltyGame()).load_state(tensors, {})


def test_a_state_without_its_averages_is_refused():
    tensors, numbers = train(Toy(jump)).state()
    with pytest.raises(ZerosumError, match="belongs to another model"):
        train(Toy(jump, ema=5.0)).load_state(tensors, numbers)


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"log_every": 0}, {"steps": -1}, {"minutes": -0.5},
                                   {"micro_batch": -2}, {"checkpoint_every": -1.0}, {"seed": -1}, {"seed": 2**64}])
def test_impossible_settings(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=name):
        TrainConfig(**wrong)


def test_seeds_up_to_the_largest():
    trainer = train(Toy(jump), seed=2**63 - 1)
    trainer.play()
    assert trainer.batch().size == 16

"""Who moves and who does not: the first invariant of the engine, for every system."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from zerosum.core import DataSpec, UsageError
from zerosum.data import ArrayDataset
from zerosum.engine import Trainer
from zerosum.runs import construct, plan


def leaves(terms: dict[str, Tensor]) -> set[int]:
    """Ids of the tensors that a backward pass from these terms would reach."""
    found, seen = set(), set()
    waiting = [term.grad_fn for term in terms.values() if term.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        waiting += [parent for parent, _ in node.next_functions if parent is not None]
    return found


class Witness:
    """Stands in front of a trainer's `update` and looks at every parameter before and after."""

    def __init__(self, trainer):
        self.trainer, self.moved = trainer, set()
        self.all = {id(p) for p in trainer.model.parameters()}
        self._update, self._jointly = trainer.update, trainer.update_jointly
        trainer.update, trainer.update_jointly = self.update, self.update_jointly

    def update(self, player, loss, batch, gain=1.0, second_order=False):
        def watched(part):
            terms = loss(part)
            assert leaves(terms) & self.all <= self.of([player]), f"the loss of {player} builds a graph through others"
            return terms
        return self.check([player], lambda: self._update(player, watched, batch, gain, second_order))

    def update_jointly(self, players, losses, batch):
        def watched(part):
            by_player = losses(part)
            for player in players:
                assert leaves(by_player[player]) & self.all <= self.of(players)
            return by_player
        return self.check(players, lambda: self._jointly(players, watched, batch))

    def of(self, players) -> set[int]:
        return {id(p) for player in players for p in self.trainer.model.players()[player].parameters()}

    def check(self, players, act):
        named = dict(self.trainer.model.named_parameters())
        assert not any(p.requires_grad for p in named.values())
        for parameter in named.values():
            parameter.grad = None
        before, mine = {key: p.detach().clone() for key, p in named.items()}, self.of(players)
        terms = act()
        changed = {key for key, p in named.items() if not torch.equal(p, before[key])}
        assert changed, f"{players} did not move"
        for key, parameter in named.items():
            assert not parameter.requires_grad, key
            if id(parameter) not in mine:
                assert key not in changed, f"{key} moved with {players}"
                assert parameter.grad is None, f"{key} got a gradient from {players}"
        self.moved |= set(players)
        assert terms and all(key.rpartition("/")[0] in players for key in terms)
        return terms


@pytest.mark.parametrize("settings", [{}, {"micro_batch": 3}], ids=["whole", "micro-batches"])
def test_only_the_named_player_moves(tiny, settings):
    trainer = tiny(**settings)
    witness = Witness(trainer)
    for _ in range(2):
        terms = trainer.play()
        assert terms
    assert witness.moved == set(trainer.model.players())


def test_every_parameter_has_a_player(tiny):
    model = tiny().model
    owned = {id(p) for player in model.players().values() for p in player.parameters()}
    assert {key for key, p in model.named_parameters() if id(p) not in owned} == set()


def test_everything_stays_finite(tiny):
    trainer = tiny()
    for _ in range(3):
        for key, value in trainer.play().items():
            assert value.dtype == torch.float32 and value.shape == (), key
            assert value.isfinite(), key
    for key, tensor in trainer.model.state_dict().items():
        assert tensor.isfinite().all(), key


@pytest.fixture
def alike(monkeypatch):
    """Gives every sample of a batch the same noise and keeps batch norm and dropout out: samples are independent."""
    def same(draw):
        def draws(*size, **options):
            rows, *rest = size[0] if len(size) == 1 and not isinstance(size[0], int) else size
            options.pop("generator", None)
            generator = torch.Generator().manual_seed(7)
            return draw(rest, generator=generator, **options).expand(rows, *rest).clone()
        return draws

    def same_like(draw):
        return lambda x, **options: draw(x.shape, dtype=x.dtype, device=x.device)

    rand, randn, randint = torch.rand, torch.randn, torch.randint
    monkeypatch.setattr(torch, "rand", same(rand))
    monkeypatch.setattr(torch, "randn", same(randn))
    monkeypatch.setattr(torch, "rand_like", same_like(torch.rand))
    monkeypatch.setattr(torch, "randn_like", same_like(torch.randn))
    monkeypatch.setattr(torch, "randint", lambda *bounds_and_size, **options: same(
        lambda size, **kw: randint(*bounds_and_size[:-1], size, **kw))(bounds_and_size[-1], **options))
    norm = nn.functional.batch_norm
    monkeypatch.setattr(nn.functional, "batch_norm", lambda x, mean, var, weight=None, bias=None, training=False,
                        momentum=0.1, eps=1e-5: norm(x, mean, var, weight, bias, False, momentum, eps))
    monkeypatch.setattr(nn.functional, "dropout", lambda x, *_args, **_options: x)


def gradients_of_one_round(trainer) -> list[tuple[str, dict[str, Tensor]]]:
    """What each update of one round wants, with nobody moving."""
    seen, update = [], trainer.update
    named = dict(trainer.model.named_parameters())
    for seat in trainer._seats.values():
        seat.optimizer.step = lambda: None

    def noting(player, *args, **options):
        for parameter in named.values():
            parameter.grad = None
        terms = update(player, *args, **options)
        seen.append((player, {key: p.grad.clone() for key, p in named.items() if p.grad is not None} | terms))
        return terms

    trainer.update = noting
    trainer.play()
    return seen


def test_micro_batches_have_the_same_gradient(tiny, cls, alike):
    if cls.card.couples_batch:
        pytest.skip("its card says that its loss ties the samples of a batch")
    whole, parts = (gradients_of_one_round(tiny(batch_size=8, micro_batch=size)) for size in (0, 3))
    assert [player for player, _ in whole] == [player for player, _ in parts]
    for (_, expected), (_, found) in zip(whole, parts, strict=True):
        assert expected.keys() == found.keys()
        scale = max(float(g.abs().max()) for g in expected.values())
        assert scale > 0
        for key, gradient in expected.items():
            assert (gradient - found[key]).abs().max() <= 3e-6 * scale, key


def test_odd_batches(tiny):
    terms = tiny(batch_size=5, micro_batch=3).play()
    assert all(value.isfinite() for value in terms.values())


def test_one_sample(tiny):
    """Batch norm of single numbers has no meaning; whoever cannot do without says so in one line."""
    trainer = tiny(batch_size=1)
    try:
        assert all(value.isfinite() for value in trainer.play().values())
    except UsageError as error:
        assert "batch norm, which needs at least 2 samples" in str(error)
        assert any(isinstance(module, nn.BatchNorm1d) for module in trainer.model.modules())


def test_bf16(tiny):
    """Networks may compute in bfloat16; weights, terms and scores stay float32."""
    trainer = tiny(precision="bf16")
    for _ in range(2):
        assert all(value.isfinite() and value.dtype == torch.float32 for value in trainer.play().values())
    assert all(p.dtype == torch.float32 for p in trainer.model.parameters())
    x = trainer.model.sample(2, seed=0)
    assert x.dtype == torch.float32 and x.isfinite().all()


def samples_of(shape: tuple[int, ...]) -> ArrayDataset:
    random = np.random.RandomState(0)
    x = random.uniform(-1, 1, (12, *shape)).astype(np.float32)
    return ArrayDataset(x, DataSpec(shape, 3, ("a", "b", "c")), name="samples", labels=np.arange(12) % 3,
                        captions=["a red circle", "a blue square", "a green triangle"] * 4 if len(shape) == 3 else None)


def train_on(name: str, shape: tuple[int, ...], **settings) -> None:
    """One round on samples of this shape, after which samples of it are made."""
    chosen, data = plan(name, "tiny", {"device": "cpu"} | settings), samples_of(shape)
    model = construct(chosen.model, chosen.cfg, data.spec, 0)
    terms = Trainer(model, data, chosen.train).play()
    assert all(value.isfinite() for value in terms.values())
    assert model.sample(3, seed=0).shape == (3, *shape)


@pytest.mark.parametrize("shape", [(2,), (5,), (1, 7, 7), (2, 28, 28), (1, 1, 1)],
                         ids=lambda shape: "x".join(map(str, shape)))
def test_data_of_any_shape_are_trained_on_or_refused_in_one_line(name, shape):
    try:
        train_on(name, shape)
    except UsageError as error:
        assert "\n" not in str(error) and len(str(error)) > 30
        assert not any(word in str(error) for word in ("unpack", "index", "expected", "argument")), error


# Who needs square images says so; all others take any sides that they can halve.
SQUARE = {"self-supervised-gan": "turns images by right angles, which needs square images"}


@pytest.mark.parametrize("shape", [(1, 16, 24), (3, 24, 16), (4, 16, 24), (5, 24, 16)],
                         ids=lambda shape: "x".join(map(str, shape)))
def test_images_of_any_sides_and_number_of_channels_are_trained_on(name, shape):
    if name in SQUARE:
        with pytest.raises(UsageError, match=SQUARE[name]):
            train_on(name, shape)
        shape = (shape[0], 16, 16)
    settings = {}
    if name == "stylegan2-ada" and shape[0] > 3:
        with pytest.raises(UsageError, match=r"changes the colours of 1 or 3 channels.*use --pipeline bg"):
            train_on(name, shape)
        settings = {"pipeline": "bg"}
    train_on(name, shape, **settings)

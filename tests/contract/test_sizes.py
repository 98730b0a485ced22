"""From 16 to 1024 pixels: every system is built with its paper's settings, and plays a round, without computing."""

import contextlib
from math import log

import torch

from zerosum.cli.moves import Still
from zerosum.core import Batch, DataSpec, abilities, settings_of
from zerosum.runs import create


def on_paper(cls, size: int):
    """The model of the paper's settings for images of this size, on the meta device: shapes without numbers.

    What it does several times in a round it does once, what grows has grown, BigGAN's z has a part more than octaves.
    """
    settings = {"d_steps": 1, "g_steps": 1, "n_critic": 1, "warmup_critic": 1, "pretrain": 1, "grow": False}
    settings |= {"z_dim": 2520} if cls.name == "biggan" else {}
    has = {setting.name for setting in settings_of(cls.Config)}
    spec = DataSpec((3, size, size), 2, ("circle", "square")).captioned(["a red circle", "a blue square"])
    with torch.device("meta"), Still():
        return create(cls, spec, **{name: value for name, value in settings.items() if name in has})


class PaperGame:
    """Stands in for the trainer: every loss goes forwards and backwards, and nobody moves.

    It is a step of lazy regularization, after pre-training of one step.
    """

    def __init__(self, model):
        self.model, self.step, self.images, self.moved = model, 16, 0, set()

    def batch(self, n: int | None = None) -> Batch:
        n, spec = n or 4, self.model.data
        self.images += n
        return Batch(torch.empty(n, *spec.shape, device="meta"),
                     labels=torch.zeros(n, dtype=torch.int64, device="meta"),
                     text=torch.zeros(n, spec.text_length, dtype=torch.int64, device="meta"))

    def update(self, player, loss, batch, gain=1.0, second_order=False):
        return self.update_jointly([player], lambda part: {player: loss(part)}, batch)

    def update_jointly(self, players, losses, batch):
        found = losses(batch)
        for player in players:
            parameters = list(self.model.players()[player].parameters())
            grads = torch.autograd.grad(sum(found[player].values()), parameters, retain_graph=True, allow_unused=True)
            assert any(grad is not None for grad in grads), player
        self.moved |= set(players)
        # Such as are never out of balance: log 2 is the loss of a discriminator that cannot tell.
        return {f"{player}/{term}": torch.full(value.shape, log(2)) for player in players
                for term, value in found[player].items()}

    def reset_optimizer(self, player):
        pass

    def reset_average(self, player):
        pass

    def optimizer_state(self, player):
        return {}


def test_the_papers_networks_can_be_built_from_16_to_512_pixels(cls):
    for size in (16, 32, 64, 128, 256, 512):
        model = on_paper(cls, size)
        assert all(list(player.parameters()) for player in model.players().values())


def test_the_papers_networks_play_at_1024_pixels(cls, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_args, **_options: contextlib.nullcontext())    # meta has none
    model = on_paper(cls, 1024)
    if cls.name == "stylegan2-ada":          # it looks whether its numbers move anything, and there are none
        monkeypatch.setattr(model.augment.pipe, "forward", lambda x: x)
    game = PaperGame(model)
    terms = model.train_step(game)
    assert game.moved == set(model.players()) and all(value.shape == () for value in terms.values())
    x = model.generate(model.noise(2)) if "generate" in abilities(model) else game.batch(2).x
    assert x.shape == (2, 3, 1024, 1024)
    if "score" in abilities(model):
        assert model.scores(x).shape == (2,)

"""The discriminator as generator: it climbs to its own negatives, and forgets the oldest of them."""

import numpy as np
import pytest
import torch
from tiny import seeded, trainer_of
from torch import nn
from torch.nn.functional import softplus

from zerosum.core import DataSpec, UsageError
from zerosum.data import ArrayDataset
from zerosum.engine import Trainer
from zerosum.runs import construct, plan


class Hill(nn.Module):
    """A discriminator with one top: -|x - top|^2."""

    def __init__(self, top: float):
        super().__init__()
        self.top = top

    def forward(self, x):
        return -(x - self.top).flatten(1).square().sum(1)


def binary_trainer(**settings) -> Trainer:
    x = np.sign(np.random.RandomState(0).uniform(-1, 1, (6, 1, 3, 3))).astype(np.float32)
    chosen = plan("discriminator-generator", "tiny", {"binary": True, "device": "cpu"} | settings)
    data = ArrayDataset(x, DataSpec((1, 3, 3)), name="nine pixels")
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def test_d_learns_from_the_batch_and_from_the_pool():
    trainer = trainer_of("discriminator-generator")
    model, batch = trainer.model, trainer.batch()
    batch.keep(negatives=model.negatives[:batch.size])
    real, fake = model.discriminator(batch.x), model.discriminator(model.negatives[:batch.size])
    torch.testing.assert_close(model.discriminator_loss(batch),
                               {"adversarial": softplus(-real).mean() + softplus(fake).mean()})
    assert list(model.players()) == ["discriminator"] and set(trainer.play()) == {"discriminator/adversarial"}


def test_negatives_are_random_at_first_and_then_the_oldest_are_found_anew():
    trainer = trainer_of("discriminator-generator", "tiny")          # rounds of 2 steps, 4 of 8 replaced
    model, pools = trainer.model, []
    for _ in range(6):
        pools.append(model.negatives.clone())
        trainer.play()
    first, second, third = pools[0], pools[3], pools[5]
    assert torch.equal(pools[1], first) and torch.equal(pools[2], first) and torch.equal(pools[4], second)
    assert torch.equal(second[4:], first[4:]) and not torch.equal(second[:4], first[:4])
    assert torch.equal(third[:4], second[:4]) and not torch.equal(third[4:], second[4:])
    assert "negatives" in model.state_dict()
    with torch.no_grad():
        model.renew(1)
        model.eval()
        assert model.scores(model.negatives[:4]).mean() > model.scores(first[:4]).mean()


@pytest.mark.parametrize("preset, top, reached", [("ring", 1.5, 1.5), ("ring", 9.0, 3.0), ("tiny", -0.3, -0.3),
                                                  ("tiny", 4.0, 1.0)])
def test_ascent_reaches_the_top_within_reach(preset, top, reached):
    model = trainer_of("discriminator-generator", preset, ascent_steps=200, ascent_rate=0.2).model
    model.discriminator = Hill(top)
    start = model.start(torch.rand(16, model.data.size, generator=seeded()) * 2 - 1)
    kept = start.clone()
    x = model.ascend(start)
    torch.testing.assert_close(x, torch.full_like(x, reached), atol=5e-3, rtol=0)
    assert torch.equal(start, kept) and not start.requires_grad and not x.requires_grad


def test_a_sample_is_what_ascent_makes_of_its_noise():
    model = trainer_of("discriminator-generator", "ring").model.eval()
    z = model.noise(5, seeded())
    assert z.shape == (5, 2) and z.abs().max() <= 1
    assert torch.equal(model.generate(z), model.ascend(z * model.cfg.reach))
    assert torch.equal(model.sample(5, seed=0), model.generate(z))


def test_without_a_search_negatives_are_drawn_at_random():
    model = trainer_of("discriminator-generator", "ring", search="none", pool=4_000, renewed=4_000).model
    before = model.negatives.clone()
    model.renew(1)
    assert not torch.equal(model.negatives, before)
    assert model.negatives.abs().max() <= 3 and model.negatives.std() == pytest.approx(3 / 3 ** 0.5, rel=0.05)


def test_all_images_are_listed_the_best_first():
    model = binary_trainer().model
    x, scores = model.candidates()
    assert len(x.flatten(1).unique(dim=0)) == len(x) == 2 ** 9 and set(x.unique().tolist()) == {-1.0, 1.0}
    torch.testing.assert_close(model.scores(x), scores)
    assert (scores.diff() <= 0).all()
    model.renew(1)
    assert torch.equal(model.negatives[:4], x[:4])
    assert set(model.negatives.unique().tolist()) == {-1.0, 1.0}              # random ones, too


@pytest.mark.parametrize("believed", [0, 3, 512])
def test_what_is_listed_is_drawn_from_what_d_believes(believed):
    model = binary_trainer().model.eval()
    x, scores = model.candidates()
    bias = model.discriminator.body[-1].bias.data
    bias += {0: -scores[0] - 1, 3: -(scores[2] + scores[3]) / 2, 512: -scores[-1] + 1}[believed]
    z = model.noise(200, seeded())
    assert z.shape == (200, 1) and z.min() >= 0 and z.max() < 1
    drawn = model.generate(z)
    allowed = {tuple(row) for row in x[:max(1, believed)].flatten(1).tolist()}
    found = {tuple(row) for row in drawn.flatten(1).tolist()}
    assert found == allowed if believed <= 3 else len(found) > 100
    assert torch.equal(model.generate(torch.zeros(1, 1)), x[:1]) and torch.equal(model.generate(torch.ones(1, 1))[0],
                                                                                 x[max(1, believed) - 1])


def test_nine_pixels_are_learned():
    trainer = binary_trainer(steps=150, width=32, round_steps=10, pool=64, renewed=32, lr=1e-2)
    trainer.fit()
    real = {tuple(row) for row in trainer.data.all().flatten(1).tolist()}
    x = trainer.model.eval().candidates()[0]
    assert {tuple(row) for row in x[:len(real)].flatten(1).tolist()} == real


def test_wrong_use_is_told_in_one_line():
    with pytest.raises(UsageError, match="binary lists all images"):
        trainer_of("discriminator-generator", binary=True)
    with pytest.raises(UsageError, match="more than the pool holds"):
        trainer_of("discriminator-generator", pool=3)

"""LAPGAN: the pyramid takes images apart and puts them together again; levels are trained alone, and exchanged."""

import pytest
import torch

from zerosum.core import DataSpec, UsageError
from zerosum.data import ArrayDataset
from zerosum.engine import TrainConfig, Trainer
from zerosum.networks.lapgan import ResidualDiscriminator, ResidualGenerator, finer, pyramid, sizes_of
from zerosum.runs import create


def rand(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def model(height: int = 32, width: int = 32, **settings):
    spec = DataSpec((1, height, width), 3, ("a", "b", "c"))
    return create("lapgan", spec, preset="tiny", seed=0, **settings)


def trainer_of(lapgan) -> Trainer:
    data = ArrayDataset(rand(32, *lapgan.data.shape).numpy(), lapgan.data, name="noise",
                        labels=(torch.arange(32) % 3).numpy())
    return Trainer(lapgan, data, TrainConfig(batch_size=8))


def test_a_pyramid_is_put_together_again_exactly():
    x = rand(4, 3, 32, 48)
    levels = pyramid(x, 3)
    assert [tuple(h.shape[2:]) for _, h in levels] == [(8, 12), (16, 24), (32, 48)] and levels[0][0] is None
    image = levels[0][1]
    for blurred, residual in levels[1:]:
        torch.testing.assert_close(blurred, finer(image), rtol=0, atol=1e-6)
        image = finer(image) + residual
    torch.testing.assert_close(image, x, rtol=0, atol=1e-6)


def test_residuals_of_what_is_smooth_are_small_and_their_means_vanish():
    flat, noise = torch.full((1, 1, 16, 16), 0.3), rand(1, 1, 16, 16)
    assert pyramid(flat, 2)[1][1].abs().max() < 1e-6
    assert pyramid(noise, 2)[1][1].std() > 0.7 * noise.std()


def test_sizes_are_halved_while_they_are_whole():
    assert sizes_of((32, 32), 8) == [(8, 8), (16, 16), (32, 32)]
    assert sizes_of((28, 56), 7) == [(7, 14), (14, 28), (28, 56)]
    assert sizes_of((28, 28), 8) == [(14, 14), (28, 28)]
    with pytest.raises(ValueError, match=r"even sides of at least 16 pixels, not 15x32"):
        sizes_of((15, 32), 8)


def test_the_papers_networks():
    """App. A: 7x7, 7x7 and 5x5 of 128 maps on three colours and noise; 5x5 and 5x5 /2, dropout, linear."""
    count = sum(p.numel() for p in ResidualGenerator((32, 32), 3).parameters())
    assert count == (4 * 49 + 1) * 128 + (128 * 49 + 1) * 128 + (128 * 25) * 3 + 3
    count = sum(p.numel() for p in ResidualDiscriminator((32, 32), 3).parameters())
    assert count == (3 * 25 + 1) * 128 + (128 * 25 + 1) * 128 + 128 * 12 * 12 + 1


def test_a_level_is_trained_alone_and_as_it_is_beside_the_others():
    """Levels share no weights, and learn from real images alone: the others' training makes no difference but noise."""
    lapgan = model(level=16)
    before = {name: p.clone() for name, p in lapgan.named_parameters()}
    trainer = trainer_of(lapgan)
    logs = trainer.play()
    assert set(logs) == {"discriminator_16/adversarial", "generator_16/adversarial"}
    moved = {name.split(".")[0] + name.split(".")[1] for name, p in lapgan.named_parameters()
             if not torch.equal(p, before[name])}
    assert moved == {"generators1", "discriminators1"}
    assert set(trainer_of(model()).play()) == {f"{side}_{height}/adversarial" for height in (8, 16, 32)
                                               for side in ("discriminator", "generator")}


def test_a_level_can_be_exchanged():
    ours, theirs = model().eval(), create("lapgan", model().data, preset="tiny", seed=1).eval()
    z = ours.noise(4, torch.Generator().manual_seed(0))
    before = ours.levels(z)
    ours.generators[2].load_state_dict(theirs.generators[2].state_dict())
    after = ours.levels(z)
    assert torch.equal(before[0], after[0]) and torch.equal(before[1], after[1])
    assert not torch.equal(before[2], after[2])


def test_samples_are_their_residuals_added_up():
    lapgan = model(16, 24).eval()
    z = lapgan.noise(4, torch.Generator().manual_seed(0))
    assert z.shape == (4, 8 + 16 * 24) and z.min() < -0.9 and z.max() > 0.9
    small, large = lapgan.levels(z)
    torch.testing.assert_close(large - finer(small), lapgan.generators[1](finer(small), z[:, 8:].view(4, 1, 16, 24)))
    assert torch.equal(lapgan.generate(z), large.clamp(-1, 1)) and lapgan.scores(large).shape == (4,)


def test_classes_are_told_to_every_level():
    lapgan = model(conditional=True).eval()
    z = lapgan.noise(3, torch.Generator().manual_seed(0))
    for first, other in zip(lapgan.levels(z, torch.tensor([0, 1, 2])), lapgan.levels(z, torch.tensor([1, 1, 2]))):
        assert not torch.equal(first[0], other[0]) and torch.equal(first[1:], other[1:])
    assert lapgan.sample(4, seed=0, labels=2).shape == (4, 1, 32, 32)
    x = lapgan.sample(4, seed=0)
    best = torch.stack([lapgan.scores(x, torch.full((4,), label)) for label in range(3)]).amax(0)
    torch.testing.assert_close(lapgan.scores(x), best)
    assert len(trainer_of(lapgan).play()) == 6
    with pytest.raises(UsageError, match="--conditional needs labelled data"):
        create("lapgan", DataSpec((1, 32, 32)), preset="tiny", conditional=True)


def test_a_level_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="no level of height 12: the pyramid has 8, 16, 32"):
        model(level=12)


def test_rate_falls_and_momentum_rises_by_epochs():
    """App. A: divided by 1 + 4e-5, and up by 0.0008 to at most 0.8, an epoch."""
    lapgan = create("lapgan", model().data, preset="tiny", epoch=100)
    optimizer = lapgan.players()["generator_8"].optimizer(list(lapgan.parameters()))
    lapgan.schedule(optimizer, 0, 1_000)
    assert optimizer.lr == pytest.approx(0.02 / (1 + 4e-5) ** 10) and optimizer.momentum == pytest.approx(0.508)
    lapgan.schedule(optimizer, 0, 10**6)
    assert optimizer.momentum == 0.8

"""What a system can do besides train: promised shapes, ranges and seeds."""

import random

import numpy as np
import pytest
import torch

from zerosum.core import ABILITIES, Batch, UsageError, abilities, condition


@pytest.fixture
def trained(tiny):
    trainer = tiny()
    trainer.play()
    trainer.model.eval()
    return trainer


def needs(model, ability: str) -> None:
    if ability not in abilities(model):
        pytest.skip(f"it cannot {ability}")


def real(trainer, n: int) -> Batch:
    return trainer.batch(n)


def assert_samples(x, n: int, trainer) -> None:
    assert x.shape == (n, *trainer.data.spec.shape) and x.dtype == torch.float32
    assert x.isfinite().all() and not x.requires_grad
    if trainer.data.spec.is_image and n:
        assert x.abs().max() <= 1


def generators() -> list:
    return [torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()]


def test_a_class_and_its_object_have_the_same_abilities(cls, trained):
    assert abilities(cls) == abilities(trained.model)
    assert set(abilities(cls)) <= set(ABILITIES)


def test_sample(trained):
    needs(trained.model, "sample")
    for n in (0, 1, 3, 257):                 # 256 samples are made at a time
        assert_samples(trained.model.sample(n, seed=0), n, trained)
    assert_samples(trained.model.sample(2), 2, trained)


def test_a_seed_is_a_sample_and_touches_nothing(trained):
    needs(trained.model, "sample")
    before = generators()
    one, same, other = (trained.model.sample(4, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert generators() == before
    torch.manual_seed(5)                     # a seeded draw is its own, whatever the global generator says
    assert torch.equal(trained.model.sample(4, seed=5), one)
    first, second = trained.model.sample(4), trained.model.sample(4)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("training", [True, False])
def test_sampling_leaves_the_mode_and_the_state(trained, training):
    needs(trained.model, "sample")
    trained.model.train(training)
    before = {key: value.clone() for key, value in trained.model.state_dict().items()}
    x = trained.model.sample(4, seed=0)
    assert all(module.training == training for module in trained.model.modules())
    assert all(torch.equal(value, before[key]) for key, value in trained.model.state_dict().items())
    trained.model.train(not training)
    assert torch.equal(trained.model.sample(4, seed=0), x)


def test_truncation_zero_leaves_no_variety(trained, cls):
    needs(trained.model, "generate")
    if condition(cls):
        pytest.skip("labels still vary")
    x = trained.model.sample(4, seed=0, truncation=0.0)
    assert torch.equal(x, x[:1].expand_as(x))


def test_labels(trained, cls):
    needs(trained.model, "sample")
    if condition(cls) == "text":
        pytest.skip("it is asked for text")
    if not condition(cls):
        for labels in (0, [0, 1], torch.tensor([0, 1])):
            with pytest.raises(UsageError, match="no labels"):
                trained.model.sample(2, seed=0, labels=labels)
        return
    one = trained.model.sample(3, seed=0, labels=1)
    assert_samples(one, 3, trained)
    assert torch.equal(one, trained.model.sample(3, seed=0, labels=[1, 1, 1]))
    assert torch.equal(one, trained.model.sample(3, seed=0, labels=torch.tensor([1, 1, 1])))
    assert not torch.equal(one, trained.model.sample(3, seed=0, labels=2))
    for wrong in (trained.data.spec.num_classes, -1, [0, 1]):
        with pytest.raises(UsageError):
            trained.model.sample(3, seed=0, labels=wrong)


def test_text(trained, cls):
    needs(trained.model, "sample")
    if condition(cls) != "text":
        pytest.skip("it takes no text")
    model, spec = trained.model, trained.data.spec
    first, second = spec.prompts[:2]
    one = model.sample(3, seed=0, labels=first)
    assert_samples(one, 3, trained)
    for same in ([first] * 3, 0, spec.encode(first), spec.encode([first] * 3)):
        assert torch.equal(one, model.sample(3, seed=0, labels=same))
    assert not torch.equal(one, model.sample(3, seed=0, labels=second))
    turns = [*spec.prompts, *spec.prompts][:len(spec.prompts) + 2]
    assert torch.equal(model.sample(len(turns), seed=0), model.sample(len(turns), seed=0, labels=turns))
    with pytest.raises(UsageError, match=r"unknown word 'zzz'"):
        model.sample(3, seed=0, labels="zzz")
    for wrong in ("", [first, second], len(spec.prompts), -1, torch.zeros(spec.text_length),
                  torch.full((spec.text_length,), len(spec.words) + 1), torch.zeros(3, 1, dtype=torch.int64)):
        with pytest.raises(UsageError):
            model.sample(3, seed=0, labels=wrong)


def test_generate(trained):
    needs(trained.model, "generate")
    z = trained.model.noise(3, torch.Generator().manual_seed(0))
    assert z.shape[0] == 3 and z.dtype == torch.float32
    assert_samples(trained.model.generate(z), 3, trained)
    assert trained.model.noise(real(trained, 3)).shape == z.shape


def test_scores(trained):
    needs(trained.model, "score")
    scores = trained.model.scores(real(trained, 3).x)
    assert scores.shape == (3,) and scores.dtype == torch.float32 and scores.isfinite().all()


def test_encode_and_reconstruct(trained):
    x = real(trained, 3).x
    if "encode" in abilities(trained.model):
        z = trained.model.encode(x)
        assert len(z) == 3 and z.isfinite().all()
    needs(trained.model, "reconstruct")
    assert_samples(trained.model.reconstruct(x), 3, trained)


def test_codes(trained):
    needs(trained.model, "tell_codes")
    codes = trained.model.codes(real(trained, 3).x)
    assert codes.ndim == 2 and len(codes) == 3 and codes.isfinite().all()
    spec = trained.model.latent
    assert codes.shape[1] == spec.size - spec.noise


def test_transform(trained):
    needs(trained.model, "transform")
    model = trained.model
    z, still = model.noise(2, torch.Generator().manual_seed(0)), torch.eye(3)
    with torch.no_grad():
        x, before = model.transformed(z, still), {key: value.clone() for key, value in model.state_dict().items()}
        assert torch.equal(x.clamp(-1, 1), model.generate(z)) and x.isfinite().all()
        moved = model.transformed(z, torch.tensor([[1.0, 0, 3], [0, 1, -2], [0, 0, 1]]))
    assert moved.shape == x.shape and not torch.allclose(moved, x)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_log_prob(trained):
    needs(trained.model, "log_prob")
    value = trained.model.log_prob(real(trained, 3).x)
    assert value.shape == (3,) and value.dtype == torch.float32 and value.isfinite().all()


def test_preview(trained):
    needs(trained.model, "sample")
    batch = real(trained, 3)
    x = trained.model.preview(batch)
    assert_samples(x, len(x), trained)
    assert torch.equal(x, trained.model.preview(batch))

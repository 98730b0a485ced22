"""The tools on latent spaces, on every system: they work by abilities, or refuse in one line."""

import pytest
import torch

from zerosum.core import UsageError, abilities
from zerosum.latent import coordinates, interpolate, mix, parts_of, traverse, truncate


@pytest.fixture
def model(tiny):
    trainer = tiny()
    trainer.play()
    return trainer.model.eval()


def test_what_makes_samples_from_noise_can_be_walked_traversed_and_mixed(model):
    shape = model.data.shape
    if "generate" not in abilities(model):
        with pytest.raises(UsageError, match="cannot generate; it can"):
            interpolate(model, rows=1, frames=2)
        return
    assert interpolate(model, rows=2, anchors=2, frames=3).shape == (3, 2, *shape)
    rows = traverse(model, coordinates(model).only([0, 1]), columns=3)
    assert rows.shape == (2, 3, *shape) and torch.allclose(rows[0, 1], rows[1, 1], atol=1e-5)
    if parts_of(model):
        mixed = mix(model, rows=2, columns=3)
        assert mixed.x.shape == (2, 3, *shape) and mixed.x.isfinite().all()
    else:
        with pytest.raises(UsageError, match="has nothing to mix"):
            mix(model)


def test_what_samples_can_be_truncated(model):
    if "sample" not in abilities(model):
        with pytest.raises(UsageError, match="cannot sample; it can"):
            truncate(model, [1])
        return
    x = truncate(model, [0.5, 1], 2, seed=3)
    assert x.shape == (2, 2, *model.data.shape) and torch.equal(x[1], model.sample(2, seed=3).float())

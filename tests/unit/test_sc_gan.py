"""SC-GAN: no network beside G and D, no labels, and a constraint that means the same for every size of image."""

import pytest
import torch
from tiny import seeded, trainer_of

from zerosum.core import Batch
from zerosum.losses import similarity_constraint
from zerosum.networks.pairs import make_pair


def test_the_settings_are_those_of_the_authors_code():
    defaults = type(trainer_of("sc-gan").model.cfg)()
    assert (defaults.z_dim, defaults.prior, defaults.categories, defaults.similarity_weight) == (90, "uniform", 10, 1.0)
    assert (defaults.lr, defaults.d_lr, defaults.betas) == (1e-3, 2e-4, (0.5, 0.999))


def test_it_has_no_more_parameters_than_a_gan():
    model = trainer_of("sc-gan").model
    cfg = model.cfg
    plain = make_pair(cfg.network, cfg.z_dim + cfg.categories, model.data.shape, cfg.width)
    count = sum(p.numel() for network in plain for p in network.parameters())
    assert sum(p.numel() for p in model.parameters()) == count


def test_labels_are_never_used():
    trainer = trainer_of("sc-gan")
    blind = Batch(trainer.batch().x)         # a batch whose labels are None
    assert set(trainer.model.discriminator_loss(blind)) == {"adversarial"}
    assert set(trainer.model.generator_loss(blind, 1.0)) == {"adversarial", "similarity"}


@pytest.mark.parametrize("size", [8, 16, 32])
def test_distances_are_those_at_28_pixels_in_0_to_1(size):
    """Two flat images that differ by d in [-1, 1] are d/2 sqrt(784) apart in the authors' code."""
    model = trainer_of("sc-gan", image_size=size).model
    pair = torch.stack([torch.zeros(model.data.shape), torch.full(model.data.shape, 0.5)])
    one_code = torch.eye(10)[[0, 0]]
    found = similarity_constraint(pair * model.to_papers, one_code)
    assert found.item() == pytest.approx(0.25 * 28 / 2, rel=1e-5)


def test_the_generator_pays_for_what_it_made():
    model = trainer_of("sc-gan", generator_norm="none").model
    batch = Batch(torch.rand(6, *model.data.shape))
    torch.manual_seed(4)
    found = model.generator_loss(batch, 3.0)["similarity"]
    torch.manual_seed(4)
    z = model.noise(batch)
    by_hand = similarity_constraint(model.generate(z) * model.to_papers, model.latent.split(z).categorical[0])
    torch.testing.assert_close(found, 3 * by_hand)


def test_lambda_stays_or_falls():
    assert lambdas(similarity_weight=2.0) == [2, 2, 2, 2]
    assert lambdas(similarity_weight=2.0, similarity_steps=4) == [2, 1, 0, 0]
    assert lambdas(similarity_weight=2.0, similarity_steps=4, similarity_end=0.5) == [2, 1.25, 0.5, 0.5]
    trainer = trainer_of("sc-gan", similarity_steps=2)
    assert [bool(trainer.play()["generator/similarity"]) for _ in range(3)] == [True, True, False]


def lambdas(**settings: float) -> list[float]:
    model = trainer_of("sc-gan", **settings).model
    return [model.weight_at(step) for step in (0, 2, 4, 9)]


def test_a_code_can_be_asked_for():
    model = trainer_of("sc-gan").model.eval()
    z = model.noise(4, seeded())
    one, two = model.generate(model.latent.choose(z, 1)), model.generate(model.latent.choose(z, 2))
    assert not torch.equal(one, two) and torch.equal(one, model.generate(z, torch.full((4,), 1)))

"""MAD-GAN: what is shared, who is named, which generator a z picks, and the losses against closed forms."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity, log_softmax

from zerosum.core import UsageError
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.losses import detection, identification, mean_similarity, real_logit
from zerosum.runs import construct, plan


def trainer_of(preset: str = "tiny", **settings) -> Trainer:
    chosen = plan("mad-gan", preset, {"device": "cpu", "threads": 1} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_generators_are_classes_0_to_k_and_the_data_is_class_k():
    real, fake = random(4, 4), random(3, 5, 4)
    by_hand = -sum(log_softmax(fake[i], -1)[:, i].sum() for i in range(3)) - log_softmax(real, -1)[:, 3].sum()
    assert identification(real, fake).item() == pytest.approx(by_hand.item() / 19, rel=1e-12)
    sure = 100 * torch.eye(4)
    assert identification(sure[3:], sure[:3, None]) < 1e-6
    assert identification(sure[:1], sure[:3, None]).item() == pytest.approx(100 / 4)       # the one real sample


def test_detection_is_identification_with_the_generators_classes_merged():
    """-log D_{K+1} of the data and -log sum_i D_i of the others; the gradient of all K logits is one."""
    real, fake = random(4, 4), random(3, 5, 4).requires_grad_()
    by_hand = -fake.softmax(-1)[..., :3].sum(-1).log().sum() - log_softmax(real, -1)[:, 3].sum()
    assert detection(real, fake).item() == pytest.approx(by_hand.item() / 19, rel=1e-12)
    detection(real, fake).backward()
    wrong = fake.detach().softmax(-1)[..., 3]
    torch.testing.assert_close(fake.grad[..., 3], wrong / 19)                # as in identification: D_{K+1} / 19
    torch.testing.assert_close(fake.grad.sum(-1), torch.zeros(3, 5, dtype=torch.float64), atol=1e-12, rtol=0)


def test_the_generators_are_told_the_log_probability_of_the_data_class():
    logits = random(6, 4)
    probability = logits.softmax(-1)[:, -1]
    torch.testing.assert_close(real_logit(logits), torch.log(probability / (1 - probability)), rtol=1e-10, atol=1e-10)
    model = trainer_of().model
    batch = trainer_of().batch()
    torch.manual_seed(7)
    found = model.generator_loss(batch)["adversarial"]
    torch.manual_seed(7)
    x = model.generate_all(model.noise(batch)).flatten(0, 1)
    expected = -log_softmax(model.discriminator(x), -1)[:, -1].mean()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_similarity_is_the_mean_cosine_over_pairs():
    features = random(4, 5, 7)
    pairs = [cosine_similarity(features[i], features[j], dim=-1).mean() for i in range(4) for j in range(i)]
    assert mean_similarity(features).item() == pytest.approx((sum(pairs) / 6).item(), rel=1e-12)
    assert mean_similarity(features[:1].expand(3, -1, -1)).item() == pytest.approx(1)
    corners = torch.tensor([[math.cos(a), math.sin(a)] for a in (0, 2 * math.pi / 3, 4 * math.pi / 3)])
    assert mean_similarity(corners[:, None]).item() == pytest.approx(-1 / 2, abs=1e-6)         # the least there is


@pytest.mark.parametrize(("own_layers", "of_its_own"), [(1, 1), (2, 2), (99, 3)])
def test_all_but_the_last_layers_are_one_and_the_same(own_layers, of_its_own):
    model = trainer_of("ring", own_layers=own_layers).model
    assert len(model.generator.own) == 8
    assert all(len(list(own.parameters())) == 2 * of_its_own for own in model.generator.own)
    assert len(list(model.generator.shared.parameters())) == 2 * (3 - of_its_own)
    each = [{id(p) for p in own.parameters()} for own in model.generator.own]
    assert len(set.union(*each)) == 8 * 2 * of_its_own
    x = model.generate_all(model.noise(4, torch.Generator().manual_seed(0)))
    assert x.shape == (8, 4, 2) and not torch.equal(x[0], x[1])


def test_all_generators_see_the_same_z_and_z_picks_one():
    model = trainer_of("ring").model.eval()
    z = model.noise(4_000, torch.Generator().manual_seed(0))
    picked = model.chosen(z)
    shares = torch.bincount(picked, minlength=8) / len(z)
    assert (shares - 1 / 8).abs().max() < 0.02               # 4 standard deviations
    everything, x = model.generate_all(z), model.generate(z)
    for i in range(8):
        assert torch.equal(x[picked == i], everything[i][picked == i])
        assert torch.equal(model.chosen(model.choose(z[:3], i)), torch.full((3,), i))
        assert torch.equal(model.generate(model.choose(z, i)), everything[i])
    assert torch.equal(model.chosen(z * 0.3), picked)        # truncation leaves the choice alone


def test_what_is_drawn_does_not_depend_on_how_it_is_cut():
    model = trainer_of("ring").model.eval()
    z = model.noise(600, torch.Generator().manual_seed(1))
    torch.testing.assert_close(model.sample(600, seed=1), torch.cat([model.generate(part) for part in z.split(50)]),
                               rtol=0, atol=1e-5)


@pytest.mark.parametrize(("settings", "terms", "outputs"), [
    ({}, {"discriminator/identification", "generator/adversarial"}, 4),
    ({"named": False}, {"discriminator/detection", "generator/adversarial"}, 4),
    ({"variant": "sim"}, {"discriminator/adversarial", "generator/adversarial", "generator/similarity"}, 1)])
def test_each_variant_has_its_terms(settings, terms, outputs):
    trainer = trainer_of(**settings)
    assert set(trainer.play()) == terms and trainer.model.discriminator.last.out_features == outputs


def test_one_generator_is_refused():
    with pytest.raises(UsageError, match="generators must lie between 2 and"):
        trainer_of(generators=1)

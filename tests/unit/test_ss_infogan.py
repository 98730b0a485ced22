"""ss-InfoGAN: few labels and no more, a Q_ss that learns from them alone, and a class code that can be asked for."""

import pytest
import torch
from tiny import seeded, trainer_of

from zerosum.core import Batch, DataSpec, UsageError
from zerosum.layers import LabelledPool
from zerosum.models.conditional.ss_infogan import SSInfoGAN

# The pool -----------------------------------------------------------------------------------------------------------


def test_the_pool_keeps_the_first_of_each_class():
    pool = LabelledPool(3, 2, (1,))
    pool.take(torch.arange(5.0)[:, None], torch.tensor([0, 0, 0, 2, 1]))
    assert pool.kept.tolist() == [2, 1, 1]
    x, labels = pool.draw(200)
    assert set(zip(x.flatten().tolist(), labels.tolist(), strict=True)) == {(0, 0), (1, 0), (4, 1), (3, 2)}
    pool.take(torch.arange(5.0, 9.0)[:, None], torch.tensor([1, 1, 2, 2]))
    x, labels = pool.all()
    assert x.flatten().tolist() == [0, 1, 4, 5, 3, 7] and labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert pool.kept.tolist() == [2, 2, 2]
    pool.take(torch.full((3, 1), 9.0), torch.tensor([0, 1, 2]))
    assert 9 not in pool.x and pool.kept.tolist() == [2, 2, 2]


def test_the_pool_is_drawn_from_evenly():
    pool = LabelledPool(2, 2, (1,))
    pool.take(torch.arange(4.0)[:, None], torch.tensor([0, 1, 1, 1]))        # one of the first class, two of the other
    x, _ = pool.draw(3_000)
    assert (x.flatten().int().bincount() / 3_000 - 1 / 3).abs().max() < 0.04 # 4.6 standard deviations


# The system ---------------------------------------------------------------------------------------------------------


def test_the_settings_are_those_of_the_authors_code():
    defaults = SSInfoGAN.Config()
    assert (defaults.z_dim, defaults.continuous, defaults.categorical) == (62, 2, ())
    assert (defaults.label_information, defaults.information, defaults.continuous_information) == (2.0, 0.8, 0.8)
    assert (defaults.lr, defaults.d_lr, defaults.betas) == (1e-3, 1e-4, (0.5, 0.999))
    assert (defaults.labelled_share, defaults.labelled_steps) == (0.01, 1_000)


def test_only_so_many_labels_are_used():
    """What a batch says of the class of samples that are not in the pool changes nothing."""
    trainer = trainer_of("ss-infogan", labels_per_class=1, batch_size=40)
    while not bool(trainer.model.pool.kept.all()):
        trainer.play()
    kept, batch = trainer.model.pool.x.clone(), trainer.batch()
    (tensors, numbers), found = trainer.state(), []
    tensors = {key: value.clone() for key, value in tensors.items()}
    for labels in (batch.labels, (batch.labels + 3) % 10):
        trainer.load_state(tensors, numbers)
        trainer.batch = lambda labels=labels: Batch(batch.x, labels=labels)
        for _ in range(4):
            trainer.play()
        found.append({key: value.clone() for key, value in trainer.state()[0].items()})
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(value, found[1][key]) for key, value in found[0].items())
    assert torch.equal(trainer.model.pool.x, kept)


def test_q_ss_learns_from_labelled_batches_alone():
    trainer = trainer_of("ss-infogan", labelled_share=0.0)
    trainer.step = trainer.model.cfg.labelled_steps          # from here on none is labelled
    before = {key: value.clone() for key, value in trainer.model.classifier.state_dict().items()}
    terms = trainer.play()
    assert "discriminator/label_information" not in terms and "generator/label_information" in terms
    assert all(torch.equal(value, before[key]) for key, value in trainer.model.classifier.state_dict().items())
    trainer.step = 0
    assert "discriminator/label_information" in trainer.play()
    assert not torch.equal(trainer.model.classifier.weight, before["weight"])


def test_labelled_batches_become_seldom():
    model = trainer_of("ss-infogan", labelled_steps=1_000, labelled_share=0.1).model
    coins = torch.tensor([model.is_labelled(step) for step in range(3_000)], dtype=torch.float32)
    assert coins[0] == 1
    assert [float(part.mean()) for part in (coins[:100], coins[450:550], coins[1_000:])] == pytest.approx(
        [0.95, 0.5, 0.1], abs=0.15)
    assert not any(trainer_of("ss-infogan", labelled_share=0.0).model.is_labelled(step) for step in range(2, 50))


def test_a_label_is_the_first_code():
    model = trainer_of("ss-infogan", categorical=(4,)).model.eval()
    assert model.latent.categorical == (10, 4)
    z = model.noise(3, seeded())
    labels = torch.tensor([7, 0, 7])
    assert torch.equal(model.generate(z, labels), model.generate(model.latent.choose(z, labels)))
    assert torch.equal(model.generate(z), model.generate(z, model.latent.chosen(z)))


def test_q_tells_the_class_first():
    model = trainer_of("ss-infogan", categorical=(4,)).model.eval()
    x = torch.rand(3, *model.data.shape)
    told = model.recognise(x)
    assert [code.shape[1] for code in told.categorical] == [10, 4] and told.continuous.shape == (3, 2)
    torch.testing.assert_close(told.categorical[0], model.classifier(model.discriminator.features(x)))
    assert torch.equal(model.classify(x), told.categorical[0].argmax(1))
    assert model.codes(x).shape == (3, 16)


def test_the_terms_of_the_generator():
    model = trainer_of("ss-infogan", categorical=(4,), label_information=3.0).model.eval()
    z = model.noise(50, seeded())
    features = model.discriminator.features(model.generate(z))
    log_q = model.classifier(features).log_softmax(1)[torch.arange(50), model.latent.chosen(z)].mean()
    found = model.of_class(model.tell_class(features), model.latent.chosen(z))
    torch.testing.assert_close(found, -3 * (torch.tensor(10.0).log() + log_q))
    (of_rest,) = model.tell(features).categorical
    log_q = of_rest.log_softmax(1)[torch.arange(50), model.latent.chosen(z, 1)].mean()
    terms = model.information(features, model.latent.split(z))
    torch.testing.assert_close(terms["categorical_information"], -0.8 * (torch.tensor(4.0).log() + log_q))


def test_data_without_labels_are_refused():
    with pytest.raises(UsageError, match="ss-infogan needs labelled data"):
        SSInfoGAN(SSInfoGAN.Config(), DataSpec((1, 8, 8)))

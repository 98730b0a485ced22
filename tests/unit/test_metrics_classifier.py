"""Classifier accuracy: sets of which it is known what a classifier can learn, and every wrong use in one line."""

import pytest
import torch

from zerosum.core import UsageError, ZerosumError
from zerosum.data import load_data
from zerosum.metrics import compute, evaluate
from zerosum.metrics.distribution import classifier_accuracy
from zerosum.metrics.distribution.classifier_accuracy import classifier_accuracies, train_classifier

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 8.0], [8.0, 0.0], [8.0, 8.0]])


def blobs(each: int, seed: int, classes=(0, 1, 2, 3), spread: float = 1.0):
    """So many points around each of these corners of a square."""
    y = torch.tensor(classes).repeat_interleave(each)
    noise = torch.randn(len(y), 2, generator=torch.Generator().manual_seed(seed))
    return CORNERS[y] + spread * noise, y


def small_digits(split: str):
    data = load_data("digits", split=split, image_size=8)
    return data.all(), data.gather(torch.arange(len(data)))["labels"]


REAL = blobs(100, 0)


def test_good_samples_of_separate_classes_are_all_right_on_every_side():
    found = classifier_accuracies(REAL, blobs(60, 1))
    assert (found.cas, found.gan_test, found.reference, found.trained_on) == (1, 1, 1, 200)


def test_classes_that_come_out_swapped_are_all_wrong():
    x, y = blobs(60, 1)
    found = classifier_accuracies(REAL, (x, torch.tensor([1, 0, 2, 3])[y]))
    assert (found.cas, found.gan_test, found.reference) == (0.5, 0.5, 1)


def test_missing_classes_cost_training_on_fakes_and_not_testing_on_them():
    found = classifier_accuracies(REAL, blobs(60, 1, classes=(0, 1)))
    assert (found.cas, found.gan_test) == (0.5, 1)


def test_the_reference_is_what_can_be_known():
    """Two Gaussians two deviations apart: nobody is right more often than Phi(1) = 0.841."""
    y = torch.arange(4000) % 2
    draws = [(2.0 * y[:, None] + torch.randn(4000, 1, generator=torch.Generator().manual_seed(seed)), y)
             for seed in (0, 1)]
    found = classifier_accuracies(*draws)
    for accuracy in (found.cas, found.gan_test, found.reference):
        assert accuracy == pytest.approx(0.8413, abs=0.02)


def test_both_sides_are_trained_on_as_many():
    assert classifier_accuracies(REAL, blobs(60, 1)).trained_on == 200           # half of the real ones
    assert classifier_accuracies(REAL, blobs(5, 1)).trained_on == 20             # all of the fakes


def test_classes_may_have_any_numbers():
    (x, y), (x_fake, y_fake) = REAL, blobs(60, 1)
    names = torch.tensor([-3, 7, 100, 10**12])
    assert classifier_accuracies((x, names[y]), (x_fake, names[y_fake])) == classifier_accuracies(REAL, blobs(60, 1))


def test_deterministic_by_the_seed_and_leaves_the_global_generator_alone():
    real, fake = blobs(50, 0, spread=5.0), blobs(50, 1, spread=5.0)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = classifier_accuracies(real, fake, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    with torch.no_grad():
        assert classifier_accuracies(real, fake, seed=3) == first
    assert classifier_accuracies(real, fake, seed=4) != first


def test_one_digit_per_class_passes_the_gan_test_and_teaches_little(monkeypatch):
    monkeypatch.setattr(classifier_accuracy, "STEPS", 150)
    (x, y), real = small_digits("train"), small_digits("test")
    first = torch.stack([(y == k).nonzero()[0, 0] for k in range(10)]).repeat(40)
    good, copied = (classifier_accuracies(real, fake) for fake in ((x, y), (x[first], y[first])))
    assert good.reference > 0.9
    assert abs(good.cas - good.reference) < 0.04 and abs(good.gan_test - good.reference) < 0.04
    assert copied.gan_test >= 0.8
    assert copied.cas < good.cas - 0.2


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 20, 30), (2, 70, 40)])
def test_images_of_any_shape_are_learnt(monkeypatch, shape):
    monkeypatch.setattr(classifier_accuracy, "STEPS", 20)
    y = torch.arange(80) % 2
    x = (2.0 * y - 1)[:, None, None, None] * torch.rand(80, *shape, generator=torch.Generator().manual_seed(0))
    assert classifier_accuracies((x, y), (x[:20], y[:20])).reference > 0.9


def test_a_classifier_gives_logits_and_has_no_gradients():
    network = train_classifier(*REAL, classes=4, seed=0)
    assert network(REAL[0]).shape == (400, 4) and not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


class Asked:
    """A conditional generator of the four corners, that may mistake its classes."""

    name = "asked"
    card = type("Card", (), {"tasks": ("conditional-generation",)})

    def __init__(self, data, shift: int = 0):
        self.data_, self.shift = data, shift

    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        generator = torch.Generator().manual_seed(seed)
        return self.data_.modes[(labels + self.shift) % 8] + 0.02 * torch.randn(n, 2, generator=generator)


@pytest.fixture(scope="module")
def ring():
    return load_data("ring", split="test")


def test_a_conditional_model_is_measured_by_the_classes_it_was_asked_for(ring):
    right, wrong = (evaluate(Asked(ring, shift), ring, "classifier-accuracy", n=500) for shift in (0, 1))
    assert tuple(right) == ("classifier-accuracy", "gan-test")
    for score in right.values():
        assert score.value == pytest.approx(1, abs=0.01) and score.card.ideal == pytest.approx(1, abs=0.01)
        assert score.card.interval[0] < 1 and score.card.settings["trained on"] == 500
        assert score.card.warnings == ("so few samples cannot tell these from real ones",)
    assert all(score.value < 0.05 and not score.card.warnings for score in wrong.values())
    assert [score.card.better for score in right.values()] == ["higher", "nearer"]


def test_data_that_is_hard_to_learn_is_named():
    hard = [blobs(30, seed, spread=30.0) for seed in (0, 1)]
    real, fake = ({"samples": x, "targets": y} for x, y in hard)
    score = compute("classifier-accuracy", real=real, fake=fake)["gan-test"]
    assert any("trained on 60 real samples the classifier is right on" in text for text in score.card.warnings)


class Plain(Asked):
    card = type("Card", (), {"tasks": ()})

    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        return torch.zeros(n, *self.data_.spec.shape)


X, Y = REAL


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: classifier_accuracies(REAL, (X, Y + 1)), UsageError, "fake samples have the class 4, and no real sample"),
    (lambda: classifier_accuracies((X, Y * 0), (X, Y * 0)), UsageError, "two classes, four real samples and one fake"),
    (lambda: classifier_accuracies((X[98:101], Y[98:101]), REAL), UsageError, "not 2, 3 and 400"),
    (lambda: classifier_accuracies(REAL, (X[:0], Y[:0])), UsageError, "one fake, not 4, 400 and 0"),
    (lambda: classifier_accuracies(REAL, (X[:, :1], Y)), UsageError, "same width, not 2 and 1"),
    (lambda: classifier_accuracies(REAL, (X, Y[:3])), UsageError, r"400 fake samples need as many classes, not \(3,\)"),
    (lambda: classifier_accuracies(REAL, (X * torch.nan, Y)), ZerosumError, "fake samples are NaN or infinite"),
    (lambda: compute("classifier-accuracy", real=X, fake=X), UsageError, "several views: give real="),
    (lambda: evaluate(Plain(load_data("photos", split="test")), load_data("photos", split="test"),
                      "classifier-accuracy", n=4), UsageError, "needs data with labels"),
    (lambda: evaluate(Plain(load_data("ring", split="test")), "ring", "classifier-accuracy", n=4), UsageError,
     "a model that is asked for them"),
])
def test_wrong_use_is_one_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)

"""Inception score and mode score: closed forms, the sign of their bias, and what they cannot see."""

import math

import numpy as np
import pytest
import torch

from zerosum.core import UsageError, ZerosumError
from zerosum.data import load_data
from zerosum.metrics import compute, evaluate
from zerosum.metrics.distribution.inception_score import inception_score, information, shortfall
from zerosum.metrics.distribution.mode_score import mode_score


def sure(counts: list[int]) -> torch.Tensor:
    """One row of zeros and a one per sample of each class."""
    classes = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return torch.eye(len(counts))[classes]


def soft(n: int, classes: int, seed: int) -> torch.Tensor:
    return (2 * torch.randn(n, classes, generator=torch.Generator().manual_seed(seed))).softmax(1)


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_sure_and_balanced_classes_score_their_number(classes):
    assert inception_score(sure([7] * classes))[0] == pytest.approx(classes, rel=1e-12)


def test_samples_that_look_alike_score_one():
    assert inception_score(torch.full((20, 10), 0.1))[0] == pytest.approx(1, abs=1e-6)
    assert inception_score(sure([20, 0, 0]))[0] == 1


def test_is_its_formula():
    p = soft(50, 4, 0).double().numpy()
    kl = (p * (np.log(p) - np.log(p.mean(0)))).sum(1).mean()
    assert inception_score(p)[0] == pytest.approx(math.exp(kl), rel=1e-6)
    assert inception_score(np.log(p) + 3, logits=True)[0] == pytest.approx(math.exp(kl), rel=1e-6)


def test_splits_are_scored_one_by_one_in_the_order_given_or_drawn():
    p = torch.cat([sure([5, 5]), sure([10, 0])])             # a half that scores 2, and one that scores 1
    assert inception_score(p, splits=2) == pytest.approx((1.5, 0.5))
    mixed = inception_score(p, splits=2, shuffle=0)
    order = np.random.RandomState(0).permutation(20)
    assert mixed == inception_score(p[order], splits=2) != inception_score(p, splits=2)
    assert inception_score(p, shuffle=0) == pytest.approx(inception_score(p))
    three = [inception_score(p[a:b])[0] for a, b in ((0, 6), (6, 13), (13, 20))]
    assert inception_score(p, splits=3)[0] == pytest.approx(np.mean(three))


def test_precision_is_a_choice():
    p = soft(600, 10, 0)
    single, double = (inception_score(p, dtype=dtype)[0] for dtype in (torch.float32, torch.float64))
    assert single != double and single == pytest.approx(double, rel=1e-5)


def test_too_few_samples_score_too_low_by_what_the_warning_says():
    """Miller's (K - 1) / 2N, against many draws of 100 sure samples of ten classes."""
    generator = torch.Generator().manual_seed(0)
    draws = [torch.eye(10)[torch.randint(10, (100,), generator=generator)] for _ in range(400)]
    lost = math.log(10) - np.mean([information(p.double()) for p in draws])
    assert lost == pytest.approx(9 / 200, rel=0.06)
    assert np.mean([shortfall(p.double()) for p in draws]) == pytest.approx(9 / 200, rel=1e-6)
    score = compute("inception-score", real=draws[0], fake=draws[1])["inception-score"]
    assert any("would be added by more" in warning for warning in score.card.warnings)
    assert score.value - score.card.details["bias"] == pytest.approx(10, rel=0.03)
    many = compute("inception-score", real=draws[0], fake=sure([1000] * 10))["inception-score"]
    assert not many.card.warnings


def test_mode_score_loses_too_little_samples_as_it_says():
    generator = torch.Generator().manual_seed(1)
    draw = [torch.eye(10)[torch.randint(10, (100,), generator=generator)] for _ in range(800)]
    lost = math.log(10) - np.mean([math.log(mode_score(*pair)) for pair in zip(draw[::2], draw[1::2])])
    assert lost == pytest.approx(3 * 9 / 200, rel=0.06)
    score = compute("mode-score", real=draw[0], fake=draw[1])["mode-score"]
    assert -score.card.details["bias"] == pytest.approx(score.value * math.expm1(3 * 9 / 200), rel=1e-3)


def test_mode_score_equals_the_inception_score_where_classes_are_as_frequent():
    fake = soft(60, 5, 0)
    assert mode_score(fake.mean(0, keepdim=True), fake) == pytest.approx(inception_score(fake)[0], rel=1e-6)
    assert mode_score(fake.flip(0), fake) == pytest.approx(inception_score(fake)[0], rel=1e-12)


def test_a_missing_class_costs_its_divergence_exactly():
    real, fake = soft(80, 6, 0), soft(50, 6, 1)
    fake[:, :2] = 0
    fake = fake / fake.sum(1, keepdim=True)
    p, q = fake.double().mean(0)[2:], real.double().mean(0)[2:]
    ratio = math.exp(-float((p * (p / q).log()).sum()))
    assert mode_score(real, fake) / inception_score(fake)[0] == pytest.approx(ratio, rel=1e-6)
    assert mode_score(sure([5, 5]), sure([10, 0])) == pytest.approx(0.5)     # IS 1, KL log 2


def test_the_training_marginal_in_the_first_term_would_be_the_inception_score():
    """The trap: E KL(p(y|x) || q) - KL(p(y) || q) is the inception score whatever q is, and the mode score is not."""
    real, fake = sure([1, 3, 6]), soft(50, 3, 1)
    p, q = fake.double(), real.double().mean(0)
    trapped = math.exp((p * (p / q).log()).sum(1).mean() - (p.mean(0) * (p.mean(0) / q).log()).sum())
    assert trapped == pytest.approx(inception_score(fake)[0], rel=1e-6)
    assert mode_score(real, fake) < 0.9 * trapped


def test_a_class_that_the_data_does_not_have_scores_zero():
    assert mode_score(sure([5, 5, 0]), sure([5, 5, 5])) == 0


def test_a_generator_of_three_classes_scores_lower_than_real_digits():
    data, train = load_data("digits", split="test"), load_data("digits")
    names = ["inception-score", "mode-score"]
    labels = train.gather(torch.arange(len(train)))["labels"]
    full, three = (evaluate(x, data, names) for x in (train.all(), train.all()[labels < 3]))
    for name in names:
        ideal = full[name].card.ideal
        assert 9 < ideal < 10 and full[name].value == pytest.approx(ideal, rel=0.05)
        assert full[name].card.interval[0] < full[name].value < full[name].card.interval[1]
        assert full[name].card.features["name"] == "judge-digits"
    assert three["inception-score"].value == pytest.approx(3, abs=0.1)
    assert three["mode-score"].value == pytest.approx(3 * 0.3, abs=0.1)      # KL(3 of 10 || 10) = log(10 / 3)
    ten = full["inception-score"].card.details
    assert ten["mean of 10 splits"] < full["inception-score"].value and ten["std of 10 splits"] > 0


def test_a_protocol_chooses_splits_and_shuffling():
    fake = soft(400, 5, 0)
    ours, published = (compute("inception-score", real=fake, fake=fake, protocol=name, seed=3)["inception-score"]
                       for name in ("zerosum", "torch-fidelity"))
    mean, std = inception_score(fake, splits=10, shuffle=3)
    assert published.value == mean != ours.value == inception_score(fake)[0]
    assert published.card.settings["splits"] == 10 and published.card.details["std of splits"] == std
    assert published.card.interval[0] < mean < published.card.interval[1]
    assert published.card.details["bias"] < 5 * ours.card.details["bias"] < 0      # each part has a tenth of them


def test_two_samples_have_no_interval():
    for name in ("inception-score", "mode-score"):
        score = compute(name, real=sure([1, 1]), fake=sure([1, 1]))[name]
        assert score.value == pytest.approx(2) and score.card.interval is None
        assert score.card.warnings == ("so few samples say nothing",)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: inception_score(torch.randn(5, 3)), UsageError, "no class probabilities: each must be >= 0 and add up to"),
    (lambda: inception_score(torch.ones(5, 3)), UsageError, "no class probabilities"),
    (lambda: inception_score(torch.tensor([[1.5, -0.5]])), UsageError, "no class probabilities"),
    (lambda: inception_score(torch.full((5, 3), torch.nan)), ZerosumError, "NaN or infinite"),
    (lambda: inception_score(torch.full((5, 3), torch.inf), logits=True), ZerosumError, "NaN or infinite"),
    (lambda: inception_score(torch.zeros(5)), UsageError, r"\(N, K\) with N >= 1, not \(5,\)"),
    (lambda: inception_score(torch.zeros(0, 3)), UsageError, r"not \(0, 3\)"),
    (lambda: inception_score(sure([5, 5]), splits=11), UsageError, "10 samples cannot be split into 11 parts"),
    (lambda: inception_score(sure([5, 5]), splits=0), UsageError, "into 0 parts"),
    (lambda: mode_score(sure([5, 5]), sure([5, 5, 5])), UsageError, "same classes, not 2 and 3"),
    (lambda: compute("mode-score", real=sure([5, 5]), fake=sure([5, 5, 5])), UsageError, "same width, not 2 and 3"),
    (lambda: compute("inception-score", real=sure([5, 5]), fake=sure([1, 0])), UsageError, "at least 2 fake"),
    (lambda: evaluate(torch.zeros(5, 2), "ring", "inception-score"), UsageError, "needs a judge that gives probab"),
])
def test_wrong_use_is_one_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)

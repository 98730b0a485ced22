"""Measures within classes: hand-computed means, which collapse each of them sees, small classes, and bad input."""

import pytest
import torch

from zerosum.core import UsageError, ZerosumError
from zerosum.metrics import compute
from zerosum.metrics.distribution.by_class import ByClass
from zerosum.metrics.distribution.class_diversity import class_diversity, mean_distance
from zerosum.metrics.distribution.class_fid import class_fid
from zerosum.metrics.distribution.fid import fid

CENTRES = 30 * torch.eye(5)


def draw(n: int, d: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + shift


def five_classes(each: int, seed: int, spread: float = 1.0, classes: int = 5) -> dict[str, torch.Tensor]:
    """Far clusters in five dimensions, one per class."""
    labels = torch.arange(classes).repeat(each)
    return {"features": CENTRES[labels] + spread * draw(len(labels), 5, seed), "labels": labels, "targets": labels}


def test_class_fid_is_the_mean_of_the_fids_of_the_classes():
    real, fake = five_classes(40, 0), five_classes(30, 1, 1.5)
    expected = [fid(real["features"][real["labels"] == c], fake["features"][fake["labels"] == c]) for c in range(5)]
    score = compute("class-fid", real=real, fake=fake)["class-fid"]
    assert score.value == pytest.approx(sum(expected) / 5, rel=1e-12)
    assert list(score.card.details["per class"].values()) == pytest.approx(expected, rel=1e-12)
    assert list(class_fid(real["features"], fake["features"], real["labels"], fake["labels"])) == list(range(5))
    judged = compute("class-fid-judged", real=real, fake=fake)["class-fid-judged"]
    assert judged.value == score.value and judged.card.settings["classes by"] == "labels"


def test_class_fid_sees_swapped_classes_and_fid_does_not():
    real, fake = five_classes(100, 0), five_classes(100, 1)
    fake["targets"] = (fake["targets"] + 1) % 5
    assert compute("class-fid", real=real, fake=fake)["class-fid"].value == pytest.approx(2 * 30 ** 2, rel=0.05)
    assert fid(real["features"], fake["features"]) < 1


def test_class_fid_of_a_set_and_itself_is_zero_and_its_interval_is_that_of_fresh_draws():
    same = compute("class-fid", real=five_classes(60, 0), fake=five_classes(60, 0))["class-fid"]
    assert abs(same.value) < 1e-6
    first, *fresh = [compute("class-fid", real=five_classes(200, s), fake=five_classes(200, s + 1, 1.5))["class-fid"]
                     for s in range(0, 22, 2)]
    low, high = first.card.interval
    assert sum(low < score.value < high for score in fresh) >= 6


def test_small_classes_are_named():
    real, fake = five_classes(100, 0), five_classes(100, 1)
    keep = (fake["labels"] != 3) | (torch.arange(500) < 15)              # three of class 3
    fake = {view: x[keep] for view, x in fake.items()}
    score = compute("class-fid", real=real, fake=fake)["class-fid"]
    assert "leaves out class 3, with fewer than 4 real or fake samples" in score.card.warnings[0]
    assert set(score.card.details["per class"]) == {"0", "1", "2", "4"}
    few = compute("class-fid", real=five_classes(20, 0), fake=five_classes(20, 1))["class-fid"]
    assert "few samples for 5 features in 5 classes: 0, 1, 2, 3, 4" in few.card.warnings[0]
    assert not compute("class-fid", real=five_classes(100, 0), fake=five_classes(100, 1))["class-fid"].card.warnings


def test_halves_are_of_each_class():
    groups = ByClass.of(torch.tensor([0, 0, 0, 0, 1, 1, 7]), torch.tensor([1, 1, 0, 0, 0, 0]), 2)
    assert groups.too_few == (7,)
    for half in groups.halves(5, 0):
        assert {c: tuple(map(len, pair)) for c, pair in half.items()} == {0: (2, 2), 1: (1, 1)}
        assert set(half[0][0].tolist()) < {0, 1, 2, 3} and set(half[1][1].tolist()) < {0, 1}


@pytest.mark.parametrize("d", [3, 600])
def test_mean_distance_is_that_of_all_pairs(d, monkeypatch):
    monkeypatch.setattr("zerosum.metrics.distribution.distances.BLOCK", 7)
    x = draw(23, d, 0)
    assert mean_distance(x) == pytest.approx(float(torch.pdist(x.double()).mean()), rel=1e-5)
    assert mean_distance(x[:1].repeat(9, 1)) == pytest.approx(0, abs=1e-6)


def test_diversity_is_the_ratio_of_spreads():
    real, fake = five_classes(300, 0), five_classes(300, 1, 0.4)
    score = compute("class-diversity", real=real, fake=fake)["class-diversity"]
    assert score.value == pytest.approx(0.4, abs=0.01)
    assert score.card.interval[0] < 0.4 < score.card.interval[1]
    assert score.card.interval[1] - score.card.interval[0] < 0.05
    assert compute("class-diversity", real=real, fake=real)["class-diversity"].value == 1


def collapses(fake: dict[str, torch.Tensor]) -> tuple[float, float]:
    """Classes covered, and diversity within them, of fakes against five real classes."""
    real = five_classes(200, 0)
    return (compute("classes", real=real["labels"], fake=fake["labels"])["classes"].value,
            compute("class-diversity", real=real, fake=fake)["class-diversity"].value)


def test_each_collapse_is_seen_by_its_own_measure():
    covered, diversity = collapses(five_classes(300, 1, classes=3))                  # between classes
    assert covered == 3 and diversity == pytest.approx(1, abs=0.05)
    covered, diversity = collapses(five_classes(200, 1, spread=0.0))                 # within classes
    assert covered == 5 and diversity == pytest.approx(0, abs=1e-6)
    covered, diversity = collapses(five_classes(200, 1))                             # neither
    assert covered == 5 and diversity == pytest.approx(1, abs=0.05)


def test_classes_that_say_little_are_named():
    warnings = compute("class-diversity", real=five_classes(200, 0), fake=five_classes(10, 1))["class-diversity"].card
    assert warnings.warnings == ("fewer than 20 samples in 5 classes: 0, 1, 2, 3, 4",)


def test_the_seed_decides():
    def interval(name, seed):
        return compute(name, real=five_classes(50, 0), fake=five_classes(50, 1), seed=seed)[name].card.interval

    for name in ("class-fid", "class-diversity"):
        assert interval(name, 0) == interval(name, 0) != interval(name, 1)


ALIKE = {"features": torch.ones(20, 3), "labels": torch.zeros(20, dtype=torch.int64)}


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: compute("class-fid", real=draw(9, 2, 0), fake=draw(9, 2, 0)), UsageError, "looks at several views"),
    (lambda: compute("class-fid-judged", real=ALIKE, fake=ALIKE | {"labels": torch.ones(20, dtype=torch.int64)}),
     UsageError, "no class has 4 real and 4 fake samples"),
    (lambda: class_diversity(*[draw(6, 2, 0)] * 2, *[torch.arange(6)] * 2), UsageError, "no class has 4 real"),
    (lambda: compute("class-diversity", real=ALIKE, fake=ALIKE), ZerosumError, "real samples of each class are"),
])
def test_wrong_use_is_one_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_constant_features_have_a_class_fid():
    assert compute("class-fid-judged", real=ALIKE, fake=ALIKE)["class-fid-judged"].value == 0

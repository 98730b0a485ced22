"""Diversity by MS-SSIM: one image only, real images and noise in their order, within classes, and wrong use."""

import pytest
import torch

from zerosum.core import UsageError
from zerosum.data import load_data
from zerosum.metrics import compute
from zerosum.metrics.distribution.ms_ssim_diversity import similarity
from zerosum.metrics.paired.ssim import ms_ssim


@pytest.fixture(scope="module")
def digits() -> dict[str, torch.Tensor]:
    """400 real digits with their classes, in random order."""
    data = load_data("digits")
    rows = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:400]
    batch = data.gather(rows)
    return {"samples": batch["x"].float() / 127.5 - 1, "targets": batch["labels"]}


def half(set_: dict[str, torch.Tensor], number: int) -> dict[str, torch.Tensor]:
    return {view: x.chunk(2)[number] for view, x in set_.items()}


def scores(name: str, real, fake, **more):
    [score] = compute(name, real=real, fake=fake, **more).values()
    return score


def test_no_image_is_in_two_pairs_and_values_are_ms_ssim(digits):
    x = digits["samples"][:5]
    found = similarity(x)
    assert len(found) == 2
    every = {round(float(ms_ssim(x[i:i + 1], x[j:j + 1])), 6) for i in range(5) for j in range(5) if i != j}
    assert {round(float(value), 6) for value in found} <= every
    assert len(similarity(digits["samples"], pairs=7)) == 7


def test_one_image_only_is_one(digits):
    alike = digits["samples"][:1].repeat(100, 1, 1, 1)
    score = scores("ms-ssim-diversity", digits["samples"], alike)
    assert score.value == pytest.approx(1, abs=1e-5) and score.card.ideal < 0.5


def test_collapsed_images_lie_above_the_real_ones_and_noise_below(digits):
    real, other = half(digits, 0)["samples"], half(digits, 1)["samples"]
    five = other[:5].repeat(40, 1, 1, 1)
    noise = torch.rand(other.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    same, few, random = (scores("ms-ssim-diversity", real, fake) for fake in (other, five, noise))
    assert same.card.interval[0] < same.card.ideal < same.card.interval[1]
    assert few.card.interval[0] > few.card.ideal
    assert random.card.interval[1] < random.card.ideal


def test_within_classes_the_mean_is_over_classes(digits):
    real, fake = half(digits, 0), half(digits, 1)
    score = scores("class-ms-ssim-diversity", real, fake)
    per_class = score.card.details["per class"]
    assert len(per_class) == 10 and score.value == pytest.approx(sum(per_class.values()) / 10, rel=1e-12)
    rows = fake["targets"] == 3
    assert per_class["3"] == pytest.approx(float(similarity(fake["samples"][rows]).mean()), rel=1e-6)
    assert score.value > scores("ms-ssim-diversity", real["samples"], fake["samples"]).value    # more alike


def test_within_classes_one_image_each_is_one_though_all_differ(digits):
    first = torch.stack([(digits["targets"] == c).nonzero()[0, 0] for c in range(10)]).repeat(10)
    fake = {view: x[first] for view, x in digits.items()}
    assert scores("class-ms-ssim-diversity", digits, fake).value == pytest.approx(1, abs=1e-5)
    assert scores("ms-ssim-diversity", digits["samples"], fake["samples"]).value < 0.6


def test_the_seed_decides_and_few_pairs_are_said(digits):
    x = digits["samples"]
    first, again, other = (scores("ms-ssim-diversity", x, x[:50], seed=seed) for seed in (0, 0, 1))
    assert first == again and first.value != other.value
    assert first.card.warnings == ("fewer than 100 pairs say little",)
    assert scores("ms-ssim-diversity", x, x[:3]).card.warnings == ("1 pairs say nothing",)


@pytest.mark.parametrize(("x", "message"), [
    (torch.zeros(9, 3), r"compares images \(N, C, H, W\), at least two, not \(9, 3\)"),
    (torch.zeros(9, 1, 8, 8), "11"),
])
def test_wrong_use_is_one_line(x, message):
    with pytest.raises(UsageError, match=message) as caught:
        compute("ms-ssim-diversity", real=x, fake=x)
    assert "\n" not in str(caught.value)

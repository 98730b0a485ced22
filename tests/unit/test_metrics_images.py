"""Judges proven on real data, and what they see of collapsed and blurred samples."""

import math

import pytest
import torch
from torch.nn.functional import avg_pool2d, pad

from zerosum.core import DataSpec, UsageError
from zerosum.data import ArrayDataset, load_data
from zerosum.metrics import compute, evaluate
from zerosum.metrics.distribution.high_frequency import high_frequency_share, spectral_energy
from zerosum.metrics.features import Pixels, extractor_for, fit_images
from zerosum.metrics.features.judge import judge, labels_of, photo_features
from zerosum.metrics.features.svc import svc_judge


@pytest.fixture(scope="module")
def test_digits():
    return load_data("digits", split="test")


@pytest.fixture(scope="module")
def train_digits():
    return load_data("digits", split="train")


def accuracy(classifier, data) -> float:
    return (classifier.classify(data.all()) == labels_of(data)).double().mean().item()


def test_judge_of_digits_is_right_on_test_images_and_says_how_often(test_digits):
    assert judge("digits").accuracy == accuracy(judge("digits"), test_digits) >= 0.985


@pytest.mark.parametrize("size", [8, 16, 64])
def test_judge_of_digits_is_right_at_other_sizes(size):
    assert accuracy(judge("digits"), load_data("digits", split="test", image_size=size)) >= 0.97


@pytest.mark.parametrize("size", [8, 16, 32])
def test_support_vector_machine_is_the_catalogues(size):
    data = load_data("digits", split="test", image_size=size)
    assert svc_judge(size).accuracy == accuracy(svc_judge(size), data) >= 0.985


def test_features_have_unit_mean_square_and_probabilities_add_up(train_digits):
    found = judge("digits")(train_digits.all())
    assert found.shape == (1350, 64) and found.dtype == torch.float32
    assert found.square().mean().item() == pytest.approx(1, rel=1e-4)
    probabilities = judge("digits").probabilities(train_digits.all())
    torch.testing.assert_close(probabilities.sum(1), torch.ones(1350))
    assert torch.equal(probabilities.argmax(1), judge("digits").classify(train_digits.all()))


def test_images_of_another_size_are_resized_with_antialiasing_and_the_card_says_so(test_digits):
    stripes = torch.ones(1, 1, 32, 32)
    stripes[..., ::2] = -1
    assert fit_images(stripes, (1, 8, 8)).abs().max() < 0.2          # bare subsampling would keep -1 or 1
    small = load_data("digits", image_size=16).all()
    card = evaluate(small[:50], test_digits, "fid")["fid"].card
    assert card.features["resize"] == "resized to 32x32, bilinear, antialiased"
    assert (card.image_size, card.fake_size) == ((32, 32), (16, 16))


def test_colour_is_averaged_for_a_judge_of_grey_images(test_digits):
    grey = test_digits.all()[:20]
    assert torch.equal(judge("digits").classify(grey.expand(-1, 3, -1, -1)), judge("digits").classify(grey))


def test_extractors_by_name(test_digits):
    assert extractor_for("auto", test_digits) is judge("digits")
    assert extractor_for("svc", test_digits) is svc_judge(32)
    assert extractor_for("pixels", test_digits)(test_digits.all()[:3]).shape == (3, 64)
    assert extractor_for("auto", load_data("photos", split="test")) is photo_features()
    assert extractor_for("photos", test_digits) is photo_features()
    anonymous = ArrayDataset(test_digits.x, DataSpec((1, 32, 32)), name="given samples")
    assert extractor_for("auto", anonymous) is photo_features()
    assert extractor_for("pixels", load_data("photos", split="test")).name == "pixels-8x8"
    assert extractor_for("auto", load_data("ring")).dim == 2
    with pytest.raises(UsageError, match=r"unknown feature extractor 'judg' \(did you mean judge\?\)"):
        extractor_for("judg", test_digits)
    with pytest.raises(UsageError, match="no judge for photos"):
        extractor_for("judge", load_data("photos", split="test"))
    with pytest.raises(UsageError, match="knows digits only, not photos"):
        extractor_for("svc", load_data("photos", split="test"))
    with pytest.raises(UsageError, match="their own features"):
        extractor_for("judge", load_data("ring"))


@pytest.mark.parametrize("features", ["judge", "svc"])
def test_a_generator_of_three_classes_covers_three(train_digits, test_digits, features):
    labels = labels_of(train_digits)
    scores = evaluate(train_digits.all()[labels < 3], test_digits, "classes", features=features)
    assert scores["classes"].value == 3
    assert scores["classes"].card.ideal == 10
    assert scores["class-kl"].value == pytest.approx(math.log(10 / 3), abs=0.1)
    everything = evaluate(train_digits.all(), test_digits, "classes", features=features)
    assert everything["classes"].value == 10
    assert everything["class-kl"].value < 0.02


def test_class_histogram_divergence_is_its_formula():
    real, fake = torch.tensor([0] * 50 + [1] * 50), torch.tensor([0] * 25 + [1] * 75)
    expected = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert compute("classes", real=real, fake=fake)["class-kl"].value == pytest.approx(expected, rel=1e-12)
    foreign = compute("classes", real=real, fake=fake + 1)["class-kl"]
    assert foreign.value == math.inf
    assert foreign.to_json()["value"] is None


def test_confidence_falls_on_noise(test_digits):
    noise = torch.rand(300, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    noisy = evaluate(noise, test_digits, "confidence")["confidence"]
    assert noisy.card.ideal > 0.95
    assert noisy.card.interval[1] < 0.9
    with pytest.raises(UsageError, match="needs a judge that gives probabilities, and svc-digits gives none"):
        evaluate(noise, test_digits, "confidence", features="svc")


@pytest.mark.parametrize("size", [8, 32])
def test_blurred_images_have_less_high_frequency_and_noisy_ones_more(size):
    data = load_data("digits", split="test", image_size=size)
    x = load_data("digits", image_size=size).all()[:400]
    noise = 0.2 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    plain, blurred, noisy = (evaluate(images, data, "high-frequency")["high-frequency"].value
                             for images in (x, avg_pool2d(pad(x, [1] * 4, mode="replicate"), 3, 1), x + noise))
    assert blurred < 0.8 * plain < 1.05 * plain < noisy
    reading = evaluate(x, data, "high-frequency")["high-frequency"]
    assert reading.value == pytest.approx(reading.card.ideal, rel=0.1)
    assert reading.card.interval[0] < reading.value < reading.card.interval[1]


@pytest.mark.parametrize("width", [16, 15])
def test_spectral_energy_is_that_of_the_whole_plane(width):
    """Parseval: all energy but the mean's is the variance times the number of pixels."""
    x = torch.randn(3, 2, 12, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = x.var((2, 3), unbiased=False).sum(1) * 12 * width
    torch.testing.assert_close(spectral_energy(x)[:, 1], expected, rtol=1e-12, atol=0)


def test_waves_fall_on_their_side_of_half_nyquist():
    column = torch.arange(32, dtype=torch.float64) + 0.5
    for cycles, share in ((4, 0.0), (7.5, 0.0), (8.5, 1.0), (15.5, 1.0)):
        wave = torch.cos(2 * math.pi * cycles * column / 32).expand(1, 1, 32, 32)
        assert high_frequency_share(spectral_energy(wave)) == pytest.approx(share, abs=1e-9)
    assert high_frequency_share(spectral_energy(torch.ones(2, 1, 8, 8))) == 0


def test_a_slope_has_no_high_frequencies_though_its_borders_differ():
    slope = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32)
    assert high_frequency_share(spectral_energy(slope)) < 1e-4


def test_pixels_are_the_image_made_small():
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(Pixels(3)(x), x.flatten(1))
    torch.testing.assert_close(Pixels(1)(torch.full((1, 1, 40, 24), 0.5)), torch.full((1, 64), 0.5))

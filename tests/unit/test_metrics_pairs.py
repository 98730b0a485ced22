"""Comparing predictions with their targets: scores with cards, from arrays and folders, and every wrong use."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from zerosum.cli import main
from zerosum.core import UsageError, ZerosumError
from zerosum.metrics import Score
from zerosum.metrics.features import Pixels
from zerosum.metrics.features.judge import judge
from zerosum.metrics.paired import PAIRED, compare_folders, compare_pairs, perceptual_distance, psnr, ssim
from zerosum.metrics.paired import compare as door


def pairs(n=30, channels=3, side=32, scale=0.2):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(n, channels, side, side, generator=generator) * 2 - 1
    return (x + scale * torch.randn(x.shape, generator=generator)).clamp(-1, 1), x


def maps(n=40):
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(3, (n, 8, 8), generator=generator)
    hit = torch.rand(target.shape, generator=generator) < 0.7
    return torch.where(hit, target, torch.randint(3, target.shape, generator=generator)), target


def test_scores_are_means_over_images_with_a_card():
    y, x = pairs()
    scores = compare_pairs("ssim,psnr", prediction=y, target=x)
    assert list(scores) == ["ssim", "psnr"]
    values = psnr(y, x).double()
    assert float(scores["psnr"]) == pytest.approx(values.mean().item(), rel=1e-6)
    low, high = scores["psnr"].card.interval
    assert (low + high) / 2 == pytest.approx(values.mean().item(), rel=1e-6)
    assert (high - low) / 2 == pytest.approx(2.04523 * values.std().item() / math.sqrt(30), rel=1e-4)
    card = scores["ssim"].card
    assert (card.n_real, card.n_fake, card.image_size, card.better, card.ideal) == (30, 30, (32, 32), "higher", 1.0)
    assert card.settings["data_range"] == 2.0 and "sigma 1.5" in card.settings["window"] and not card.quantised
    assert card.interval_method == "Student, over images"


def test_batches_change_nothing(monkeypatch):
    y, x = pairs(7)
    whole = compare_pairs("psnr,ssim", prediction=y, target=x)
    monkeypatch.setattr(door, "AT_A_TIME", 2 * x[0].numel())
    parts = compare_pairs("psnr,ssim", prediction=y, target=x)
    assert [float(s) for s in parts.values()] == pytest.approx([float(s) for s in whole.values()], rel=1e-6)


def test_bytes_are_images_in_minus_one_to_one():
    y, x = (((side + 1) * 127.5).round().to(torch.uint8) for side in pairs())
    score = compare_pairs("ssim", prediction=y.numpy(), target=x.numpy())["ssim"]
    assert float(score) == pytest.approx(ssim(y / 127.5 - 1, x / 127.5 - 1).mean().item(), rel=1e-5)
    assert score.card.quantised and "8 bit" in str(score)


def test_equal_pairs_are_ideal_and_can_be_printed_and_kept():
    _, x = pairs()
    scores = compare_pairs("psnr,ssim,ms-ssim,lpips", prediction=x, target=x, features=judge("shapes"))
    assert [float(score) for score in scores.values()] == [math.inf, 1, 1, 0]
    assert scores["psnr"].card.interval is None and "30 of 30 pairs are equal" in str(scores["psnr"])
    for score in scores.values():
        assert Score.from_json(json.loads(json.dumps(score.to_json(), allow_nan=False))).card.settings
    labels = maps()[1]
    perfect = compare_pairs("miou,dice,pixel-accuracy", prediction=labels, target=labels)
    assert [float(score) for score in perfect.values()] == [1, 1, 1]
    assert perfect["miou"].card.interval == (1, 1)


def test_lpips_says_which_network_and_weights():
    y, x = pairs(4)
    network = judge("shapes")
    uniform = compare_pairs("lpips", prediction=y, target=x, features=network)["lpips"]
    assert float(uniform) == pytest.approx(perceptual_distance(y, x, network).mean().item(), rel=1e-6)
    assert uniform.card.features["weights_hash"] == network.weights_hash
    assert "no number of the published" in str(uniform)
    weights = [torch.full((layer.shape[1],), 0.5) for layer in network.layers(x[:1])]
    halved = compare_pairs("lpips", prediction=y, target=x, features=network, weights=weights)["lpips"]
    assert float(halved) == pytest.approx(float(uniform) / 2, rel=1e-5)
    assert halved.card.settings["channel_weights"] != uniform.card.settings["channel_weights"]
    assert not halved.card.warnings


def test_fewer_scales_are_said():
    y, x = pairs(2)
    score = compare_pairs("ms-ssim", prediction=y, target=x)["ms-ssim"]
    assert score.card.settings["scales"] == 2 and "room for 2 of 5 scales" in str(score)
    y, x = pairs(2, channels=1, side=176)
    assert not compare_pairs("ms-ssim", prediction=y, target=x)["ms-ssim"].card.warnings


def test_images_between_zero_and_one_are_noted():
    y, x = pairs(2)
    assert "images in [0, 1]" in str(compare_pairs("psnr", prediction=y.abs(), target=x.abs())["psnr"])
    assert not compare_pairs("psnr", prediction=y, target=x)["psnr"].card.warnings


def test_label_maps_are_counted_over_all_with_a_resampled_interval():
    said, true = maps()
    scores = compare_pairs("miou,pixel-accuracy", prediction=said.numpy(), target=true)
    right = float((said == true).double().mean())
    accuracy = scores["pixel-accuracy"]
    assert float(accuracy) == pytest.approx(right)
    # The spread of a share of 64 pixels in each of 40 images.
    reach = 1.96 * float((said == true).double().mean((1, 2)).std()) / math.sqrt(40)
    assert accuracy.card.interval == pytest.approx((right - reach, right + reach), abs=0.3 * reach)
    per_class = scores["miou"].card.details["per_class"]
    assert float(scores["miou"]) == pytest.approx(sum(per_class) / 3)
    few = compare_pairs("miou", prediction=said[:3], target=true[:3], ignore=0)["miou"]
    assert few.card.settings["ignore"] == 0 and "3 images" in few.card.warnings[0]
    assert compare_pairs("miou", prediction=said[:1], target=true[:1])["miou"].card.interval is None


IMAGES, LABELS = torch.zeros(3, 3, 16, 16), torch.zeros(3, 16, 16, dtype=torch.int64)


@pytest.mark.parametrize(("names", "prediction", "target", "error", "said"), [
    ("ssm", IMAGES, IMAGES, UsageError, "did you mean ssim"), ([], IMAGES, IMAGES, UsageError, "no metric is named"),
    ("psnr", IMAGES[:2], IMAGES, UsageError, "2 predictions and 3 targets"),
    ("psnr", IMAGES[..., 1:], IMAGES, UsageError, "a prediction is 3x16x15 and a target 3x16x16"),
    ("psnr", IMAGES[:0], IMAGES[:0], UsageError, "no pairs"),
    ("psnr", LABELS, LABELS, UsageError, "psnr compares images"),
    ("miou", IMAGES, IMAGES, UsageError, "miou compares label maps"),
    ("miou", LABELS.float(), LABELS.float(), UsageError, "whole numbers"),
    ("ssim", IMAGES[..., :8, :8], IMAGES[..., :8, :8], UsageError, "at least 11 x 11"),
    ("psnr", IMAGES + 255, IMAGES, UsageError, r"must lie in \[-1, 1\]"),
    ("psnr", IMAGES * math.nan, IMAGES, ZerosumError, "predictions .* are NaN or infinite"),
    ("psnr", IMAGES, IMAGES * math.nan, ZerosumError, "targets .* are NaN or infinite")])
def test_what_cannot_be_compared_is_refused(names, prediction, target, error, said):
    with pytest.raises(error, match=said):
        compare_pairs(names, prediction=prediction, target=target)


def test_lpips_needs_layers():
    with pytest.raises(UsageError, match="pixels-8x8 has none"):
        compare_pairs("lpips", prediction=IMAGES, target=IMAGES, features=Pixels(3))


# Folders -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    """Three pictures and their noisy versions."""
    y, x = (((side + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy() for side in pairs(3, side=24))
    for name, images in (("real", x), ("fake", y)):
        (tmp_path / name).mkdir()
        for number, image in enumerate(images):
            Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_folders_are_compared_by_name(folders, capsys):
    y, x = (side.mul(127.5).add(127.5).round().div(127.5).sub(1) for side in pairs(3, side=24))
    line = f"evaluate --paired --real {folders}/real --fake {folders}/fake --metrics psnr,lpips --json"
    assert main(line.split()) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["psnr"]["value"] == pytest.approx(psnr(y, x).mean().item(), rel=1e-5)
    assert found["lpips"]["card"]["features"]["name"] == "features-photos"
    assert found["psnr"]["card"]["data"].endswith("real") and not found["psnr"]["card"]["warnings"]


def test_other_names_are_paired_in_order_and_noted(folders):
    (folders / "fake" / "1.png").rename(folders / "fake" / "1-again.png")
    score = compare_folders("psnr", prediction=str(folders / "fake"), target=str(folders / "real"))["psnr"]
    assert "1 of 3 files have other names and are paired in order: 1-again with 1" in str(score)


@pytest.mark.parametrize(("flags", "said"), [
    ("--real {0}/real --fake {0}/fake", "holds 2 images and {0}/real 3: they must be pairs, and 1 is alone"),
    ("--real {0}/real", "--paired compares two sets"),
    ("--real {0}/real --fake {0}/real --metrics ssm", "did you mean ssim"),
    ("--real {0}/real --fake {0}/real --metrics miou", "miou compares label maps"),
    ("--real {0}/real --fake {0}/real --features pixels", "leave out"),
    ("--real digits --fake {0}/real", "digits is built-in data"),
    ("--real {0}/real --fake {0}/nowhere", "nowhere")])
def test_wrong_use_is_one_line(flags, said, folders, capsys):
    (folders / "fake" / "1.png").unlink()
    assert main(["evaluate", "--paired", *flags.format(folders).split()]) == 2
    assert said.format(folders) in capsys.readouterr().err.splitlines()[-1]


def test_every_name_can_be_asked_for():
    images, labels = pairs(2), maps(2)
    for name in PAIRED:
        y, x = labels if name in door.LABEL_METRICS else images
        assert list(compare_pairs(name, prediction=y, target=x)) == [name]

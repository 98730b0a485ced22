"""PSNR, SSIM, MS-SSIM, the LPIPS form and overlaps of label maps: closed forms, recorded values, degenerate pairs."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from zerosum.core import UsageError, ZerosumError
from zerosum.metrics.features import Layers
from zerosum.metrics.features.judge import judge
from zerosum.metrics.paired import (
    mean_dice,
    mean_iou,
    ms_ssim,
    perceptual_distance,
    pixel_accuracy,
    psnr,
    published_weights,
    ssim,
)
from zerosum.metrics.paired.lpips import EPSILON
from zerosum.metrics.paired.ssim import C1, C2, WEIGHTS, WINDOW, scales_of


def waves(height, width, channels):
    """A pair of images (1, C, H, W) in [-1, 1] by a formula, which the recordings below used too."""
    i, j, k = np.ogrid[:height, :width, :channels]
    x = np.sin(0.11 * i + 0.23 * j * (k + 1)) * np.cos(0.05 * i * j / (k + 1) + k)
    y = 0.8 * x + 0.15 * np.cos(0.7 * i + 0.3 * j + k) - 0.05
    return (torch.from_numpy(side).permute(2, 0, 1)[None] for side in (x, y))


def noise(*shape, seed=0, dtype=torch.float64):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 2 - 1


class Network(nn.Module):
    """Two layers of a random network of colour images."""

    name, weights_hash = "random", ""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.parts = nn.ModuleList([nn.Conv2d(3, 5, 3, dtype=torch.float64),
                                        nn.Conv2d(5, 7, 3, stride=2, dtype=torch.float64)]).requires_grad_(False)

    def layers(self, x):
        first = self.parts[0](x).relu()
        return [first, self.parts[1](first).relu()]


# PSNR ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.5, -0.01, 2.0])
def test_psnr_of_a_shift_is_the_formula(shift):
    x = noise(3, 2, 5, 7)
    assert psnr(x, x + shift).tolist() == pytest.approx([20 * math.log10(2 / abs(shift))] * 3, rel=1e-9, abs=1e-9)


def test_psnr_is_of_each_pair_and_infinite_for_an_equal_one():
    x = noise(2, 1, 4, 4)
    y = torch.stack([x[0], x[1] + 0.2])
    assert psnr(x, y).tolist() == [math.inf, pytest.approx(20)]
    assert torch.equal(psnr(x, y), psnr(y, x))


# SSIM ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "recorded"), [
    ((32, 32, 1), 0.6329184894190929), ((40, 57, 3), 0.6057963892660531),
    ((11, 11, 1), 0.8157488599208215), ((181, 200, 3), 0.33382805913029684)])
def test_ssim_is_that_of_scikit_image(size, recorded):
    """scikit-image 0.26.0, structural_similarity(gaussian_weights=True, use_sample_covariance=False, sigma=1.5,
    data_range=2, channel_axis=-1)."""
    assert ssim(*waves(*size)).item() == pytest.approx(recorded, rel=1e-12)


@pytest.mark.parametrize(("size", "recorded"), [
    ((176, 192, 3), 0.5793601695927312), ((256, 176, 1), 0.5856292972451277)])
def test_ms_ssim_is_that_of_pytorch_msssim(size, recorded):
    """pytorch-msssim 1.0.0, ms_ssim(data_range=2) in float64; its window is rounded to float32."""
    assert ms_ssim(*waves(*size)).item() == pytest.approx(recorded, rel=1e-7)


def test_ssim_of_flat_images_is_the_luminance_term():
    x, y = torch.full((1, 3, 16, 16), 0.5, dtype=torch.float64), torch.full((1, 3, 16, 16), -0.25, dtype=torch.float64)
    assert ssim(x, y).item() == pytest.approx((2 * 0.5 * -0.25 + C1) / (0.25 + 0.0625 + C1), rel=1e-12)


def test_ssim_of_one_window_is_its_definition():
    x, y = noise(1, 1, WINDOW, WINDOW, seed=1), noise(1, 1, WINDOW, WINDOW, seed=2)
    steps = np.arange(WINDOW) - 5
    w = np.exp(-(steps[:, None] ** 2 + steps ** 2) / (2 * 1.5**2))
    w /= w.sum()
    a, b = x[0, 0].numpy(), y[0, 0].numpy()
    mean_a, mean_b = (w * a).sum(), (w * b).sum()
    var_a, var_b = (w * (a - mean_a) ** 2).sum(), (w * (b - mean_b) ** 2).sum()
    covariance = (w * (a - mean_a) * (b - mean_b)).sum()
    expected = (2 * mean_a * mean_b + C1) * (2 * covariance + C2) / (
        (mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))
    assert ssim(x, y).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", [ssim, ms_ssim])
def test_similarity_is_one_for_equal_images_symmetric_and_of_each_pair(measure):
    x, y = noise(3, 3, 45, 50, seed=1, dtype=torch.float32), noise(3, 3, 45, 50, seed=2, dtype=torch.float32)
    assert measure(x, x).tolist() == [1.0] * 3
    y = torch.cat([(x + 0.1 * y)[:1], (x + 0.5 * y)[1:]])
    assert torch.allclose(measure(x, y), measure(y, x), atol=1e-7)
    assert torch.allclose(measure(x, y), torch.cat([measure(x[i:i + 1], y[i:i + 1]) for i in range(3)]), atol=1e-6)
    assert measure(x, y)[0] > measure(x, y)[1] + 0.1


def test_ssim_is_the_mean_over_channels():
    x, y = waves(30, 20, 3)
    assert ssim(x, y).item() == pytest.approx(np.mean([ssim(x[:, [c]], y[:, [c]]).item() for c in range(3)]), rel=1e-12)


def test_scales_are_those_whose_window_fits():
    sides = (11, 21, 22, 43, 44, 87, 88, 175, 176, 500)
    assert [scales_of(side, 500) for side in sides] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_one_scale_is_ssim_to_the_sum_of_exponents():
    x, y = waves(21, 40, 2)
    each = torch.cat([ssim(x[:, [c]], y[:, [c]]) for c in range(2)])
    assert ms_ssim(x, y).item() == pytest.approx((each ** sum(WEIGHTS)).mean().item(), rel=1e-9)
    assert ms_ssim(*waves(32, 32, 1), scales=1).item() != pytest.approx(ms_ssim(*waves(32, 32, 1)).item(), abs=1e-3)


def test_ms_ssim_of_a_negative_is_zero():
    x, _ = waves(176, 176, 1)
    assert ms_ssim(x, -x).item() == 0


def test_ssim_leaves_autocast():
    x, y = (side.float() for side in waves(64, 64, 1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = ssim(x, y)
    assert torch.equal(inside, ssim(x, y))


# LPIPS form ----------------------------------------------------------------------------------------------------------


def test_perceptual_distance_is_its_definition():
    network, x, y = Network(), noise(2, 3, 12, 10, seed=1), noise(2, 3, 12, 10, seed=2)
    weights = [torch.rand(5, dtype=torch.float64), torch.rand(7, dtype=torch.float64)]
    expected = []
    for one, other in zip(x, y, strict=True):
        total = 0.0
        for a, b, w in zip(network.layers(one[None]), network.layers(other[None]), weights, strict=True):
            for i, j in np.ndindex(*a.shape[2:]):
                u, v = a[0, :, i, j], b[0, :, i, j]
                u, v = u / (u.square().sum().sqrt() + EPSILON), v / (v.square().sum().sqrt() + EPSILON)
                total += float((w * (u - v) ** 2).sum()) / (a.shape[2] * a.shape[3])
        expected.append(total)
    assert perceptual_distance(x, y, network, weights).tolist() == pytest.approx(expected, rel=1e-9)


def test_weights_of_one_are_the_default_and_equal_images_are_at_zero():
    network, x, y = Network(), noise(2, 3, 12, 10, seed=1), noise(2, 3, 12, 10, seed=2)
    assert isinstance(network, Layers)
    ones = [torch.ones(5), torch.ones(7)]
    assert torch.equal(perceptual_distance(x, y, network), perceptual_distance(x, y, network, ones))
    assert perceptual_distance(x, x, network).tolist() == [0, 0]
    assert torch.allclose(perceptual_distance(x, y, network), perceptual_distance(y, x, network), rtol=1e-12)


def test_vgg_takes_the_input_of_the_published_distance():
    from zerosum.metrics.features.vgg import imagenet_scaled

    x = noise(2, 3, 4, 4)
    shift, scale = (torch.tensor(v, dtype=torch.float64).view(3, 1, 1) for v in (  # its ScalingLayer's constants
        (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)))
    assert torch.allclose(imagenet_scaled(x), (x - shift) / scale, atol=1e-12)


def test_a_shipped_network_sees_that_more_noise_is_further():
    digits = noise(4, 1, 32, 32, dtype=torch.float32)
    little, much = (digits + scale * noise(4, 1, 32, 32, seed=1, dtype=torch.float32) for scale in (0.1, 0.5))
    near, far = (perceptual_distance(digits, other, judge("digits")) for other in (little, much))
    assert (near > 0).all() and (near < far).all()


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_published_weights_are_read(tmp_path, suffix):
    from safetensors.torch import save_file

    state = {f"lin{k}.model.1.weight": torch.rand(1, width, 1, 1) for k, width in enumerate((5, 7))}
    path = tmp_path / f"vgg.{suffix}"
    torch.save(state, path) if suffix == "pth" else save_file(state, path)
    found = published_weights(path)
    assert [torch.equal(a, b.flatten()) for a, b in zip(found, state.values(), strict=True)] == [True, True]
    x, y = noise(1, 3, 12, 10, seed=1), noise(1, 3, 12, 10, seed=2)
    assert perceptual_distance(x, y, Network(), found).item() > 0


@pytest.mark.parametrize(("state", "said"), [
    ({"features.0.weight": torch.zeros(3)}, "holds no weights of LPIPS"),
    ({}, "holds no weights of LPIPS"),
    ({"lin1.model.1.weight": torch.zeros(1, 3, 1, 1)}, "holds no weights of LPIPS"),
    ({"lin0.model.1.weight": -torch.ones(1, 3, 1, 1)}, "not negative"),
    ({"lin0.model.1.weight": torch.full((1, 3, 1, 1), math.nan)}, "not negative"),
    ({"lin0.model.1.weight": torch.ones(3, 3, 1, 1)}, r"must be \(1, C, 1, 1\)")])
def test_other_weights_are_refused(tmp_path, state, said):
    torch.save(state, tmp_path / "vgg.pth")
    with pytest.raises(UsageError, match=said):
        published_weights(tmp_path / "vgg.pth")


def test_unreadable_weights_are_refused_in_one_line(tmp_path):
    (tmp_path / "vgg.pth").write_bytes(b"not weights")
    for name in ("vgg.pth", "nowhere.pth"):
        with pytest.raises(UsageError, match="cannot be read as weights") as caught:
            published_weights(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_weights_must_fit_the_layers():
    x = noise(1, 3, 12, 10)
    with pytest.raises(UsageError, match=r"\[5\] channels, but those of random have \[5, 7\]"):
        perceptual_distance(x, x, Network(), [torch.ones(5)])


# Label maps ----------------------------------------------------------------------------------------------------------

TRUE = torch.tensor([[[0, 0, 1, 1]], [[0, 3, 3, 255]]])
SAID = torch.tensor([[[0, 1, 1, 1]], [[0, 3, 4, 0]]])


def test_overlaps_are_counted_over_all_images():
    # Without the ignored pixel: class 0: TP 2, FP 0, FN 1; 1: 2, 1, 0; 2: nowhere; 3: 1, 0, 1; 4: 0, 1, 0.
    assert mean_iou(SAID, TRUE, ignore=255) == pytest.approx((2 / 3 + 2 / 3 + 1 / 2 + 0) / 4)
    assert mean_dice(SAID, TRUE, ignore=255) == pytest.approx((4 / 5 + 4 / 5 + 2 / 3 + 0) / 4)
    assert pixel_accuracy(SAID, TRUE, ignore=255) == pytest.approx(5 / 7)


def test_overlap_of_equal_maps_is_one_and_of_others_symmetric():
    a, b = (torch.randint(5, (3, 8, 9), generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    for measure in (mean_iou, mean_dice, pixel_accuracy):
        assert measure(a, a) == 1
        assert measure(a, b) == pytest.approx(measure(b, a))
        assert measure(a.to(torch.uint8), b.to(torch.uint8)) == pytest.approx(measure(a, b))


def test_the_ignored_label_as_a_prediction_is_a_missed_pixel():
    assert mean_iou(torch.tensor([[[0, 255]]]), torch.tensor([[[0, 0]]]), ignore=255) == 0.5
    assert pixel_accuracy(torch.tensor([[[0, 255]]]), torch.tensor([[[0, 0]]]), ignore=255) == 0.5


@pytest.mark.parametrize(("prediction", "target", "error", "said"), [
    (SAID, TRUE.float(), UsageError, "whole numbers"), (SAID[:1], TRUE, UsageError, "one shape"),
    (SAID, TRUE - 1, UsageError, "labels must lie between 0"), (SAID, TRUE * 100, UsageError, "labels must lie"),
    (SAID, torch.full_like(TRUE, 255), ZerosumError, "every pixel of the target is ignored")])
def test_maps_that_cannot_be_compared_are_refused(prediction, target, error, said):
    with pytest.raises(error, match=said):
        mean_iou(prediction, target, ignore=255)


# All -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim, lambda x, y: perceptual_distance(x, y, Network())],
                         ids=["psnr", "ssim", "ms-ssim", "lpips"])
def test_losses_have_the_gradient_of_differences(measure):
    x, y = waves(24, 23, 3)
    assert torch.autograd.gradcheck(lambda side: measure(side[:, :, :24, :23], y), x.requires_grad_(), fast_mode=True)


def test_dead_layers_have_gradients_too():
    network = Network()
    network.parts[1].bias.fill_(-1e3)            # nothing is active in the second layer
    x = noise(1, 3, 8, 8).requires_grad_()
    perceptual_distance(x, noise(1, 3, 8, 8, seed=1), network).sum().backward()
    assert x.grad.isfinite().all() and x.grad.any()


@pytest.mark.parametrize(("measure", "shapes", "said"), [
    (psnr, ((1, 3, 8, 8), (1, 3, 8, 9)), "of one shape"), (psnr, ((3, 8, 8),) * 2, "of one shape"),
    (ssim, ((1, 3, 16, 16), (1, 1, 16, 16)), "of one shape"),
    (ssim, ((1, 3, 10, 16),) * 2, "at least 11 x 11, not 10 x 16"),
    (ms_ssim, ((1, 3, 10, 10),) * 2, "at least 11 x 11"), (ms_ssim, ((3, 16, 16),) * 2, "of one shape"),
    (lambda x, y: ms_ssim(x, y, 5), ((1, 3, 175, 200),) * 2, "at 5 scales needs images of at least 176 x 176"),
    (lambda x, y: ms_ssim(x, y, 6), ((1, 3, 400, 400),) * 2, "1 to 5 scales, not 6"),
    (lambda x, y: ms_ssim(x, y, 0), ((1, 3, 400, 400),) * 2, "1 to 5 scales, not 0"),
    (lambda x, y: perceptual_distance(x, y, Network()), ((1, 3, 16, 16), (2, 3, 16, 16)), "of one shape")])
def test_images_that_cannot_be_compared_are_refused(measure, shapes, said):
    with pytest.raises(UsageError, match=said):
        measure(*(torch.zeros(shape) for shape in shapes))

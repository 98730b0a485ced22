"""ADA: the pipeline against closed forms, its derivatives, and the controller against the authors' loop."""

import math

import pytest
import torch

from zerosum.augment.ada import SPECS, AdaptiveAugment, AdaptiveProbability, AdaSpec, AugmentPipe, Draws


class Chosen(Draws):
    """The same numbers for all images, and every operation happens, but for the second rotation."""

    def __init__(self, samples: int, uniform: float = 0.5, normal: float = 0.0):
        super().__init__(samples, torch.device("cpu"))
        self.numbers = uniform, normal

    def uniform(self, *shape):
        return torch.full((self.samples, *shape), self.numbers[0])

    def normal(self, *shape):
        return torch.full((self.samples, *shape), self.numbers[1])

    def happens(self, operation, probability):
        return ((probability > 0) & (operation != "rotate again")).expand(self.samples)


def images(samples=3, channels=3, height=24, width=28, dtype=torch.float32):
    return torch.rand(samples, channels, height, width, generator=torch.Generator().manual_seed(0), dtype=dtype) * 2 - 1


def augmented(x, draws=None, **spec):
    return AugmentPipe(AdaSpec(**spec))(x, draws)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("channels", [1, 3])
def test_with_p_zero_every_image_stays_exactly_and_with_one_none_does(spec, channels):
    torch.manual_seed(0)
    x, pipe = images(channels=channels), AugmentPipe(spec, p=0.0)
    assert torch.equal(pipe(x), x)
    pipe.p.fill_(1.0)
    y = torch.cat([pipe(x) for _ in range(4)])
    assert y.shape == (12, *x.shape[1:]) and y.isfinite().all()
    assert all(not torch.equal(one, other) for one, other in zip(y, x.repeat(4, 1, 1, 1), strict=True)) or spec in (
        "blit", "cutout")                    # where a number that was drawn may be none at all


def wave(y, x):
    """A smooth picture, as a formula of its pixels' places."""
    return torch.sin(0.15 * x + 0.1 * y)[None, None]


PLACES = torch.meshgrid(torch.arange(32.0) - 15.5, torch.arange(32.0) - 15.5, indexing="ij")
INNER = (..., slice(8, 24), slice(8, 24))


@pytest.mark.parametrize(("spec", "draws", "came_from"), [
    ({"xflip": 1}, Chosen(1, 0.5), lambda y, x: (y, -x)),
    ({"rotate90": 1}, Chosen(1, 0.25), lambda y, x: (x, -y)),
    ({"rotate90": 1}, Chosen(1, 0.5), lambda y, x: (-y, -x)),
    ({"scale": 1, "scale_std": 1}, Chosen(1, normal=1.0), lambda y, x: (y / 2, x / 2)),
    ({"aniso": 1, "aniso_std": 1}, Chosen(1, normal=0.5), lambda y, x: (y * 2**0.5, x / 2**0.5)),
    ({"rotate": 1}, Chosen(1, 7 / 12), lambda y, x: (x / 2 + y * 0.75**0.5, x * 0.75**0.5 - y / 2)),
    ({"xfrac": 1}, Chosen(1, normal=1.0), lambda y, x: (y - 4, x - 4)),
])
def test_a_smooth_picture_moves_as_its_formula_does(spec, draws, came_from):
    moved = augmented(wave(*PLACES), draws, **spec)
    assert torch.allclose(moved[INNER], wave(*came_from(*PLACES))[INNER], atol=0.03)


def test_moves_by_whole_pixels_are_exact_and_reflect_at_the_edge():
    x = images()
    moved = augmented(x, Chosen(3, 1.0), xint=1)                      # an eighth of 24 and of 28, rounded
    assert torch.allclose(moved[:, :, 3:, 4:], x[:, :, :-3, :-4], atol=1e-5)
    assert torch.allclose(moved[:, :, 3:, :4], x[:, :, :-3, 1:5].flip(3), atol=1e-5)


def test_colours_have_closed_forms_and_keep_what_they_should():
    x = images()
    assert torch.allclose(augmented(x, Chosen(3, normal=2.0), brightness=1), x + 0.4, atol=1e-6)
    assert torch.allclose(augmented(x, Chosen(3, normal=2.0), contrast=1), 2 * x, atol=1e-6)
    luma = x.mean(1, keepdim=True)
    assert torch.allclose(augmented(x, Chosen(3, 0.5), lumaflip=1), x - 2 * luma, atol=1e-6)
    assert torch.allclose(augmented(x, Chosen(3, 5 / 6), hue=1), x.roll(1, 1), atol=1e-5)     # a third
    assert torch.allclose(augmented(x, Chosen(3, normal=1.0), saturation=1), luma + 2 * (x - luma), atol=1e-5)
    grey = images(channels=1)
    assert torch.allclose(augmented(grey, Chosen(3, 0.5), lumaflip=1, hue=1, saturation=1), -grey, atol=1e-6)


def test_filters_keep_a_constant_image_up_to_its_factor_and_noise_and_windows_are_as_strong_as_told():
    bank = AugmentPipe("filter").Hz_fbank
    assert torch.allclose(bank.sum(0), torch.eye(43)[21], atol=1e-6)              # the bands add up to all
    flat = torch.ones(1, 3, 24, 24)
    kept = augmented(flat, Chosen(1, normal=1.0), imgfilter=1, imgfilter_bands=(1, 0, 0, 0))
    assert kept.std() < 1e-5 and kept.mean().item() == pytest.approx((2 / math.sqrt(43 / 13)) ** 2, rel=1e-4)
    torch.manual_seed(0)
    noise = augmented(torch.zeros(2_000, 1, 4, 4), noise=1)
    assert noise.square().mean().item() == pytest.approx(0.01, rel=0.1)
    window = augmented(torch.ones(1, 1, 8, 12), Chosen(1, 0.5), cutout=1)
    assert (window == 0).sum() == 4 * 6 and (window[:, :, 2:6, 3:9] == 0).all()


def test_channels_and_sizes_that_an_operation_cannot_take_are_refused_in_a_sentence():
    torch.manual_seed(0)
    assert AugmentPipe("bg")(images(channels=5)).shape == (3, 5, 24, 28)
    with pytest.raises(ValueError, match="1 or 3 channels, and these images have 4"):
        AugmentPipe("bgc")(images(channels=4))
    with pytest.raises(ValueError, match="more than 21 pixels, and these images are 16x28"):
        AugmentPipe("bgcf")(images(height=16))
    with pytest.raises(ValueError, match="only images"):
        AugmentPipe("bgc")(torch.rand(4, 2))


def test_first_and_second_derivatives_are_those_of_finite_differences():
    """What R1 through the pipeline asks for: it is linear in x but for nothing, so a square follows it."""
    x = images(samples=2, channels=3, height=6, width=7, dtype=torch.float64).requires_grad_()
    pipe = AugmentPipe("bgc").double()

    def squared(x):
        torch.manual_seed(3)
        return pipe(x).square()

    assert torch.autograd.gradcheck(squared, x, fast_mode=True)
    assert torch.autograd.gradgradcheck(squared, x, fast_mode=True)


def test_it_stays_in_float32_under_autocast():
    x, pipe = images(), AugmentPipe("bgc")
    torch.manual_seed(0)
    expected = pipe(x)
    torch.manual_seed(0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(pipe(x), expected)
        assert pipe(x.bfloat16()).dtype == torch.float32


def test_the_controller_moves_as_the_authors_loop_does():
    controller, p, expected = AdaptiveProbability(ramp=1_000), torch.zeros(()), 0.0
    signs = [0.8, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.2, 0.7, 0.7, 0.7, 0.4, 0.1, 0.1, 0.1, 0.1] + [-1.0] * 4
    for update, sign in enumerate(signs, start=1):
        controller.move(p, torch.tensor(sign), images=update * 32)
        if update % 4 == 0:
            mean = sum(signs[update - 4:update]) / 4
            expected = max(expected + math.copysign(32 * 4 / 1_000, mean - 0.6), 0.0)
        assert p.item() == pytest.approx(expected)
    assert expected == 0.0                   # it went up, down, and no lower than this


def test_the_adaptive_pipeline_begins_with_none_and_goes_on_from_its_state():
    x, first = images(), AdaptiveAugment("bgc", ramp=1_000)
    assert torch.equal(first(x), x)
    first.move(torch.tensor(0.9), 32)        # one of four updates that decide together
    second = AdaptiveAugment("bgc", ramp=1_000)
    second.load_state_dict(first.state_dict())
    for update in (2, 3, 4):
        for ada in (first, second):
            ada.move(torch.tensor(0.9), update * 32)
    assert first.pipe.p == second.pipe.p and second.pipe.p.item() == pytest.approx(0.128)

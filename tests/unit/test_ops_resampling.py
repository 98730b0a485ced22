"""Resampling with FIR filters against its definition, closed forms, and its own adjoint."""

import random

import pytest
import textbook
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from zerosum.ops import (
    conv2d_resample,
    design_lowpass_filter,
    downsample2d,
    filter2d,
    low_pass,
    setup_filter,
    upfirdn2d,
    upsample,
    upsample2d,
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def some_geometry(chance: random.Random) -> dict:
    return {"up": (chance.randint(1, 3), chance.randint(1, 3)), "down": (chance.randint(1, 3), chance.randint(1, 3)),
            "padding": tuple(chance.randint(-2, 5) for _ in range(4)), "flip_filter": chance.random() < 0.5,
            "gain": chance.uniform(0.5, 3)}


@pytest.mark.parametrize("seed", range(40))
def test_upfirdn2d_is_its_definition(seed):
    """Any factors, filters of any size, paddings of any sign; whatever leaves nothing is refused."""
    chance = random.Random(seed)
    geometry = some_geometry(chance)
    f = noise(chance.randint(1, 9), seed=seed) if seed % 2 else noise(chance.randint(1, 5), chance.randint(1, 5))
    x = noise(2, 3, chance.randint(3, 8), chance.randint(3, 8), seed=seed)
    padded = textbook.up_padded(x, geometry["up"], geometry["padding"])
    if padded.shape[2] < f.shape[0] or padded.shape[3] < f.shape[-1]:
        with pytest.raises(ValueError, match="smaller than the kernel"):
            upfirdn2d(x, f, **geometry)
        return
    torch.testing.assert_close(upfirdn2d(x, f, **geometry), textbook.upfirdn2d(x, f, **geometry))


@pytest.mark.parametrize("geometry", [{"up": 2, "padding": (2, 1)}, {"down": 2, "padding": (1, -1, 0, 2)},
                                      {"up": (1, 3), "down": (2, 2), "padding": 2}])
def test_upfirdn2d_has_first_and_second_derivatives(geometry):
    x = noise(1, 2, 4, 3).requires_grad_()
    f = noise(3, 2, seed=1)
    assert torch.autograd.gradcheck(lambda x: upfirdn2d(x, f, **geometry), x)
    assert torch.autograd.gradgradcheck(lambda x: upfirdn2d(x, f, **geometry).square(), x)


def test_downsampling_is_the_adjoint_of_upsampling():
    """<D x, y> = <x, U y> / 4 with a symmetric filter: zeros that are inserted are pixels that were left out."""
    f, x, y = setup_filter([1, 3, 3, 1]).double(), noise(2, 3, 8, 12), noise(2, 3, 4, 6, seed=1)
    assert (downsample2d(x, f) * y).sum().item() == pytest.approx((x * upsample2d(y, f)).sum().item() / 4, rel=1e-12)


def test_two_equal_taps_are_nearest_neighbour_and_mean():
    f, x = setup_filter([1, 1]).double(), noise(2, 3, 6, 4)
    torch.testing.assert_close(upsample2d(x, f), interpolate(x, scale_factor=2, mode="nearest"))
    torch.testing.assert_close(downsample2d(x, f), avg_pool2d(x, 2))


def test_a_binomial_filter_interpolates_linearly():
    f, x = setup_filter([1, 3, 3, 1]).double(), noise(1, 1, 7, 7)
    inside = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    linear = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(upsample2d(x, f)[inside], linear[inside])
    torch.testing.assert_close(upsample2d(x, f), upsample(x, low_pass((1, 2, 1)).double()))


def test_filters_are_normalized_turned_and_amplified():
    taps = [1.0, 2, 3]
    torch.testing.assert_close(setup_filter(taps), torch.outer(*[torch.tensor(taps)] * 2) / 36)
    torch.testing.assert_close(setup_filter(taps, separable=True, flip=True), torch.tensor([3.0, 2, 1]) / 6)
    assert setup_filter(taps, gain=4).sum().item() == pytest.approx(4)
    assert setup_filter(taps, separable=True, gain=4).sum().item() == pytest.approx(2)       # of each of two passes
    assert setup_filter(range(1, 8)).ndim == 2 and setup_filter(range(1, 9)).ndim == 1
    torch.testing.assert_close(setup_filter([[1, 2], [3, 4]], normalize=False), torch.tensor([[1.0, 2], [3, 4]]))


def test_a_filter_applied_along_both_axes_is_its_outer_product():
    line, x = noise(9), noise(2, 3, 7, 5)
    torch.testing.assert_close(filter2d(x, line, gain=3), filter2d(x, torch.outer(line, line), gain=3))


def test_filtering_leaves_an_image_in_its_place():
    impulse = torch.zeros(1, 1, 9, 9)
    impulse[..., 4, 4] = 1
    y = filter2d(impulse, setup_filter([1, 2, 1]))
    assert y.shape == impulse.shape and y[0, 0, 4].argmax() == 4 and y[0, 0, :, 4].argmax() == 4
    assert filter2d(impulse, setup_filter([1, 2, 1]), padding=(1, 0)).shape == (1, 1, 9, 11)


def resampled(x: Tensor, w: Tensor, f: Tensor | None, *, up: int, down: int, padding: int, flip_weight: bool) -> Tensor:
    """Upsampled, filtered, padded, correlated, filtered, downsampled: in this order, by no short cut."""
    one = torch.ones(1, 1).double()
    f, first, last = one if f is None else f, padding, padding
    if up > 1:
        first, last = first + (len(f) + up - 1) // 2, last + (len(f) - up) // 2
    if down > 1:
        first, last = first + (len(f) - down + 1) // 2, last + (len(f) - down) // 2
    x = textbook.upfirdn2d(x, f if up > 1 else one, up=(up, up), padding=(first, last) * 2, gain=up**2)
    x = conv2d(x, w if flip_weight else w.flip((2, 3)))
    return x if down == 1 else textbook.upfirdn2d(x, f, down=(down, down))


@pytest.mark.parametrize("flip_weight", [True, False])
@pytest.mark.parametrize("filtered", [True, False])
@pytest.mark.parametrize(("up", "down", "kernel"), [(1, 1, 3), (2, 1, 3), (1, 2, 3), (2, 1, 1), (1, 2, 1), (3, 1, 3),
                                                    (4, 1, 3), (1, 3, 3), (2, 2, 3), (2, 2, 1)])
def test_conv2d_resample_commutes_without_a_trace(up, down, kernel, filtered, flip_weight):
    x, w = noise(2, 3, 9, 12), noise(4, 3, kernel, kernel, seed=1)
    f = setup_filter([1, 3, 3, 1]).double() if filtered else None
    settings = {"up": up, "down": down, "padding": kernel // 2, "flip_weight": flip_weight}
    torch.testing.assert_close(conv2d_resample(x, w, f, **settings), resampled(x, w, f, **settings))


def test_conv2d_resample_has_first_and_second_derivatives():
    x, w, f = noise(1, 2, 4, 4).requires_grad_(), noise(2, 2, 3, 3, seed=1).requires_grad_(), noise(4, 4, seed=2)
    for factors in ({"up": 2}, {"down": 2}, {"up": 2, "down": 2}):
        def play(x, w, factors=factors):
            return conv2d_resample(x, w, f, padding=1, flip_weight=False, **factors)
        assert torch.autograd.gradcheck(play, (x, w)) and torch.autograd.gradgradcheck(play, (x, w))


@pytest.mark.parametrize("radial", [False, True])
def test_a_lowpass_filter_passes_what_is_low_and_stops_what_is_high(radial):
    f = design_lowpass_filter(24, cutoff=4, width=3, rate=32, radial=radial).double()
    assert f.sum().item() == pytest.approx(1, abs=1e-6) and torch.allclose(f, f.flip(0), atol=1e-7)
    line = f.sum(0) if radial else f                             # the response along one axis
    frequency = torch.linspace(0, 16, 65, dtype=torch.float64)
    waves = torch.exp(-2j * torch.pi * frequency[:, None] / 32 * torch.arange(24))
    response = (line * waves).sum(1).abs()
    assert (response[frequency < 2] - 1).abs().max() < 0.02 and response[frequency > 6.5].max() < 0.02
    assert response[frequency == 4].item() == pytest.approx(0.5, abs=0.1)


def test_a_filter_of_one_tap_is_none_and_an_odd_radial_one_is_finite():
    assert design_lowpass_filter(1, cutoff=1, width=1, rate=8) is None
    f = design_lowpass_filter(7, cutoff=2, width=2, rate=16, radial=True)
    assert f.isfinite().all() and f.argmax() == 24


def test_a_radial_filter_is_the_same_in_all_directions_but_for_its_window():
    f = design_lowpass_filter(48, cutoff=4, width=1, rate=32, radial=True)
    centre = f[20:28, 20:28]
    torch.testing.assert_close(centre, centre.T)
    assert abs(f[24, 27] / f[26, 26] - 1) < 0.1                  # radii 3.54 and 3.54


def test_filters_have_forward_derivatives_of_many_directions_at_once():
    x, f = torch.randn(2, 3, 8, 8), setup_filter([1, 3, 3, 1])
    directions = torch.randn(5, 2, 3, 8, 8)
    moved = torch.func.vmap(lambda d: torch.func.jvp(lambda x: upsample2d(x, f), (x,), (d,))[1])(directions)
    torch.testing.assert_close(moved, torch.stack([upsample2d(d, f) for d in directions]))

"""The alias-free generator: the official schedule, Fourier features, what its weights tell, and sizes it can have."""

from itertools import pairwise

import pytest
import torch

from zerosum.interop.stylegan3 import settings
from zerosum.networks.style import StyleGAN3Generator
from zerosum.networks.style.stylegan3 import AliasFree, FourierInput

SMALL = {"w_dim": 16, "channel_base": 512, "channel_max": 12}
R = {"conv_kernel": 1, "use_radial_filters": True}


def numbers(network: torch.nn.Module) -> float:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_layers_of_ffhq_1024_are_the_official_ones():
    """Their names in the published weights, and the number of parameters of T in the paper's Fig. 5."""
    with torch.device("meta"):
        t, r = StyleGAN3Generator(), StyleGAN3Generator(channel_base=65536, channel_max=1024, **R)
    assert t.synthesis.names == ["L0_36_512", "L1_36_512", "L2_52_512", "L3_52_512", "L4_84_512", "L5_148_512",
                                 "L6_148_512", "L7_276_323", "L8_276_203", "L9_532_128", "L10_1044_81", "L11_1044_51",
                                 "L12_1044_32", "L13_1024_32", "L14_1024_3"]
    assert round(numbers(t) / 1e6, 1) == 22.3
    assert r.synthesis.names[7:12] == ["L7_276_645", "L8_276_406", "L9_532_256", "L10_1044_161", "L11_1044_102"]
    assert all(weight.shape[2:] == (1, 1) for weight in r.parameters() if weight.ndim == 4)


def test_bands_grow_geometrically_and_end_critically_sampled():
    signals = AliasFree().signals((256, 256), 3)
    assert signals[0].cutoff == 2 and [signal.cutoff for signal in signals[-3:]] == [128, 128, 128]
    ratios = [after.cutoff / before.cutoff for before, after in pairwise(signals[:13])]
    assert ratios == pytest.approx([64 ** (1 / 12)] * 12)
    assert [signal.half_width for signal in signals[-3:]] == pytest.approx([128 * (2**0.3 - 1)] * 3)
    assert all(signal.rate >= 2 * (signal.cutoff + signal.half_width) for signal in signals[:11])
    assert {signal.rate for signal in signals[-4:]} == {256} and signals[-2].size == (256, 256)


@pytest.mark.parametrize("shift", [(1, 0), (-3, 2)])
def test_fourier_features_move_by_whole_samples_and_turn(shift):
    torch.manual_seed(0)
    layer = FourierInput(8, AliasFree(**{key: SMALL[key] for key in ("channel_base", "channel_max")})
                         .signals((64, 64), 3)[0])
    w = torch.randn(2, 8)
    with torch.no_grad():
        still = layer(w)
        layer.transform[:2, 2] = -torch.tensor(shift) / layer.signal.rate
        moved = layer(w)
        rolled = still.roll((shift[1], shift[0]), (2, 3))
        torch.testing.assert_close(moved[:, :, 4:-4, 4:-4], rolled[:, :, 4:-4, 4:-4], rtol=0, atol=2e-5)
        layer.transform.copy_(torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]))
        torch.testing.assert_close(layer(w), still.rot90(1, (2, 3)), rtol=0, atol=2e-5)


def test_a_style_turns_and_then_moves_the_plane():
    torch.manual_seed(0)
    layer = FourierInput(4, AliasFree(channel_max=6).signals((64, 64), 3)[0])
    assert layer.affine.bias.tolist() == [1, 0, 0, 0] and not layer.affine.weight.any()
    with torch.no_grad():
        still = layer(torch.zeros(1, 4))
        layer.affine.bias.copy_(torch.tensor([0.0, 2.0, 0.5, 0.25]))             # a right angle, then (1/4, 1/8)
        x = layer(torch.zeros(1, 4))
    assert layer.signal.rate == 16
    turned = still.rot90(1, (2, 3)).roll((2, 4), (2, 3))
    torch.testing.assert_close(x[:, :, 5:-5, 5:-5], turned[:, :, 5:-5, 5:-5], rtol=0, atol=2e-5)


def test_waves_out_of_the_band_fade_out():
    torch.manual_seed(0)
    layer = FourierInput(4, AliasFree(channel_max=6).signals((64, 64), 3)[0])
    layer.transform[:2, :2] *= 40            # finer than the rate can carry
    layer.freqs.copy_(torch.nn.functional.normalize(layer.freqs))
    assert not layer(torch.randn(1, 4)).any()


def test_averages_move_when_asked_and_only_then():
    torch.manual_seed(0)
    network, z = StyleGAN3Generator(8, 16, 3, magnitude_ema_beta=0.75, average_beta=0.5, **SMALL), torch.randn(3, 8)
    before = {key: value.clone() for key, value in network.named_buffers()}
    network.train()(z)
    assert all(torch.equal(value, before[key]) for key, value in network.named_buffers())
    network(z, update_emas=True)
    w = network.mapping(z, update_average=False)[:, 0]
    torch.testing.assert_close(network.mapping.w_avg, w.mean(0) / 2)
    first = network.synthesis.get_submodule(network.synthesis.names[0])
    torch.testing.assert_close(first.magnitude_ema, 0.75 + 0.25 * network.synthesis.input(w).square().mean())


def test_what_the_inputs_are_scaled_by_leaves_the_output():
    """An input of twice the magnitude, once it is known, makes the same image."""
    torch.manual_seed(0)
    network, w = StyleGAN3Generator(8, 16, 3, magnitude_ema_beta=0.0, **SMALL), torch.randn(2, 16, 16)
    with torch.no_grad():
        x = network.synthesis(w, update_emas=True)
        network.synthesis.input.weight *= 2
        torch.testing.assert_close(network.synthesis(w, update_emas=True), x, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("chosen", [
    {}, {"num_layers": 6, "margin_size": 4}, R | {"num_critical": 3}, {"lrelu_upsampling": 1, "filter_size": 4},
    {"c_dim": 5, "mapping_layers": 4}, {"margin_size": 0, "widths": (8, 7, 6, 5), "num_layers": 4}])
def test_weights_tell_what_they_were_made_with(chosen):
    network = StyleGAN3Generator(10, 32, 2, **SMALL, **chosen)
    state = network.state_dict()
    again = StyleGAN3Generator(**settings(state))
    again.load_state_dict(state)
    z, c = torch.randn(2, 10), torch.eye(5)[:2] if "c_dim" in chosen else None
    with torch.no_grad():
        torch.testing.assert_close(again(z, c), network(z, c))
        assert network(z, c).std() > 0


def test_what_weights_do_not_tell_is_given_by_the_official_names():
    network = StyleGAN3Generator(10, 32, 3, **SMALL, first_cutoff=3.0, first_stopband=5.0, conv_clamp=None)
    given = {"z_dim": 10, "c_dim": 0, "w_dim": 16, "img_resolution": 32, "img_channels": 3, "channel_base": 512,
             "channel_max": 12, "first_cutoff": 3.0, "first_stopband": 5.0, "conv_clamp": None, "num_fp16_res": 4,
             "mapping_kwargs": {"num_layers": 2, "w_avg_beta": 0.9}}
    found = settings(network.state_dict(), given)
    assert found["conv_clamp"] is None and found["first_cutoff"] == 3 and found["average_beta"] == 0.9
    again = StyleGAN3Generator(**found)
    again.load_state_dict(network.state_dict())
    z = torch.randn(2, 10)
    torch.testing.assert_close(again(z), network(z))


@pytest.mark.parametrize("size", [8, 16, (16, 40), (48, 24), (33, 17)])
@pytest.mark.parametrize("variant", [{}, R])
def test_images_of_any_shape(size, variant):
    height, width = (size, size) if isinstance(size, int) else size
    x = StyleGAN3Generator(4, size, 5, **SMALL, **variant)(torch.randn(2, 4))
    assert x.shape == (2, 5, height, width) and x.isfinite().all()


@pytest.mark.parametrize(("size", "chosen", "message"), [
    (4, {}, "at least 8 pixels"), (16, {"first_cutoff": 8.0}, "more than twice first_cutoff"),
    (16, {"num_critical": 14}, "num_critical"), (16, {"widths": (4, 4)}, "as many widths, not 2")])
def test_sizes_that_cannot_be_built(size, chosen, message):
    with pytest.raises(ValueError, match=message):
        StyleGAN3Generator(4, size, 3, **SMALL, **chosen)

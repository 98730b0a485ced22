"""Spectral normalization: the norm itself against singular values, its gradient, its state, and the game it serves."""

import copy

import pytest
import torch
from torch import nn

from zerosum.core import DataSpec
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.interop.mimicry import convert
from zerosum.layers import SpectralNorm, remove_spectral_norm, spectral_norm
from zerosum.networks import MLPDiscriminator, SNGANDiscriminator, SNGANGenerator
from zerosum.ops import leading_vectors, power_step
from zerosum.penalties import gradient_penalty
from zerosum.runs import construct, create, plan

# A layer, an input that it takes, and its weight as the matrix of the paper, (out, in * kernel).
LAYERS = {
    "linear": (lambda: nn.Linear(5, 7), torch.randn(3, 5), lambda w: w),
    "convolution": (lambda: nn.Conv2d(3, 4, 3), torch.randn(2, 3, 6, 6), lambda w: w.reshape(4, 27)),
    "1-d convolution": (lambda: nn.Conv1d(3, 4, 5), torch.randn(2, 3, 9), lambda w: w.reshape(4, 15)),
    "transposed": (lambda: nn.ConvTranspose2d(3, 4, 4, 2, 1), torch.randn(2, 3, 6, 6),
                   lambda w: w.transpose(0, 1).reshape(4, 48)),
    "embedding": (lambda: nn.Embedding(9, 4), torch.tensor([3, 0, 3]), lambda w: w),
}


@pytest.fixture(params=LAYERS)
def case(request):
    torch.manual_seed(0)
    make, x, matrix = LAYERS[request.param]
    layer = make().double()
    return layer, (x if x.dtype == torch.int64 else x.double()), matrix


def sigma(matrix: torch.Tensor) -> float:
    return torch.linalg.svdvals(matrix.detach())[0].item()


def test_it_computes_with_the_weight_over_its_largest_singular_value(case):
    layer, x, matrix = case
    plain = copy.deepcopy(layer)
    plain.weight.data /= sigma(matrix(plain.weight))
    torch.testing.assert_close(spectral_norm(layer)(x), plain(x), rtol=1e-9, atol=1e-12)
    assert sigma(matrix(layer.eval().normalized_weight())) == pytest.approx(1, abs=1e-9)
    assert isinstance(layer, type(plain)) and isinstance(layer, SpectralNorm)


def test_leading_vectors_are_those_of_the_singular_value_decomposition():
    torch.manual_seed(0)
    for shape in ((3, 8), (8, 3), (1, 5), (5, 1), (6, 6)):
        matrix = torch.randn(shape, dtype=torch.float64)
        (u, v), (left, s, right) = leading_vectors(matrix), torch.linalg.svd(matrix, full_matrices=False)
        torch.testing.assert_close(torch.outer(u, v) * s[0], torch.outer(left[:, 0], right[0]) * s[0])


def test_the_power_method_gets_there_from_anywhere():
    torch.manual_seed(0)
    matrix, u = torch.randn(6, 20, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    for _ in range(300):
        u, v = power_step(matrix, u)
    assert (u @ matrix @ v).item() == pytest.approx(sigma(matrix), rel=1e-9)


def test_a_training_pass_takes_one_step_and_evaluation_none(case):
    layer, x, matrix = case
    spectral_norm(layer)
    layer.weight_u.copy_(nn.functional.normalize(torch.randn_like(layer.weight_u), dim=0))
    start = layer.weight_u.clone()
    layer.eval()(x)
    assert torch.equal(layer.weight_u, start)
    layer.train()(x)
    v = nn.functional.normalize(matrix(layer.weight).detach().T @ start, dim=0)
    torch.testing.assert_close(layer.weight_v, v)
    torch.testing.assert_close(layer.weight_u, nn.functional.normalize(matrix(layer.weight).detach() @ v, dim=0))


def test_the_gradient_is_equation_12(case):
    """dL/dW = (dL/dW_SN - <dL/dW_SN, W_SN> u v^T) / sigma, with u and v constant."""
    layer, x, matrix = case
    spectral_norm(layer).eval()
    layer.weight_u.copy_(nn.functional.normalize(layer.weight_u + 0.3 * torch.randn_like(layer.weight_u), dim=0))
    plain = copy.deepcopy(layer)
    plain = remove_spectral_norm(plain)
    layer(x).sin().sum().backward()
    plain(x).sin().sum().backward()
    scale = (layer.weight_u @ matrix(layer.weight) @ layer.weight_v).item()
    outer, wanted = torch.outer(layer.weight_u, layer.weight_v), matrix(plain.weight.grad)
    wanted = (wanted - (wanted * matrix(plain.weight)).sum() * outer) / scale
    torch.testing.assert_close(matrix(layer.weight.grad), wanted, rtol=1e-9, atol=1e-12)


def test_it_can_be_differentiated_twice():
    torch.manual_seed(0)
    net = spectral_norm(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(8, 1))).double().eval()
    x, fake = torch.randn(2, 3, 1, 4, 4, dtype=torch.float64)
    weight, eps = net[0].weight, torch.full((3,), 0.5, dtype=torch.float64)

    def penalty() -> torch.Tensor:
        return gradient_penalty(net, x, fake, eps=eps)

    (gradient,) = torch.autograd.grad(penalty(), weight)
    for index in ((0, 0, 0, 0), (1, 0, 2, 1)):
        values = []
        for step in (1e-6, -2e-6):
            weight.data[index] += step
            values.append(penalty().item())
        weight.data[index] += 1e-6
        assert gradient[index].item() == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_passes_of_one_loss_do_not_disturb_each_other():
    """u moves between the passes over real and generated samples; the graph of the first must not notice."""
    layer = spectral_norm(nn.Linear(4, 3))
    (layer(torch.randn(2, 4)).sum() + layer.eval()(torch.randn(2, 4)).sum()
     + layer.train()(torch.randn(2, 4)).sum()).backward()
    assert layer.weight.grad.isfinite().all()


def test_keys_are_the_plain_ones_and_two_vectors():
    layer = spectral_norm(nn.Conv2d(3, 4, 3))
    assert {key: tuple(value.shape) for key, value in layer.state_dict().items()} == {
        "weight": (4, 3, 3, 3), "bias": (4,), "weight_u": (4,), "weight_v": (27,)}
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    layer(torch.randn(1, 3, 5, 5))
    assert layer.weight is layer._parameters["weight"], "only while it computes does the weight look normalised"


def test_torchs_own_keys_are_read():
    """`torch.nn.utils.spectral_norm`, as official checkpoints have it, calls the trained weight `weight_orig`."""
    torch.manual_seed(0)
    theirs = nn.utils.spectral_norm(nn.Linear(6, 1), n_power_iterations=3).eval()
    state = convert({f"l5.{key}": value for key, value in theirs.state_dict().items()})
    ours = spectral_norm(nn.Linear(6, 1)).eval()
    ours.load_state_dict({key.removeprefix("linear."): value for key, value in state.items()})
    x = torch.randn(3, 6)
    torch.testing.assert_close(ours(x), theirs(x))


def test_removing_it_leaves_plain_layers_that_compute_the_same(case):
    layer, x, _ = case
    net = spectral_norm(nn.Sequential(layer))
    for _ in range(3):
        net(x)
    kept = copy.deepcopy(net).eval()
    plain = remove_spectral_norm(net)
    assert type(plain[0]) in {nn.Linear, nn.Conv2d, nn.Conv1d, nn.ConvTranspose2d, nn.Embedding}
    assert set(plain[0].state_dict()) <= {"weight", "bias"}
    torch.testing.assert_close(plain.eval()(x), kept(x))


def test_it_is_refused_where_it_has_nothing_to_do():
    with pytest.raises(ValueError, match="Tanh has no layers left"):
        spectral_norm(nn.Tanh())
    with pytest.raises(ValueError, match="no layers left"):
        spectral_norm(spectral_norm(nn.Linear(2, 2)))


def test_it_draws_no_random_numbers():
    networks = []
    for norm in ("spectral", "none"):
        torch.manual_seed(0)
        networks.append(create("sngan", DataSpec((1, 8, 8)), preset="tiny", norm=norm).discriminator)
    for name, parameter in networks[1].named_parameters():
        assert torch.equal(parameter, networks[0].get_parameter(name)), name


def test_sigma_is_float32_under_autocast():
    torch.manual_seed(0)
    layer, x = spectral_norm(nn.Linear(64, 64)), torch.randn(2, 64)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
        weight = layer.normalized_weight()
    assert weight.dtype == torch.float32 and sigma(weight) == pytest.approx(1, abs=1e-4)


def test_after_training_every_layer_has_norm_one():
    """OBJ-14: convolutions and the linear head, against their singular values, with the paper's rate."""
    chosen = plan("sngan", "tiny", {"device": "cpu", "network": "resnet", "image_size": 16})
    data = load_data(chosen.data)
    trainer = Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)
    trainer.fit(30)
    layers = [layer for layer in trainer.model.discriminator.eval().modules() if isinstance(layer, SpectralNorm)]
    kinds = {type(layer).__name__ for layer in layers}
    assert kinds == {"SpectralNormConv2d", "SpectralNormLinear"}
    plain = [layer for layer in trainer.model.discriminator.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == len(plain)
    for layer in layers:
        assert sigma(layer.normalized_weight().flatten(1)) == pytest.approx(1, abs=1e-2)
    assert not any(isinstance(layer, SpectralNorm) for layer in trainer.model.generator.modules())


def test_a_normalised_network_is_lipschitz():
    """Norm one in every layer, LeakyReLU and ReLU of slope at most one: no two points are further apart after."""
    torch.manual_seed(0)
    net = MLPDiscriminator((6,), width=32, depth=3, activation="relu", dropout=(0.0, 0.0))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(20)
    x, y = torch.randn(2, 500, 6)
    ratio = (net(x) - net(y)).abs() / (x - y).norm(dim=1)
    assert ratio.max() > 10
    spectral_norm(net).eval()
    assert ((net(x) - net(y)).abs() <= (x - y).norm(dim=1) * (1 + 1e-4)).all()


def test_the_rate_falls_to_zero_linearly():
    model = create("sngan", DataSpec((1, 8, 8)), preset="tiny", lr=0.1, decay_steps=100)
    player = model.players()["generator"]
    optimizer = player.optimizer(list(player.parameters()))
    rates = []
    for step in (0, 25, 100, 150):
        player.schedule(optimizer, step, 0)
        rates.append(optimizer.lr)
    assert rates == pytest.approx([0.1, 0.075, 0.0, 0.0])
    assert create("sngan", DataSpec((1, 8, 8)), preset="tiny", decay_steps=0).players()["generator"].schedule is None


def test_the_generator_plays_with_more_samples():
    model, seen = create("sngan", DataSpec((1, 8, 8)), preset="tiny", g_batch=3), []
    model.generator.register_forward_hook(lambda _, __, x: seen.append(len(x)))
    batch = load_data(plan("sngan", "tiny").data)
    chosen = plan("sngan", "tiny", {"device": "cpu"})
    trainer = Trainer(model, batch, chosen.train)
    trainer.play()
    assert seen == [8, 8, 24]


def test_the_networks_are_those_of_table_3():
    with torch.device("meta"):
        generator, discriminator = SNGANGenerator(), SNGANDiscriminator()
    up = [(layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0])
          for layer in generator.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert up == [(512, 256, 4, 2), (256, 128, 4, 2), (128, 64, 4, 2), (64, 3, 3, 1)]
    down = [(layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0])
            for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert down == [(3, 64, 3, 1), (64, 64, 4, 2), (64, 128, 3, 1), (128, 128, 4, 2), (128, 256, 3, 1),
                    (256, 256, 4, 2), (256, 512, 3, 1)]
    assert (generator.linear.out_features, discriminator.linear.in_features) == (512 * 16, 512 * 16)
    assert {layer.negative_slope for layer in discriminator.modules() if isinstance(layer, nn.LeakyReLU)} == {0.1}
    assert not [layer for layer in discriminator.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize("size", [(8, 8), (16, 24), (28, 28), (48, 48), (64, 64)])
def test_the_networks_at_other_sizes(size):
    x = SNGANGenerator(4, size, 1, 8)(torch.randn(2, 4))
    assert x.shape == (2, 1, *size) and SNGANDiscriminator(size, 1, 8)(x).shape == (2,)


def test_the_networks_refuse_what_they_cannot_build():
    with pytest.raises(ValueError, match="at least 8 pixels, not 7x8"):
        SNGANGenerator(4, (7, 8), 1, 8)
    with pytest.raises(ValueError, match="multiple of 8, not 12"):
        SNGANDiscriminator((32, 32), 1, 12)

"""Networks from a description: every layer of the menu, the shapes it makes, and what is said of a wrong one."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from zerosum.layers import INITS, make_activation
from zerosum.networks.described import (
    LAYERS,
    DescribedDiscriminator,
    DescribedGenerator,
    build_layers,
    read_description,
)

# layer -> (options, shape of a sample before it, and after it)
MENU = {
    "dense": ({"units": 5}, (3,), (5,)),
    "conv": ({"channels": 4, "size": 4, "stride": 2, "bias": False}, (3, 8, 8), (4, 4, 4)),
    "transposed-conv": ({"channels": 4}, (3, 8, 8), (4, 16, 16)),
    "upsample": ({}, (3, 8, 8), (3, 16, 16)),
    "max-pool": ({}, (3, 8, 8), (3, 4, 4)),
    "average-pool": ({"size": 4}, (3, 8, 8), (3, 2, 2)),
    "activation": ({"name": "softmax"}, (3,), (3,)),
    "batch-norm": ({}, (3, 8, 8), (3, 8, 8)),
    "layer-norm": ({}, (3, 8, 8), (3, 8, 8)),
    "dropout": ({"rate": 0.25}, (7,), (7,)),
    "flatten": ({}, (3, 2, 2), (12,)),
    "reshape": ({"to": [3, 2, 2]}, (12,), (3, 2, 2)),
    "lstm": ({"units": 6, "sequence": True}, (5, 3), (5, 6)),
    "gru": ({"units": 6}, (5, 3), (6,)),
    "embedding": ({"count": 10, "width": 4}, (5,), (5, 4)),
    "merge": ({"branches": [[{"layer": "dense", "units": 2}], [{"layer": "dense", "units": 3}]]}, (4,), (5,)),
}


def test_every_layer_of_the_menu_is_here():
    assert MENU.keys() == LAYERS.keys()


@pytest.mark.parametrize("name", MENU)
def test_a_layer_makes_its_shape(name):
    options, before, after = MENU[name]
    network, shape = build_layers([{"layer": name, **options}], before)
    x = torch.randint(0, 10, (2, *before)) if name == "embedding" else torch.randn(2, *before)
    assert shape == after and network(x).shape == (2, *after)
    assert all(module.training for module in network.modules())


def test_options_reach_the_layers():
    network, _ = build_layers([
        {"layer": "conv", "channels": 4, "size": 5, "stride": 2, "padding": 1, "bias": False, "activation": "prelu"},
        {"layer": "merge", "how": "add", "branches": [[], []]}, {"layer": "dropout", "rate": 0.125},
    ], (3, 9, 9))
    conv, activation, _, dropout = network
    assert (conv.kernel_size, conv.stride, conv.padding, conv.bias) == ((5, 5), (2, 2), (1, 1), None)
    assert isinstance(activation, nn.PReLU) and dropout.p == 0.125
    x = torch.randn(2, 3, 9, 9)
    torch.testing.assert_close(network.eval()(x), 2 * activation(conv(x)))


def test_conv_keeps_the_size_and_halves_it():
    for size, stride, after in ((3, 1, 8), (5, 1, 8), (4, 2, 4), (3, 2, 4)):
        _, shape = build_layers([{"layer": "conv", "channels": 1, "size": size, "stride": stride}], (1, 8, 8))
        assert shape == (1, after, after)


@pytest.mark.parametrize("init", INITS)
def test_inits_by_name(init):
    torch.manual_seed(0)
    network, _ = build_layers([{"layer": "dense", "units": 400}], (400,), init)
    weight = network[0].weight
    std = {"normal": 0.02, "xavier": (2 / 800) ** 0.5, "kaiming": (2 / 400) ** 0.5, "orthogonal": 400**-0.5,
           "default": (3 * 400) ** -0.5}[init]
    assert weight.std().item() == pytest.approx(std, rel=0.02)
    if init == "orthogonal":
        torch.testing.assert_close(weight @ weight.T, torch.eye(400), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "values"), [
    ("softplus", (0.3132617, 1.3132617)), ("sigmoid", (0.2689414, 0.7310586)), ("relu", (0.0, 1.0)),
    ("softmax", (0.1192029, 0.8807971)), ("elu", (-0.6321206, 1.0)), ("tanh", (-0.7615942, 0.7615942)),
    ("leaky-relu", (-0.2, 1.0)), ("prelu", (-0.25, 1.0)), ("selu", (-1.1113307, 1.0507010)), ("none", (-1.0, 1.0)),
])
def test_activations_by_name(name, values):
    torch.testing.assert_close(make_activation(name)(torch.tensor([[-1.0, 1.0]])), torch.tensor([values]))


@pytest.mark.parametrize(("layers", "message"), [
    ([{"layer": "dense", "units": 3}, {"layer": "dens"}], "layer 2, dens, after 3: unknown layer 'dens'; there is: de"),
    ([{"units": 3}], "layer 1, without a name, after 4: unknown layer 'None'"),
    ([{"layer": "dense", "unit": 3}], "layer 1, dense, after 4: dense has no option 'unit'; it has: units, bias"),
    ([{"layer": "dense"}], "layer 1, dense, after 4: dense.* missing 1 required positional argument: 'units'"),
    ([{"layer": "conv", "channels": 2}], "layer 1, conv, after 4: "),
    ([{"layer": "dense", "units": 3, "activation": "reluu"}], "unknown activation 'reluu'; there is: relu"),
    ([{"layer": "reshape", "to": [3, 3]}], "layer 1, reshape, after 4: "),
    ([{"layer": "merge", "how": "subtract", "branches": []}], "merge knows concat and add, not 'subtract'"),
])
def test_a_wrong_layer_is_one_line(layers, message):
    with pytest.raises(ValueError, match=message) as refused:
        build_layers(layers, (4,))
    assert "\n" not in str(refused.value)


def test_dense_after_maps_is_refused():
    with pytest.raises(ValueError, match="maps must be flattened first"):
        build_layers([{"layer": "dense", "units": 3}], (1, 4, 4))


def test_networks_must_fit_the_data():
    vector = {"layers": [{"layer": "dense", "units": 4}]}
    with pytest.raises(ValueError, match="the described generator makes 4, and the data is 1x2x2"):
        DescribedGenerator(vector, 3, (1, 2, 2))
    with pytest.raises(ValueError, match="must end in one score, and makes 4"):
        DescribedDiscriminator(vector, (2,))


FILE = """
[generator]
init = "orthogonal"
layers = [
  {layer = "dense", units = 4, activation = "tanh"},
  {layer = "reshape", to = [1, 2, 2]},
]
[discriminator]
layers = [{layer = "flatten"}, {layer = "dense", units = 1}]
"""


def test_a_file_becomes_two_networks(tmp_path: Path):
    path = tmp_path / "nets.toml"
    path.write_text(FILE)
    found = json.loads(read_description(path))
    generator = DescribedGenerator(found["generator"], 8, (1, 2, 2))
    discriminator = DescribedDiscriminator(found["discriminator"], (1, 2, 2))
    scores = discriminator(generator(torch.randn(5, 8)))
    assert scores.shape == (5,) and scores.dtype == torch.float32
    weight = generator[0].weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("text", "message"), [
    (None, "cannot read the networks of .*nets.toml: "),
    ("[generator\n", "cannot read the networks of .*nets.toml: "),
    ("[generator]\nlayers = []\n", "describes no discriminator: it needs a table .discriminator. with a list named la"),
    ("[generator]\nlayers = 3\n[discriminator]\nlayers = []\n", "describes no generator"),
])
def test_a_wrong_file_is_one_line(tmp_path: Path, text, message):
    path = tmp_path / "nets.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=message) as refused:
        read_description(path)
    assert "\n" not in str(refused.value)


def test_the_guide_names_the_whole_menu():
    page = (Path(__file__).parents[2] / "docs" / "guide" / "one-thing-at-a-time.md").read_text()
    for name in (*LAYERS, *(option for options, _, _ in MENU.values() for option in options)):
        assert f"`{name}`" in page
    assert all(f" {name}," in page or f" {name};" in page for name in ("relu", "softplus", "prelu", "none"))
    assert all(name in page for name in INITS)

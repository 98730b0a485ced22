"""Networks that are not built in: their weights' layout and numbers, resizers, published protocols, a user's own."""

import base64
import hashlib
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.data import ArrayDataset, load_data
from zerosum.metrics import PROTOCOLS, Accumulator, ModuleFeatures, Reference, evaluate, reference
from zerosum.metrics.features import extractor_for, files
from zerosum.metrics.features.fetch import Weights
from zerosum.metrics.features.inception import Inception, InceptionFeatures
from zerosum.metrics.features.resize import resized
from zerosum.metrics.features.vgg import VGG16, VGGFeatures
from zerosum.metrics.look import quantised
from zerosum.metrics.protocol import OURS

# Of pytorch-fid's, torch-fidelity's and torchvision's modules: "name shape" of all weights, sorted, by SHA-256.
INCEPTION_KEYS = "d84f693f2abd7fea61cb31c87d3b2f268bf707c1bae1db219afdad3363959cb0"
VGG_KEYS = "ba63c2556d912509cba94697742dd762a05c284047650150bab0c2ddc806bb59"

# Features 0, 1, 500 and 2047 of two images, and the sums of all and of their squares, by torch-fidelity's Inception
# with the weights of `drawn`, the images brought to it by the code of each protocol.
PUBLISHED = {
    "torch-fidelity": ((3.92586040, 4.22617245, 0.26310784, 0.0, 3.80955458, 3.95761776, 0.30966517, 0.0),
                       15211.4623291, 168670.61100),
    "pytorch-fid": ((3.87062240, 4.12687540, 0.27127481, 0.0, 3.88444328, 4.09273815, 0.29311889, 0.0),
                    15342.2226610, 171677.82892),
    "clean": ((4.63522911, 4.91751862, 0.28764760, 0.0, 4.51070595, 4.87836552, 0.30000407, 0.0),
              18022.1834030, 237530.07187)}
UNBIASED = (0.55544221, 0.62498856)          # largest probability of each, from its logits_unbiased
BIASED = 0.51260924                          # of the first with the bias

TF1 = (0, 3.25, 12.5, 27.75, 17.66667, 61.75, 47.16666, 54.75, 38, 50.16667, 68.33334, 68.25)

# ONNX files: ReduceMean over the places of (n, 3, 4, 4), and Cast to float32 of uint8 (2, 1, 4, 4).
MEANS = (
    "CAgSADprCjIKAXgSAXkiClJlZHVjZU1lYW4qDQoEYXhlc0ACQAOgAQcqDwoIa2VlcGRpbXMYAKABAhIBZ1ocCgF4EhcKFQgBEhEK"
    "AxIBbgoCCAMKAggECgIIBGIUCgF5Eg8KDQgBEgkKAxIBbgoCCANCBAoAEA0=")
CAST = (
    "CAgSADpWChcKAXgSAXkiBENhc3QqCQoCdG8YAaABAhIBZ1obCgF4EhYKFAgCEhAKAggCCgIIAQoCCAQKAggEYhsKAXkSFgoUCAES"
    "EAoCCAIKAggBCgIIBAoCCARCBAoAEA0=")


def listed(network):
    lines = sorted(f"{name} {tuple(tensor.shape)}" for name, tensor in network.state_dict().items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def drawn(network):
    """Weights by a rule: uniform, scaled for ReLU, in the order of their names."""
    generator, found = torch.Generator().manual_seed(0), {}
    for name, tensor in sorted(network.state_dict().items()):
        u = torch.rand(tensor.shape, generator=generator)
        if tensor.ndim > 1:
            found[name] = (2 * u - 1) * (6 / tensor[0].numel()) ** 0.5
        else:
            found[name] = 0.5 + u if name.endswith(("bn.weight", "running_var")) else (u - 0.5) * 0.4
    return found


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    """A file like the published one, batch counters included."""
    with torch.device("meta"):
        names = Inception()
    weights = drawn(names)
    counters = {name.replace("running_var", "num_batches_tracked"): torch.tensor(0) for name in weights
                if name.endswith("running_var")}
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(weights | counters, path)
    return path


@pytest.fixture
def at_hand(monkeypatch, weights_file):
    """As if the published file had been fetched."""
    monkeypatch.setattr(Weights, "fetched", lambda self: weights_file)


@pytest.fixture(scope="module")
def pictures():
    i = torch.arange(2 * 3 * 20 * 24)
    return ((i * 7919 + i * i * 13) % 256).view(2, 3, 20, 24).to(torch.uint8)


def as_images(pixels):
    return pixels.float() / 127.5 - 1


def images(n, shape=(3, 8, 8), seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)
    return ArrayDataset(pixels, DataSpec(shape), name=f"noise {seed}", split="all")


def test_the_weights_have_the_names_and_shapes_of_the_published_files():
    with torch.device("meta"):
        assert listed(Inception()) == INCEPTION_KEYS
        assert listed(VGG16()) == VGG_KEYS


@pytest.mark.parametrize("name", PUBLISHED)
def test_inception_gives_the_numbers_of_each_published_code(name, pictures, weights_file):
    extractor = files.from_file(weights_file, (3, 20, 24), PROTOCOLS[name])
    found = extractor(quantised(as_images(pictures)))
    some, total, squares = PUBLISHED[name]
    assert found.shape == (2, 2048) and found.dtype == torch.float32
    assert found[:, [0, 1, 500, 2047]].flatten().tolist() == pytest.approx(some, rel=2e-5)
    assert float(found.double().sum()) == pytest.approx(total, rel=5e-6)
    assert float(found.double().square().sum()) == pytest.approx(squares, rel=5e-6)


def test_the_probabilities_of_inception_leave_the_bias_out(pictures, weights_file):
    extractor = files.from_file(weights_file, (3, 20, 24), PROTOCOLS["stylegan3"])
    x = as_images(pictures)
    p = extractor.probabilities(x)
    assert p.shape == (2, 1008)
    assert p.max(1).values.tolist() == pytest.approx(UNBIASED, rel=1e-5)
    head = extractor.network.fc
    assert head(extractor(x)).softmax(1).max(1).values[0].item() == pytest.approx(BIASED, rel=1e-5)


def test_features_are_made_once_for_two_views_and_anew_for_what_was_changed(weights_file, monkeypatch):
    extractor = files.from_file(weights_file, (3, 20, 24), OURS)
    runs = []
    hook = extractor.network.register_forward_hook(lambda network, given, found: runs.append(len(found)))
    x = torch.zeros(1, 3, 8, 8)
    first = extractor(x)
    extractor.probabilities(x)
    assert runs == [1]
    assert not torch.equal(extractor(x.add_(1)), first) and runs == [1, 1]
    extractor.under(PROTOCOLS["clean"])(x)
    assert runs == [1, 1, 1]
    hook.remove()


def test_the_hash_is_of_the_weights_and_not_of_the_file(weights_file, tmp_path):
    from safetensors.torch import save_file

    with torch.device("meta"):
        network = Inception()
    weights = drawn(network)
    save_file(weights, tmp_path / "same.safetensors")
    weights["fc.bias"][0] += 1
    save_file(weights, tmp_path / "other.safetensors")
    one, same, other = (files.from_file(path, (3, 8, 8), OURS).weights_hash for path in (
        weights_file, tmp_path / "same.safetensors", tmp_path / "other.safetensors"))
    assert one == same != other


class Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code was run')",))


def test_files_that_are_no_weights_are_refused_in_one_line(tmp_path):
    def refused(name, error, words):
        with pytest.raises(error, match=words) as caught:
            files.from_file(tmp_path / name, (3, 8, 8), OURS)
        assert "\n" not in str(caught.value)

    refused("nowhere.pth", UsageError, "there is no file")
    torch.save({"a": Trap()}, tmp_path / "trap.pth")
    refused("trap.pth", ZerosumError, "cannot be read as weights alone")
    (tmp_path / "text.pth").write_text("not weights")
    refused("text.pth", ZerosumError, "cannot be read as weights alone")
    torch.save([1, 2], tmp_path / "list.pth")
    refused("list.pth", UsageError, "holds no weights by name")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    refused("other.pth", UsageError, "neither FID's Inception nor VGG16 .first difference: a.*ModuleFeatures")


@pytest.fixture(scope="module")
def vgg():
    with torch.device("meta"):
        network = VGG16()
    network.load_state_dict(drawn(network), assign=True)
    return VGGFeatures(network)


def test_vgg_gives_the_second_hidden_layer_and_the_layers_of_lpips(vgg, pictures):
    """By the operations of torchvision's graph, written out."""
    weights = vgg.network.state_dict()
    x = as_images(pictures[:1])
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    y, layers = ((resized(x, (224, 224)) + 1) / 2 - mean) / std, []
    for place in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, "pool", 17, 19, 21, "pool", 24, 26, 28, "pool"):
        if place == "pool":
            layers.append(y)
            y = nn.functional.max_pool2d(y, 2)
        else:
            kernel, bias = (weights[f"features.{place}.{part}"] for part in ("weight", "bias"))
            y = nn.functional.conv2d(y, kernel, bias, padding=1).relu()
    y = y.flatten(1)
    for place in (0, 3):
        y = nn.functional.linear(y, *(weights[f"classifier.{place}.{part}"] for part in ("weight", "bias"))).relu()
    assert torch.allclose(vgg(x), y, rtol=1e-5, atol=1e-6) and vgg.dim == y.shape[1] == 4096
    for found, wanted in zip(vgg.layers(resized(x, (224, 224))), layers, strict=True):
        assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_layers_of_vgg_take_small_grey_images_and_have_gradients(vgg):
    x = torch.rand(1, 1, 16, 16).requires_grad_()
    layers = vgg.layers(x)
    assert [tuple(layer.shape[1:]) for layer in layers] == [
        (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2), (512, 1, 1)]
    layers[0].sum().backward()
    assert x.grad.abs().sum() > 0


def test_vgg_serves_perceptual_distance(vgg, pictures):
    from zerosum.metrics.paired.lpips import perceptual_distance

    x = as_images(pictures)
    distance = perceptual_distance(x, x.flip(0), vgg)
    assert distance[0] > 0 and distance[0] == pytest.approx(float(distance[1]), rel=1e-4)
    assert perceptual_distance(x, x, vgg).abs().max() == 0


def test_tensorflow_resizes_from_the_corner():
    row = torch.tensor([[[[0.0, 1.0]]]])
    assert resized(row, (1, 4), "tf1").flatten().tolist() == [0, 0.5, 1, 1]
    assert resized(row, (1, 4), "torch").flatten().tolist() == [0, 0.25, 0.75, 1]
    # torch-fidelity's interpolate_bilinear_2d_like_tensorflow1x of i^2 mod 97, 5 x 7 to 3 x 4
    x = (torch.arange(35.0) ** 2 % 97).view(1, 1, 5, 7)
    assert resized(x, (3, 4), "tf1").flatten().tolist() == pytest.approx(TF1, rel=1e-6)


def test_antialiasing_is_what_its_name_says():
    stripes = torch.tensor([1.0, -1.0]).repeat(32).expand(1, 1, 64, 64)
    for how, aliased in (("antialias", False), ("pil-bicubic", False), ("torch", True), ("tf1", True)):
        size = (64, 21) if how == "torch" else (64, 32)      # at half the size it averages two pixels
        assert (resized(stripes, size, how).abs().max() > 0.9) == aliased


@pytest.mark.parametrize("size", [(20, 50), (64, 48), (299, 299)])
def test_bicubic_is_pillows(size):
    """As clean-fid resizes: each channel as float32 of 0 to 255, cut off at both ends."""
    pixels = np.random.default_rng(0).integers(0, 2, (2, 3, 40, 33)).astype(np.float32) * 255
    pillow = np.stack([[np.asarray(Image.fromarray(channel, mode="F").resize(size[::-1], Image.BICUBIC)).clip(0, 255)
                        for channel in image] for image in pixels])
    found = (resized(torch.from_numpy(pixels) / 127.5 - 1, size, "pil-bicubic") + 1) * 127.5
    assert np.abs(found.numpy() - pillow).max() < 1e-4
    assert pillow.max() == 255 and pillow.min() == 0


def test_eight_bits_round_halves_up_and_leave_pixels_alone():
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(quantised(as_images(pixels)), as_images(pixels))
    x = torch.tensor([-1.5, -1 + 0.49 / 127.5, -1 + 0.51 / 127.5, 0.0, 0.3, 1.0, 2.0])
    published = (x * 127.5 + 128).clamp(0, 255).to(torch.uint8)      # NVlabs/stylegan3
    assert published.tolist() == [0, 0, 1, 128, 166, 255, 255]
    assert torch.equal(quantised(x), as_images(published))
    drawn = torch.rand(10_000, generator=torch.Generator().manual_seed(0)) * 2 - 1
    saved = ((drawn + 1) / 2).mul(255).add_(0.5).clamp_(0, 255).to(torch.uint8)      # torchvision's save_image
    assert float((quantised(drawn) == as_images(saved)).float().mean()) > 0.999      # but for rounding of the sums


@pytest.mark.usefixtures("at_hand")
def test_a_protocol_brings_its_network_resizer_and_eight_bits():
    real, fake = images(4), torch.rand(4, 3, 8, 8) * 2 - 1
    score = evaluate(fake, real, "fid", protocol="clean")["fid"]
    card = score.card
    assert score.value > 0 and (card.features["name"], card.features["dim"]) == ("inception", 2048)
    assert len(card.features["weights_hash"]) == 16
    assert card.features["input"] == "(p - 128) / 128"
    assert card.features["resize"] == "resized to 299x299, bicubic as in Pillow, antialiased"
    assert card.quantised and card.protocol == "clean" and "8 bit" in str(score)
    rounded = evaluate(quantised(fake), real, "fid", protocol="clean")["fid"].value
    assert rounded == score.value
    assert evaluate(fake, real, "fid", protocol="pytorch-fid")["fid"].value != pytest.approx(rounded, rel=1e-3)
    ours = evaluate(fake, real, ["fid", "inception-score"], features="inception")
    assert not ours["fid"].card.quantised and ours["inception-score"].value >= 1
    assert ours["fid"].card.features["resize"].endswith("bilinear, antialiased")


@pytest.mark.usefixtures("at_hand")
def test_a_protocol_refuses_other_features(weights_file, vgg):
    real, clean, nvlabs = images(4), PROTOCOLS["clean"], PROTOCOLS["stylegan3"]
    words = "the protocol clean is defined for inception features here, not "
    for features, name in (("pixels", "pixels"), ("vgg16", "vgg16"), (vgg, "vgg16"),
                           (ModuleFeatures(nn.Flatten(), (3, 8, 8), name="mine"), "mine")):
        with pytest.raises(UsageError, match=words + name):
            extractor_for(features, real, clean, ["fid"])
    assert extractor_for(weights_file, real, clean, ["fid"]).protocol is clean
    assert extractor_for(str(weights_file), real, clean).name == "inception"
    assert extractor_for("auto", load_data("ring"), clean).name == "points"
    assert extractor_for(vgg, real, nvlabs, ["precision-recall"]).resize == "tf1" and vgg.resize == "antialias"
    with pytest.raises(UsageError, match="stylegan3 is defined for vgg16 features here, not inception"):
        extractor_for("inception", real, nvlabs, ["precision-recall"])
    with pytest.raises(UsageError, match="vgg16 for precision-recall and of inception for everything else"):
        extractor_for("auto", real, nvlabs, ["fid", "precision-recall"])
    with pytest.raises(UsageError, match=words + "vgg16"):
        Accumulator("fid", extractor=vgg, protocol="clean")
    assert Accumulator("fid", extractor=extractor_for("inception", real), protocol="clean").extractor.protocol is clean


def module(weight=1.0):
    """Means of the channels, times a number."""
    network = nn.Sequential(nn.Conv2d(3, 3, 1, groups=3, bias=False), nn.Dropout())
    nn.init.constant_(network[0].weight, weight)
    return network


def test_any_module_gives_features():
    real, fake = images(40), torch.rand(40, 3, 8, 8) * 2 - 1
    score = evaluate(fake, real, "fid", features=module())["fid"]
    assert score.card.features["name"] == "Sequential" and score.card.features["dim"] == 3
    means = [x.mean((2, 3)) for x in (real.all(), fake)]
    from zerosum.metrics.distribution.fid import fid
    assert score.value == pytest.approx(fid(*means), rel=1e-4)
    assert evaluate(fake, real, "fid", features=module(2))["fid"].value == pytest.approx(4 * score.value, rel=1e-4)
    extractor = ModuleFeatures(module(), (3, 8, 8), name="means", mean=(0.5, 0.25, 0.5), std=(0.25, 0.5, 1))
    assert extractor(torch.zeros(1, 3, 4, 4)).tolist() == [[0, 0.5, 0]]
    assert "mean (0.5, 0.25, 0.5)" in extractor.input
    half = ModuleFeatures(module().bfloat16().float(), (3, 8, 8))
    assert half.weights_hash == ModuleFeatures(module(), (3, 8, 8)).weights_hash


def test_features_of_the_same_module_fed_in_other_ways_are_kept_apart(tmp_path):
    real, network = images(30), module()
    plain, scaled = ModuleFeatures(network, (3, 8, 8)), ModuleFeatures(network, (3, 8, 8), mean=[0.5], std=[0.1])
    stored = reference(real, features=plain)
    assert not torch.allclose(reference(real, features=scaled).seen.features, stored.seen.features)
    stored.save(tmp_path / "stored.safetensors")
    read = Reference.load(tmp_path / "stored.safetensors")
    assert abs(evaluate(real, read, "fid", features=plain)["fid"].value) < 1e-6
    with pytest.raises(UsageError, match="never compared"):
        evaluate(real, read, "fid", features=scaled)


def test_modules_that_give_no_features_are_refused_in_one_line():
    with pytest.raises(UsageError, match=r"Conv2d cannot take images of 1x8x8 .*ModuleFeatures"):
        ModuleFeatures(nn.Conv2d(3, 4, 1), (1, 8, 8))
    with pytest.raises(UsageError, match=r"Flatten must return features .* returned \(2, 3, 64\) for 2 images"):
        ModuleFeatures(nn.Flatten(2), (3, 8, 8))
    with pytest.raises(UsageError, match="one value for each of 3 channels, not 2 and 2"):
        ModuleFeatures(nn.Flatten(), (3, 8, 8), mean=(0, 0), std=(1, 1))
    with pytest.raises(UsageError, match="a file, a module, or an extractor"):
        extractor_for(3, images(2))


def test_a_torchscript_file_gives_features(tmp_path):
    torch.jit.trace(module().eval(), torch.zeros(1, 3, 8, 8)).save(tmp_path / "means.pt")
    extractor = extractor_for(tmp_path / "means.pt", images(2))
    x = images(2).all()
    assert extractor.name == "means" and torch.allclose(extractor(x), x.mean((2, 3)), atol=1e-6)


def test_an_onnx_file_gives_features(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "means.onnx").write_bytes(base64.b64decode(MEANS))
    x = images(5).all()
    extractor = extractor_for(tmp_path / "means.onnx", images(5))
    assert extractor.shape == (3, 4, 4) and extractor.dim == 3 and extractor.name == "means"
    assert torch.allclose(extractor(x), resized(x, (4, 4)).mean((2, 3)), atol=1e-6)
    (tmp_path / "cast.onnx").write_bytes(base64.b64decode(CAST))
    extractor = extractor_for(str(tmp_path / "cast.onnx"), images(5))      # two uint8 images at a time, (2, 1, 4, 4)
    grey = torch.full((5, 3, 8, 8), 100 / 127.5 - 1)
    assert extractor(grey).tolist() == [[100]] * 5 and extractor.input == "0 to 255"
    (tmp_path / "text.onnx").write_text("not a network")
    with pytest.raises(ZerosumError, match="cannot be read as ONNX"):
        extractor_for(tmp_path / "text.onnx", images(2))


def test_an_onnx_file_without_its_extra_says_which(tmp_path, monkeypatch):
    (tmp_path / "means.onnx").write_bytes(base64.b64decode(MEANS))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"pip install 'zerosum\[onnx\]'"):
        extractor_for(tmp_path / "means.onnx", images(2))


def test_weights_are_fetched_once_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "net-0123.pth"
    source.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    path = Weights("weights", source.as_uri(), digest).fetched()
    assert path == tmp_path / "cache" / "net-0123.pth" and path.read_bytes() == b"weights"
    source.unlink()
    assert Weights("weights", source.as_uri(), digest).fetched() == path       # it is there
    path.write_bytes(b"cut off")
    with pytest.raises(ZerosumError, match=f"must begin with {digest}; delete it"):
        Weights("weights", source.as_uri(), digest).fetched()


def test_other_weights_than_published_are_never_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "net.pth").write_bytes(b"others")
    with pytest.raises(ZerosumError, match="is not the published file"):
        Weights("weights", (tmp_path / "net.pth").as_uri(), "0" * 8).fetched()
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_network_one_line_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("ZEROSUM_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ZerosumError) as caught:
        Weights("weights of it", "http://127.0.0.1:9/net-0123.pth", "0123").fetched()
    line = str(caught.value)
    assert "download http://127.0.0.1:9/net-0123.pth" in line and str(tmp_path / "cache" / "net-0123.pth") in line
    assert "\n" not in line


def test_a_network_moves_to_where_the_model_is():
    class Model:
        device = torch.device("cpu")

        def sample(self, n, seed=0):
            return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1

    moved = []
    extractor = ModuleFeatures(module(), (3, 8, 8))
    extractor.under = lambda protocol: extractor
    extractor.to = lambda device: moved.append(device) or extractor
    evaluate(Model(), images(20), "fid", n=20, features=extractor)
    assert moved == [Model.device]
    assert InceptionFeatures.to is VGGFeatures.to is ModuleFeatures.to     # one for all
    assert all(hasattr(extractor_for("auto", load_data(name, split="test")), "to")
               for name in ("digits", "photos", "stacked-digits"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_features_made_on_a_gpu_are_those_of_the_cpu(weights_file, pictures):
    x, extractor = as_images(pictures), files.from_file(weights_file, (3, 20, 24), PROTOCOLS["clean"])
    wanted = extractor(x)
    found = extractor.to("cuda")(x.clone())
    extractor.to("cpu")
    assert found.device.type == "cpu" and torch.allclose(found, wanted, rtol=1e-4, atol=1e-4)

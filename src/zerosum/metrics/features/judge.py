"""A small network that knows the classes of a built-in data set, trained on first use and proven on its test split."""

import hashlib
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from ...core import ZerosumError, adam
from .cache import read_cached, write_cached
from .extractor import fit_images, float_batch

if TYPE_CHECKING:
    from ...data import Dataset

JUDGED = ("digits", "glyphs", "shapes")      # built-in image data with classes
RECIPE = 1                                   # raised with every change that would make other weights
EPOCHS, BATCH, SHIFT = 12, 64, 2             # SHIFT: pixels that training images are moved by, at most


class JudgeNetwork(nn.Module):
    """Three strided convolutions and a layer of 64 features below the classes."""

    dim = 64

    def __init__(self, shape: tuple[int, ...], classes: int):
        super().__init__()
        channels, height, width = shape
        layers: list[nn.Module] = []
        for before, after in ((channels, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        size = 64 * -(-height // 8) * -(-width // 8)
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(size, self.dim), nn.ReLU())
        self.classes = nn.Linear(self.dim, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, *shape) in [-1, 1] -> logits (N, classes)."""
        return self.classes(self.features(x))

    def layers(self, x: Tensor) -> list[Tensor]:
        """What the three convolutions make of images of any size (N, channels, H, W), finest first."""
        found = []
        for layer in self.features[:-3]:
            x = layer(x)
            found += [x] * isinstance(layer, nn.ReLU)
        return found


class TrainedJudge:
    """A judge as metrics use it; images of another size or colour are resized, with antialiasing."""

    def __init__(self, name: str, network: JudgeNetwork, shape: tuple[int, ...], accuracy: float):
        self.name, self.network, self.shape, self.accuracy = f"judge-{name}", network.eval(), shape, accuracy
        self.dim, self.weights_hash = network.dim, hash_of(network)

    def __call__(self, x: Tensor) -> Tensor:
        """Features (N, 64) of images (N, C, H, W) in [-1, 1]."""
        return self._run(self.network.features, x)

    def probabilities(self, x: Tensor) -> Tensor:
        """Class probabilities (N, K)."""
        return self._run(self.network, x).softmax(1)

    def classify(self, x: Tensor) -> Tensor:
        """The most likely class of each image: (N,) int64."""
        return self._run(self.network, x).argmax(1)

    def layers(self, x: Tensor) -> list[Tensor]:
        """Activations (N, C_k, H_k, W_k) below the features, of images of any size, with gradients."""
        return self.network.layers(fit_images(x, (self.shape[0], *x.shape[2:])))

    @torch.no_grad()
    def _run(self, part: nn.Module, x: Tensor) -> Tensor:
        return torch.cat([part(fit_images(float_batch(chunk), self.shape)) for chunk in x.split(256)])


@cache
def judge(name: str) -> TrainedJudge:
    """The judge of a built-in data set: from the cache, or trained in a few seconds on the train split."""
    from ...data import load_data

    train, test = load_data(name, split="train"), load_data(name, split="test")
    shape, classes = train.spec.shape, train.spec.num_classes
    network = JudgeNetwork(shape, classes)
    key = f"judge-{name}-{train.fingerprint[:16]}-{RECIPE}"
    kept = read_cached(key)
    if kept is not None and kept[0].keys() == network.state_dict().keys():
        network.load_state_dict(kept[0])
        return TrainedJudge(name, network, shape, float(kept[1]["accuracy"]))
    found = TrainedJudge(name, train_network(train), shape, 0.0)
    found.accuracy = float((found.classify(test.all()) == labels_of(test)).double().mean())
    if found.accuracy < 0.8:
        raise ZerosumError(f"the judge of {name} is right on {found.accuracy:.0%} of the test images only: "
                           "use --features pixels")
    write_cached(key, found.network.state_dict(), {"accuracy": repr(found.accuracy), "data": name})
    return found


def labels_of(data: "Dataset") -> Tensor:
    """All labels of a data set: (N,) int64."""
    return data.gather(torch.arange(len(data)))["labels"]


def train_network(data: "Dataset", seed: int = 0) -> JudgeNetwork:
    """Train on a labelled data set, always to the same weights and without touching the global generator."""
    x, labels = data.all(), labels_of(data)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = JudgeNetwork(data.spec.shape, data.spec.num_classes).train()
        optimizer = adam(lr=3e-3)(network.parameters())
        steps = EPOCHS * len(x) // BATCH
        for step in range(steps):
            optimizer.lr = 3e-3 * (1 - step / steps)
            chosen = torch.randint(len(x), (BATCH,))
            network.zero_grad()
            cross_entropy(network(shifted(x[chosen])), labels[chosen]).backward()
            optimizer.step()
    network.requires_grad_(False).eval()
    _normalize(network, x)
    return network


def _normalize(network: JudgeNetwork, x: Tensor) -> None:
    """Scale the features so that their mean square is 1, without changing what the network says of any image.

    The kernel of KID is made for x.y / D of about 1, which Inception's features have and others happen not to.
    """
    scale = network.features(x).square().mean().sqrt()
    last = network.features[-2]
    last.weight.div_(scale), last.bias.div_(scale)
    network.classes.weight.mul_(scale)


def shifted(x: Tensor) -> Tensor:
    """The whole batch moved by up to SHIFT pixels, its border repeated: few images would be learnt by heart."""
    down, right = torch.randint(2 * SHIFT + 1, (2,)).tolist()
    height, width = x.shape[2:]
    return pad(x, [SHIFT] * 4, mode="replicate")[:, :, down:down + height, right:right + width]


def hash_of(network: nn.Module) -> str:
    """A hash of weights: 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()

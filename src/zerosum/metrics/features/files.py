"""From a file to the extractor in it: weights, read as tensors alone, or a network in ONNX or TorchScript."""

import warnings
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...core import UsageError, ZerosumError
from ..protocol import Protocol
from .device import NetworkFeatures
from .fetch import INCEPTION, VGG, Weights
from .inception import Inception, InceptionFeatures
from .user import onnx_features, script_features
from .vgg import VGG16, VGGFeatures

SUFFIXES = (".pth", ".pt", ".safetensors", ".onnx")


class Published(NamedTuple):
    """A published network: where its weights are, and what makes features of it."""

    weights: Weights
    network: type[nn.Module]
    features: type[NetworkFeatures]


PUBLISHED = {"inception": Published(INCEPTION, Inception, InceptionFeatures),
             "vgg16": Published(VGG, VGG16, VGGFeatures)}


def published(name: str, protocol: Protocol) -> NetworkFeatures:
    """The published network of this name, its weights fetched where they are not there."""
    return weights_features(PUBLISHED[name].weights.fetched(), protocol)


def from_file(path: Path, shape: Sequence[int], protocol: Protocol) -> NetworkFeatures:
    """The extractor that a file holds: weights of a published network, or an ONNX or TorchScript network.

    shape: of the images of the data, for a network that takes any. Raises UsageError for a file that is not there or
    holds something else, ZerosumError for one that cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path} to take the feature network from")
    if path.suffix == ".onnx":
        return onnx_features(path, shape).under(protocol)
    if _is_script(path):
        return script_features(path, shape).under(protocol)
    return weights_features(path, protocol)


def weights_features(path: Path, protocol: Protocol) -> NetworkFeatures:
    """The published network whose weights this file holds, read once per process."""
    return _loaded(path.resolve(), path.stat().st_mtime_ns).under(protocol)


@lru_cache(maxsize=2)
def _loaded(path: Path, written: int) -> NetworkFeatures:
    weights = read_weights(path)
    # TensorFlow counts no batches; PyTorch's counter is in some copies of the file and means nothing here.
    weights = {key: value for key, value in weights.items() if not key.endswith("num_batches_tracked")}
    kind = PUBLISHED["inception" if "Conv2d_1a_3x3.conv.weight" in weights else "vgg16"]
    network = kind.network()
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        wanted = network.state_dict()
        wrong = sorted(key for key in wanted.keys() | weights.keys()
                       if getattr(wanted.get(key), "shape", None) != getattr(weights.get(key), "shape", None))
        raise UsageError(f"{path} holds weights of neither FID's Inception nor VGG16 (first difference: {wrong[0]}): "
                         "hand a network of your own over as a module, zerosum.metrics.ModuleFeatures") from error
    return kind.features(network)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors or PyTorch file by name; ZerosumError for one that holds anything else."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        with warnings.catch_warnings(action="ignore"):   # torch's advice on pickles, which are refused here
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:               # what a damaged file makes torch raise is documented nowhere
        raise ZerosumError(f"{path} cannot be read as weights alone: it is damaged, or holds more than tensors; "
                           "save a state_dict, or hand the network over as .onnx") from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise UsageError(f"{path} holds no weights by name")
    return found


def _is_script(path: Path) -> bool:
    if path.suffix == ".safetensors" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as file:
        return any("/code/" in name for name in file.namelist())

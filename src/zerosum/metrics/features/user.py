"""Features of a network of the user's own: a module, a TorchScript file or an ONNX file."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...core import UsageError, ZerosumError
from .device import NetworkFeatures


class ModuleFeatures(NetworkFeatures):
    """Features of a module: what it returns, (N, D), or the mean over all places of what it returns, (N, D, H, W).

        features = ModuleFeatures(network, (3, 224, 224), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))

    shape: of the images that it takes; others are made to fit. mean, std: of pixels in [0, 1], by
    which they are scaled; without them it is given images in [-1, 1]. The module is put in evaluation mode.
    Raises UsageError for a module that does not take such images or does not return features.
    """

    def __init__(self, module: nn.Module, shape: Sequence[int], *, name: str = "", mean: Sequence[float] = (),
                 std: Sequence[float] = ()):
        super().__init__(name or type(module).__name__, module, tuple(shape))
        if len(mean) != len(std) or len(mean) not in (0, 1, shape[0]):
            raise UsageError(f"mean and std must have one value for each of {shape[0]} channels, not {len(mean)} and "
                             f"{len(std)}")
        self.mean, self.std = tuple(mean), tuple(std)
        self.input = f"mean {self.mean}, std {self.std}" if mean else "in [-1, 1]"
        self.dim = self._try().shape[1]

    def _try(self) -> Tensor:
        wanted = "x".join(map(str, self.shape))
        try:
            return self(torch.zeros(2, *self.shape))
        except ZerosumError:
            raise
        except Exception as error:           # whatever a user's own code raises
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise UsageError(f"{self.name} cannot take images of {wanted} ({reason}): say which it takes, "
                             "zerosum.metrics.ModuleFeatures(module, (channels, height, width))") from error

    def _prepared(self, x: Tensor) -> Tensor:
        x = super()._prepared(x)
        if not self.mean:
            return x
        mean, std = (x.new_tensor(value).view(-1, 1, 1) for value in (self.mean, self.std))
        return ((x + 1) / 2 - mean) / std

    def _features(self, x: Tensor) -> Tensor:
        return as_features(self.network(x), len(x), self.name)


def as_features(found: Any, count: int, name: str) -> Tensor:
    """What a network returned for so many images as (N, D); UsageError if it cannot be that."""
    if not isinstance(found, Tensor) or found.ndim not in (2, 4) or len(found) != count:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise UsageError(f"{name} must return features (N, D) or (N, D, H, W), and returned {shape} for {count} images")
    return found if found.ndim == 2 else found.mean((2, 3))


def script_features(path: Path, shape: Sequence[int]) -> ModuleFeatures:
    """Features of a TorchScript file, which takes images (N, C, H, W) in [-1, 1] of this shape."""
    try:
        module = torch.jit.load(path, map_location="cpu")
    except RuntimeError as error:
        raise ZerosumError(f"{path} cannot be read as TorchScript: {str(error).splitlines()[0]}") from error
    return ModuleFeatures(module, shape, name=path.stem)


class OnnxNetwork(nn.Module):
    """The first output of an ONNX file for its first input, images in [-1, 1], computed on the CPU.

    A file that takes whole numbers is given 0 to 255. shape: that of the images it takes, where it leaves a side open
    as given.
    """

    def __init__(self, path: Path, shape: Sequence[int]):
        super().__init__()
        self._session = _session(path)
        first = self._session.get_inputs()[0]
        if len(first.shape) != 4 or len(shape) != 3:
            raise UsageError(f"{path} must take images (N, C, H, W), and takes {first.shape}")
        self.whole, self._first = first.type == "tensor(uint8)", first.name
        self._count, *size = (side if isinstance(side, int) else 0 for side in first.shape)    # 0: any
        self.shape = tuple(own or given for own, given in zip(size, shape, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        if self.whole:
            x = (x * 127.5 + 128).clamp(0, 255).to(torch.uint8)
        parts = [self._run(part) for part in x.split(self._count or len(x))]
        return torch.cat(parts)

    def _run(self, x: Tensor) -> Tensor:
        count = len(x)
        if self._count > count:              # it takes no fewer at a time
            x = torch.cat([x, x[:1].expand(self._count - count, -1, -1, -1)])
        return torch.from_numpy(self._session.run(None, {self._first: x.contiguous().numpy()})[0])[:count]


def onnx_features(path: Path, shape: Sequence[int]) -> ModuleFeatures:
    """Features of an ONNX file: see `OnnxNetwork` for what it is given."""
    network = OnnxNetwork(path, shape)
    features = ModuleFeatures(network, network.shape, name=path.stem)
    features.weights_hash = hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    features.input = "0 to 255" if network.whole else features.input
    return features


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise UsageError("features of an ONNX file need an extra: pip install 'zerosum[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:               # of types that are not public
        raise ZerosumError(f"{path} cannot be read as ONNX: {str(error).splitlines()[0]}") from error

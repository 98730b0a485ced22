"""The shipped weights of the feature networks: read, and checked against the table of their hashes."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...core import ZerosumError
from .network import FeatureNetwork

WEIGHTS = Path(__file__).with_name("weights")
RECORDS = WEIGHTS / "records.json"           # written by train.py, as are the weights


def records() -> dict[str, dict[str, Any]]:
    """By name of the data: hash, width, factors, accuracies on the test part, data fingerprints, recipe."""
    return json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}


def hash_of(network: nn.Module) -> str:
    """A hash of weights: 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())         # and the bytes, because NumPy has no bfloat16
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def load_network(name: str) -> tuple[FeatureNetwork, dict[str, Any]]:
    """The shipped network of a built-in data set, and its record; a damaged file raises ZerosumError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path, record = WEIGHTS / f"{name}.safetensors", records()[name]
    network = FeatureNetwork(record["channels"], record["width"], record["factors"])
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _damaged(path, f"cannot be read ({type(error).__name__})") from error
    if hash_of(network) != record["hash"]:
        raise _damaged(path, f"has the hash {hash_of(network)} and not {record['hash']}")
    return network.requires_grad_(False).eval(), record


def _damaged(path: Path, what: str) -> ZerosumError:
    return ZerosumError(f"{path} {what}: install zerosum again (pip install --force-reinstall --no-deps zerosum)")


@cache
def drifted(name: str) -> bool:
    """Whether the test part of this built-in data is no longer what the accuracy was measured on.

    Its pixels come from other packages: scikit-learn's pictures, matplotlib's fonts as Pillow draws them.
    """
    from ...data import load_data

    return load_data(name, split="test").fingerprint != records()[name]["data"]["test"]

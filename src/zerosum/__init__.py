"""zerosum: train, sample, evaluate, compare, edit, diagnose and serve generative adversarial networks.

Everything below is loaded when it is first used, so that `import zerosum` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .version import __version__

_WHERE = {
    "train": "runs", "resume": "runs", "load": "runs", "create": "runs", "Run": "runs",
    "evaluate": "metrics", "compare": "metrics",
    "run_study": "study",
    "Trainer": "engine", "TrainConfig": "engine",
    "DataConfig": "data", "load_data": "data",
    "Batch": "core", "Card": "core", "DataSpec": "core", "Model": "core", "LatentModel": "core", "Player": "core",
    "TextModel": "core", "UsageError": "core", "ZerosumError": "core", "adam": "core", "rmsprop": "core", "sgd": "core",
    "register": "core",
}
_ROOMS = ("claims", "core", "data", "doctor", "engine", "latent", "layers", "losses", "metrics", "models", "networks",
          "ops", "penalties", "runs", "study")

__all__ = [*_WHERE, *_ROOMS, "__version__"]

if TYPE_CHECKING:
    from .core import (
        Batch,
        Card,
        DataSpec,
        LatentModel,
        Model,
        Player,
        TextModel,
        UsageError,
        ZerosumError,
        adam,
        register,
        rmsprop,
        sgd,
    )
    from .data import DataConfig, load_data
    from .engine import TrainConfig, Trainer
    from .metrics import compare, evaluate
    from .runs import Run, create, load, resume, train
    from .study import run_study


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'zerosum' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)

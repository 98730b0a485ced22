"""The engine: it is handed a model and moves its players."""

from .checkpoint import atomic, explain, read_json, read_tensors, write_json, write_tensors
from .config import TrainConfig
from .distributed import World, any_of, join, leave
from .log import Log, read_log, to_numbers
from .precision import peak_memory_mb, pick_device
from .trainer import Trainer

__all__ = ["Log", "TrainConfig", "Trainer", "World", "any_of", "atomic", "explain", "join", "leave", "peak_memory_mb",
           "pick_device", "read_json", "read_log", "read_tensors", "to_numbers", "write_json", "write_tensors"]

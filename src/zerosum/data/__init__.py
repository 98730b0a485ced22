"""Data: what is built in, users' own in any form, and the stream a run is trained on."""

from .builtin import BUILTIN
from .config import DataConfig
from .dataset import ArrayDataset, Dataset, to_float
from .load import load_data, prepare
from .sampler import Sampler

__all__ = ["BUILTIN", "ArrayDataset", "DataConfig", "Dataset", "Sampler", "load_data", "prepare", "to_float"]

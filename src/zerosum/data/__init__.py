"""Data: what is built in, users' own in any form, and the stream a run is trained on."""

from .builtin import BUILTIN
from .config import DataConfig
from .dataset import ArrayDataset, Dataset, to_float
from .inspect import Survey, describe_builtin, survey
from .load import glimpse, held_out, load_data, load_held_out
from .overview import picture
from .pack import PackedInfo, prepare
from .sampler import Sampler

__all__ = ["BUILTIN", "ArrayDataset", "DataConfig", "Dataset", "PackedInfo", "Sampler", "Survey", "describe_builtin",
           "glimpse", "held_out", "load_data", "load_held_out", "picture", "prepare", "survey", "to_float"]

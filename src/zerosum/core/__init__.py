"""The contract between models and the engine."""

from .abilities import ABILITIES, abilities, condition, require
from .batch import Batch
from .card import Card
from .classes import best_over_classes
from .config import Setting, between, build, distribute, positive, settings_of
from .errors import Interrupted, NonFiniteError, UsageError, ZerosumError, nearest, unknown
from .factories import OPTIMIZERS, TorchOptimizer, adadelta, adagrad, adam, ftrl, make_optimizer, rmsprop, sgd
from .files import Advice, cannot_write, whole_file
from .model import Game, LatentModel, Model
from .optimizers import Optimizer
from .player import Player
from .registry import discover, find, find_all, names, register
from .spec import DataSpec
from .style_model import StyleModel
from .text_model import TextModel

__all__ = ["ABILITIES", "Advice", "Batch", "Card", "DataSpec", "Game", "Interrupted", "LatentModel", "Model",
           "NonFiniteError", "OPTIMIZERS", "Optimizer", "Player", "Setting", "StyleModel", "TextModel",
           "TorchOptimizer", "UsageError", "ZerosumError", "abilities", "adadelta", "adagrad", "adam",
           "best_over_classes", "between", "build", "cannot_write", "condition", "discover", "distribute", "find",
           "find_all", "ftrl", "make_optimizer", "names", "nearest", "positive", "register", "require", "rmsprop",
           "settings_of", "sgd", "unknown", "whole_file"]

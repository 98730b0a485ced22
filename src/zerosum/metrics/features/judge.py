"""The shipped feature networks as metrics use them: judges, which know the classes of built-in data, and `photos`."""

from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .device import NetworkFeatures
from .extractor import fit_images
from .network import DIM, SIDE, FeatureNetwork
from .weights import drifted, hash_of, load_network

if TYPE_CHECKING:
    from ...data import Dataset

JUDGED = ("digits", "glyphs", "shapes")      # built-in image data with classes
ENOUGH = 0.95                                # of accuracy, for a judge to be believed without a note

__all__ = ["JUDGED", "TrainedFeatures", "TrainedJudge", "hash_of", "judge", "labels_of", "photo_features"]


class TrainedFeatures(NetworkFeatures):
    """Features (N, 64) of a shipped network, their mean square 1 on the training data.

    task: what the network was trained to name, and accuracy: how often it is right on the test part of its data.
    """

    dim = DIM

    def __init__(self, data: str, network: FeatureNetwork, record: dict):
        super().__init__(f"features-{data}", network, (record["channels"], SIDE, SIDE))
        self.data, self.record = data, record
        self.task, self.accuracy = next(iter(record["accuracy"].items()))

    def layers(self, x: Tensor) -> list[Tensor]:
        """Activations (N, C_k, H_k, W_k) below the features, of images of any size, finest first, with gradients."""
        return self.network.layers(fit_images(x.to(self.device), (self.shape[0], *x.shape[2:])))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of a score must know of the network."""
        return (f"{self.data} is not the data that {self.name} was trained on (another scikit-learn, matplotlib or "
                "Pillow): the accuracy is of the original",) if drifted(self.data) else ()

    def _features(self, x: Tensor) -> Tensor:
        return self.network.features(x)


class TrainedJudge(TrainedFeatures):
    """A network that names the values of one factor of built-in data: its classes, unless another factor is named."""

    def __init__(self, data: str, network: FeatureNetwork, record: dict, factor: str = ""):
        super().__init__(data, network, record)
        self.task = factor or self.task
        self.accuracy, self.name = record["accuracy"][self.task], f"judge-{data}"

    def probabilities(self, x: Tensor) -> Tensor:
        """Class probabilities (N, K)."""
        return self._logits(x).softmax(1)

    def factors(self, x: Tensor) -> dict[str, Tensor]:
        """Probabilities (N, K) of the values of every factor that the network knows, by its name."""
        features = self(x).to(self.device)
        return {name: head(features).softmax(1).cpu() for name, head in self.network.heads.items()}

    def classify(self, x: Tensor) -> Tensor:
        """The most likely class of each image: (N,) int64."""
        return self._logits(x).argmax(1)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of a score must know of the network."""
        return super().warnings + weakness(self.accuracy)

    def _logits(self, x: Tensor) -> Tensor:
        return self.network.heads[self.task](self(x).to(self.device)).cpu()


def weakness(accuracy: float) -> tuple[str, ...]:
    """What to say of a judge that is right this often."""
    return (f"the judge is right on {accuracy:.1%} of the real test images",) if accuracy < ENOUGH else ()


def judge(data: str, factor: str = "") -> TrainedJudge:
    """The judge of built-in data, by its classes or by another factor (the colour of shapes, the font of glyphs)."""
    return _judge(data, factor)


@cache
def _judge(data: str, factor: str) -> TrainedJudge:
    return TrainedJudge(data, *load_network(data), factor)


@cache
def photo_features() -> TrainedFeatures:
    """Features for natural images, from the patches of two photographs, which have no classes worth naming.

    Its tasks need no labels (disguise.py): which photograph, which colours were exchanged, what damage was done.
    """
    return TrainedFeatures("photos", *load_network("photos"))


def labels_of(data: "Dataset") -> Tensor:
    """All labels of a data set: (N,) int64."""
    return data.gather(torch.arange(len(data)))["labels"]

"""Built-in `digits`: 1797 handwritten digits of 8x8 pixels, bundled with scikit-learn."""

import numpy as np
import torch

from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts
from ..fit import to_channels
from .shipped import shipped

TEST = 447                                   # catalogue, Sec. 0.2: 1350 to train on, 447 to test


def digits(config: DataConfig) -> ArrayDataset:
    """Handwritten digits (real), enlarged bilinearly to 32 pixels unless `image_size` says otherwise."""
    size = config.image_size or 32
    # Importing scikit-learn to read one small table would double the time to the first training step.
    table = np.loadtxt(shipped("sklearn", "datasets/data/digits.csv.gz"), np.float32, delimiter=",")
    labels = table[:, 64].astype(np.int64)
    grey = torch.from_numpy(table[:, :64].reshape(-1, 1, 8, 8) / 16)         # 17 grey levels
    grey = torch.nn.functional.interpolate(grey, size=(size, size), mode="bilinear")
    images = (grey * 255).round().byte().numpy()
    part = _part(labels, config.split)
    x = np.stack([to_channels(image, config.channels or 1) for image in images[part]])
    facts = Facts(labels[part], tuple("0123456789"))
    return ArrayDataset.of(x, facts.classed_by(config.label, "digits"), "digits", config)


def _part(labels: np.ndarray, split: str) -> np.ndarray:
    """Numbers of the samples of a split; every class is divided in the same proportion."""
    shuffled = np.random.RandomState(0).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    steps = np.arange(len(labels) + 1) * TEST // len(labels)
    is_test = np.diff(steps) == 1                            # evenly spread, and exactly TEST of them
    return np.sort(by_class if split == "all" else by_class[is_test == (split == "test")])

"""Built-in `digits`: 1797 handwritten digits of 8x8 pixels, bundled with scikit-learn."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts
from ..fit import to_channels

TEST = 447                                   # catalogue, Sec. 0.2: 1350 to train on, 447 to test


def digits(config: DataConfig) -> ArrayDataset:
    """Handwritten digits (real), enlarged bilinearly to 32 pixels unless `image_size` says otherwise."""
    size = config.image_size or 32
    x, labels = _read()
    grey = torch.from_numpy(x.reshape(-1, 1, 8, 8) / 16).float()             # 17 grey levels
    grey = torch.nn.functional.interpolate(grey, size=(size, size), mode="bilinear")
    images = (grey * 255).round().byte().numpy()
    part = _part(labels, config.split)
    x = np.stack([to_channels(image, config.channels or 1) for image in images[part]])
    facts = Facts(labels[part].astype(np.int64), tuple("0123456789"))
    return ArrayDataset.of(x, facts.classed_by(config.label, "digits"), "digits", config)


def _read() -> tuple[np.ndarray, np.ndarray]:
    """The 64 pixels, 0 to 16, and the class of every digit."""
    package = find_spec("sklearn")
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz" if package and package.origin else None
    if path is not None and path.exists():
        # Importing scikit-learn to read one small table would double the time to the first training step.
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
        return table[:, :64], table[:, 64].astype(np.int64)
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def _part(labels: np.ndarray, split: str) -> np.ndarray:
    """Numbers of the samples of a split; every class is divided in the same proportion."""
    shuffled = np.random.RandomState(0).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    steps = np.arange(len(labels) + 1) * TEST // len(labels)
    is_test = np.diff(steps) == 1                            # evenly spread, and exactly TEST of them
    return np.sort(by_class if split == "all" else by_class[is_test == (split == "test")])

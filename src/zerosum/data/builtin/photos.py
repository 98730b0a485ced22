"""Built-in `photos`: patches of the two sample photographs bundled with scikit-learn."""

import numpy as np

from ...core import UsageError
from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts
from ..fit import to_channels
from .shipped import shipped

NAMES = ("china", "flower")
TEST_WIDTH = 160                             # the right quarter of each photograph is kept for testing


def photos(config: DataConfig) -> ArrayDataset:
    """Overlapping patches, a quarter of their side apart; train and test patches share no pixel."""
    from PIL import Image

    size = config.image_size or 32
    if not 8 <= size <= TEST_WIDTH:
        raise UsageError(f"photos has patches of 8 to {TEST_WIDTH} pixels, not {size}")
    patches, labels = [], []
    for label, name in enumerate(NAMES):
        with Image.open(shipped("sklearn", f"datasets/images/{name}.jpg")) as image:
            x = to_channels(np.asarray(image).transpose(2, 0, 1), config.channels or 3)    # (C, 427, 640)
        for part in _parts(x, config.split):
            windows = np.lib.stride_tricks.sliding_window_view(part, (size, size), (1, 2))
            step = size // 4
            windows = windows[:, ::step, ::step].transpose(1, 2, 0, 3, 4).reshape(-1, len(x), size, size)
            patches.append(windows)
            labels.append(np.full(len(windows), label, np.int64))
    facts = Facts(np.concatenate(labels), NAMES).classed_by(config.label, "photos")
    return ArrayDataset.of(np.concatenate(patches), facts, "photos", config)


def _parts(x: np.ndarray, split: str) -> list[np.ndarray]:
    train, test = x[:, :, :-TEST_WIDTH], x[:, :, -TEST_WIDTH:]
    return {"train": [train], "test": [test], "all": [train, test]}[split]

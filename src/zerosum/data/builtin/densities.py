"""Built-in points in the plane whose density is known: ring, grid and swissroll."""

import numpy as np

from ...core import DataSpec, UsageError
from ..config import DataConfig
from ..dataset import ArrayDataset
from ..facts import Facts

COUNTS = {"train": 40_000, "test": 10_000}
RING_STD, GRID_STD = 0.02, 0.05              # catalogue, Sec. 0.2


def ring(config: DataConfig) -> ArrayDataset:
    """Eight Gaussians on a circle of radius 2: Unrolled GAN (Metz et al., 2016), Appendix A.

    The centres stop short of 2 pi: the paper's notebook includes both ends and so has seven distinct modes.
    """
    angle = 2 * np.pi * np.arange(8) / 8
    return _mixture("ring", 2 * np.stack([np.cos(angle), np.sin(angle)], 1), RING_STD, config)


def grid(config: DataConfig) -> ArrayDataset:
    """Twenty-five Gaussians on {-4, -2, 0, 2, 4}^2."""
    side = np.arange(-4.0, 5.0, 2.0)
    return _mixture("grid", np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2), GRID_STD, config)


def _mixture(name: str, modes: np.ndarray, std: float, config: DataConfig) -> ArrayDataset:
    parts, labels = [], []
    for split in _splits(name, config):
        label = np.arange(COUNTS[split]) % len(modes)        # every mode equally often
        parts.append(modes[label] + std * _rng(name, split).standard_normal((len(label), 2)))
        labels.append(label)
    spec = DataSpec(shape=(2,), num_classes=len(modes), classes=tuple(f"mode {i}" for i in range(len(modes))))
    return ArrayDataset(np.concatenate(parts).astype(np.float32), spec, name=name, split=config.split,
                        labels=np.concatenate(labels).astype(np.int64), modes=modes, mode_std=std, flip=config.flip)


def swissroll(config: DataConfig) -> ArrayDataset:
    """A spiral: t (cos t, sin t) / 7.5 with t uniform on [1.5 pi, 4.5 pi] and noise 0.25 / 7.5 (WGAN-GP, Fig. 2)."""
    parts = []
    for split in _splits("swissroll", config):
        rng = _rng("swissroll", split)
        t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=(COUNTS[split], 1)))
        roll = t * np.concatenate([np.cos(t), np.sin(t)], 1)
        parts.append((roll + 0.25 * rng.standard_normal(roll.shape)) / 7.5)
    return ArrayDataset(np.concatenate(parts).astype(np.float32), DataSpec(shape=(2,)), name="swissroll",
                        split=config.split, flip=config.flip)


def _splits(name: str, config: DataConfig) -> list[str]:
    if config.image_size or config.channels:
        raise UsageError(f"{name} is points, not images: leave --image-size and --channels out")
    Facts().classed_by(config.label, name)
    return ["train", "test"] if config.split == "all" else [config.split]


def _rng(name: str, split: str) -> "np.random.RandomState":
    # RandomState's streams are frozen by numpy's policy, so the points are the same in every version.
    return np.random.RandomState([*name.encode(), *split.encode()])

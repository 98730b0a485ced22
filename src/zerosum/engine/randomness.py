"""The random number generators that a step may draw from: seeded, saved and restored together."""

import math
import random

import numpy as np
import torch
from torch import Tensor


def seed_everything(seed: int, rank: int = 0) -> None:
    """Seed PyTorch, NumPy and Python; each process draws its own noise."""
    own = (seed * 1_000_003 + rank) % 2**63
    torch.manual_seed(own)
    np.random.seed(own % 2**32)
    random.seed(own)


def seed_of(seed: int, branch: int) -> int:
    """The seed of a branch of a training: the run's own for branch 0, and for the others one that is far from it."""
    if branch == 0:
        return seed
    return int(np.random.SeedSequence((seed, branch)).generate_state(1, np.uint64)[0] >> 1)


def random_state(device: torch.device) -> Tensor:
    """The state of every generator that a step may draw from, as one uint8 vector."""
    _kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)       # type: ignore[misc]
    _version, internal, gauss = random.getstate()
    parts = [torch.get_rng_state(),
             torch.from_numpy(np.asarray(keys, dtype=np.uint32).view(np.uint8).copy()),
             torch.from_numpy(np.array([position, has_gauss], dtype=np.int64).view(np.uint8).copy()),
             torch.from_numpy(np.array([cached, float("nan") if gauss is None else gauss]).view(np.uint8).copy()),
             torch.from_numpy(np.array(internal, dtype=np.int64).view(np.uint8).copy())]
    if device.type == "cuda":
        parts.append(torch.cuda.get_rng_state(device))
    elif device.type == "mps":
        parts.append(torch.mps.get_rng_state())
    sizes = torch.tensor([len(part) for part in parts], dtype=torch.int64)
    return torch.cat([torch.tensor([len(parts)], dtype=torch.int64).view(torch.uint8), sizes.view(torch.uint8), *parts])


def set_random_state(packed: Tensor, device: torch.device) -> None:
    count = int(packed[:8].clone().view(torch.int64))
    sizes = packed[8:8 + 8 * count].clone().view(torch.int64).tolist()
    parts = [part.clone() for part in packed[8 + 8 * count:].split(sizes)]
    torch.set_rng_state(parts[0])
    position, has_gauss = parts[2].numpy().view(np.int64).tolist()
    cached, gauss = parts[3].numpy().view(np.float64).tolist()
    np.random.set_state(("MT19937", parts[1].numpy().view(np.uint32), position, has_gauss, cached))
    internal = tuple(parts[4].numpy().view(np.int64).tolist())
    random.setstate((3, internal, None if math.isnan(gauss) else gauss))
    if device.type == "cuda" and count > 5:          # a run may go on on another kind of device, with fresh draws
        torch.cuda.set_rng_state(parts[5], device)
    elif device.type == "mps" and count > 5:
        torch.mps.set_rng_state(parts[5])

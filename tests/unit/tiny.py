"""Trainers of a system's smallest preset, and generators with a seed, for tests of single systems."""

import torch

from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan


def trainer_of(name: str, preset: str = "tiny", **settings) -> Trainer:
    chosen = plan(name, preset, {"device": "cpu", "threads": 1} | settings)
    data = load_data(chosen.data)
    return Trainer(construct(chosen.model, chosen.cfg, data.spec, 0), data, chosen.train)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)

"""What stands in for a model and its run where metrics only draw samples from it."""

from dataclasses import dataclass

import torch

from zerosum.data import DataConfig, load_data


class Copier:
    """Samples by drawing rows of the training data, and remembers what it was asked."""

    def __init__(self, name: str = "digits", noise: float = 0.0):
        self.rows, self.noise, self.calls = load_data(name), noise, []

    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        self.calls.append((n, seed, labels))
        generator = torch.Generator().manual_seed(seed)
        x = self.rows.all()[torch.randint(len(self.rows), (n,), generator=generator)]
        return x + self.noise * torch.randn(x.shape, generator=generator)


@dataclass
class Plan:
    """The part of a run's plan that evaluation reads."""

    data: DataConfig


@dataclass
class FakeRun:
    """A run as evaluation sees it."""

    model: Copier
    plan: Plan

"""Games small enough to be solved by hand, and a trainer for them."""

import numpy as np
import torch
from torch import Tensor, nn

from zerosum.core import Batch, DataSpec, Model, Player, adam, sgd
from zerosum.data import ArrayDataset
from zerosum.engine import TrainConfig, Trainer
from zerosum.penalties import gradient_penalty

POINTS = np.random.RandomState(0).randn(48, 3).astype(np.float32)


class Weight(nn.Module):
    """One vector of three numbers."""

    def __init__(self, *values: float):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(values or (0.0, 0.0, 0.0)))


class Toy(Model):
    """Two players of one vector each; what a round is, each test says."""

    def __init__(self, step=None, **player):
        super().__init__(None, DataSpec((3,)))
        self.left, self.right, self.step_of = Weight(1.0, 2.0, 3.0), Weight(4.0, 5.0, 6.0), step
        self.options = {"optimizer": sgd(1.0)} | player

    def players(self):
        return {"left": Player(self.left, **self.options), "right": Player(self.right, **self.options)}

    def train_step(self, trainer):
        return self.step_of(trainer)

    def inner(self, batch: Batch) -> dict[str, Tensor]:
        """<left, mean of the batch>: its gradient is the mean."""
        return {"inner": (batch.x @ self.left.w).mean()}


def train(model: Model, *, points=POINTS, **config) -> Trainer:
    data = ArrayDataset(points, DataSpec(points.shape[1:]), name="points")
    return Trainer(model, data, TrainConfig(**{"batch_size": 16, "device": "cpu", "threads": 1} | config))


def start() -> Tensor:
    return torch.tensor([1.0, 2.0, 3.0])


def close(a, b, within: float = 1e-6) -> bool:
    return bool((torch.as_tensor(a) - torch.as_tensor(b)).abs().max() <= within)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).flatten()


class PenaltyGame(Model):
    """WGAN-GP in which noise and eps are functions of the batch, so that it may be cut anywhere."""

    def __init__(self):
        super().__init__(None, DataSpec((3,)))
        torch.manual_seed(0)
        self.generator, self.critic = nn.Linear(3, 3), Critic()

    def players(self):
        return {name: Player(getattr(self, name), adam(1e-2, (0.5, 0.9))) for name in ("critic", "generator")}

    def train_step(self, trainer):
        batch = trainer.batch()
        logs = trainer.update("critic", self.critic_loss, batch, second_order=True)
        return logs | trainer.update("generator", self.generator_loss, batch)

    def critic_loss(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.generator(torch.sin(3 * batch.x))
        batch.keep(fake=fake)
        eps = torch.sigmoid(batch.x.sum(1))
        return {"wasserstein": self.critic(fake).mean() - self.critic(batch.x).mean(),
                "penalty": 10 * gradient_penalty(self.critic, batch.x, fake, eps=eps)}

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        assert not batch.fake.requires_grad and batch.fake.shape == batch.x.shape
        return {"adversarial": -self.critic(self.generator(torch.sin(3 * batch.x))).mean(),
                "near": (self.generator(torch.sin(3 * batch.x)) - batch.fake).square().mean()}

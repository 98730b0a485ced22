"""A player: a named set of networks and the optimizer that moves them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from .factories import Factory
from .optimizers import Optimizer


@dataclass(frozen=True)
class Player:
    """One side of the game. `ema` and `clip` are off at 0; `schedule` is a pure function of progress."""

    networks: nn.Module | tuple[nn.Module, ...]
    optimizer: Factory
    ema: float = 0.0                         # half-life of the moving average of the weights, in images
    clip: float = 0.0                        # largest norm of the gradient of this player
    schedule: Callable[[Optimizer, int, int], None] | None = None    # (optimizer, step, images), before each update

    @property
    def modules(self) -> tuple[nn.Module, ...]:
        return self.networks if isinstance(self.networks, tuple) else (self.networks,)

    def parameters(self) -> Iterator[Tensor]:
        for module in self.modules:
            yield from module.parameters()

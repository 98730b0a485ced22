"""Who moves when: one round of a model's game, played without computing anything."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..core import Batch, DataSpec, Model


class DryGame:
    """Stands in for the trainer, and only writes down who is asked to move."""

    def __init__(self, spec: DataSpec):
        self.step = self.images = 0
        self.moves: list[str] = []
        self._spec = spec

    def batch(self, n: int | None = None) -> Batch:
        self.images += n or 1
        shapes = {"labels": (1,)} if self._spec.num_classes else {}
        shapes |= {"text": (1, self._spec.text_length)} if self._spec.words else {}
        fields = {name: torch.zeros(shape, dtype=torch.int64, device="meta") for name, shape in shapes.items()}
        return Batch(torch.empty(1, *self._spec.shape, device="meta"), **fields)

    def update(self, player: str, loss: Callable, batch: Batch, gain: float = 1.0,
               second_order: bool = False) -> dict[str, Tensor]:
        self.moves.append(player)
        return defaultdict(lambda: torch.empty((), device="meta"))     # whichever term a model asks for

    def update_jointly(self, players: Sequence[str], losses: Callable, batch: Batch) -> dict[str, Tensor]:
        self.moves.append(" and ".join(players))
        return defaultdict(lambda: torch.empty((), device="meta"))

    def reset_optimizer(self, player: str) -> None:
        self.moves.append(f"(the optimizer of {player} starts anew)")

    def reset_average(self, player: str) -> None:
        pass                                 # no player moves by it

    def optimizer_state(self, player: str) -> dict[str, Tensor]:
        return {}


class Still(TorchFunctionMode):
    """Leaves out what works in place: it changes no tensor without numbers, and the meta device takes long over it."""

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        target = args[0] if args else kwargs.get("tensor")
        if name.endswith("_") and not name.startswith("_") and isinstance(target, Tensor) and target.is_meta:
            return target
        return func(*args, **kwargs)


def describe_round(model: Model, step: int) -> str:
    """The moves of one step in words, `5 x critic, 1 x generator`; the model may live on the meta device."""
    game = DryGame(model.data)
    game.step = step
    with Still():
        model.train_step(game)
    parts: list[tuple[str, int]] = []
    for move in game.moves:
        if parts and parts[-1][0] == move:
            parts[-1] = (move, parts[-1][1] + 1)
        else:
            parts.append((move, 1))
    return ", ".join(f"{count} x {move}" for move, count in parts)

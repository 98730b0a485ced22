"""The contract of a model: players, one round of the game, and sampling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from .batch import Batch
from .card import NO_PAPER, Card
from .errors import UsageError
from .player import Player
from .spec import DataSpec

if TYPE_CHECKING:
    from collections.abc import Callable


class Game(Protocol):
    """All that a model ever sees of the engine (`engine.Trainer` is one)."""

    step: int                                # calls of train_step so far
    images: int                              # real samples seen so far

    def batch(self, n: int | None = None) -> Batch:
        """The next real batch (of n samples over all processes; default the configured batch size)."""

    def update(self, player: str, loss: "Callable[[Batch], dict[str, Tensor]]", batch: Batch, gain: float = 1.0,
               second_order: bool = False) -> dict[str, Tensor]:
        """Move one player down the sum of the terms of one loss; returns the terms as `player/term`."""

    def update_jointly(self, players: Sequence[str], losses: "Callable[[Batch], dict[str, dict[str, Tensor]]]",
                       batch: Batch) -> dict[str, Tensor]:
        """Move several players after one shared forward pass, each down its own loss."""

    def reset_optimizer(self, player: str) -> None:
        """Forget the optimizer state of a player (and take its present parameters)."""

    def reset_average(self, player: str) -> None:
        """Begin a player's moving average anew from its present weights."""

    def optimizer_state(self, player: str) -> dict[str, Tensor]:
        """What a player's optimizer remembers, to look at: `<index of the parameter>.<slot>`; {} before it moved."""


class Model(nn.Module):
    """A system of the catalogue: its networks, its players, and one round of its game in plain Python."""

    Config: ClassVar[type[Any]]
    card: ClassVar[Card] = NO_PAPER
    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}
    name: ClassVar[str] = ""                 # set by @register, from the file name
    family: ClassVar[str] = ""               # likewise, from the folder

    def __init__(self, cfg: Any, data: DataSpec):
        super().__init__()
        self.cfg, self.data = cfg, data

    def players(self) -> dict[str, Player]:
        """The sides of the game, by name."""
        raise NotImplementedError

    def train_step(self, trainer: Game) -> dict[str, Tensor]:
        """Play one round; returns what is to be logged."""
        raise NotImplementedError

    def preview(self, batch: Batch) -> Tensor:
        """The samples worth looking at while it trains, (N, *shape); `batch` holds the same real samples each time."""
        return self.sample(batch.size, seed=0)                                                 # type: ignore[operator]

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device


class LatentModel(Model):
    """A model that makes samples from noise z through `generate`; its Config has `z_dim` and `prior`."""

    def noise(self, n: int | Batch, generator: torch.Generator | None = None) -> Tensor:
        """Draw z ~ p(z), (N, z_dim): N(0, I), U(-1, 1) or U(0, 1), as `cfg.prior` says; n: a number or a batch."""
        n = n.size if isinstance(n, Batch) else n
        # A seeded draw is made on the CPU, so that one seed means the same samples on every device.
        device = self.device if generator is None else generator.device
        if self.cfg.prior == "normal":
            z = torch.randn(n, self.cfg.z_dim, device=device, generator=generator)
        else:
            z = torch.rand(n, self.cfg.z_dim, device=device, generator=generator)
            z = z if self.cfg.prior == "unit" else z * 2 - 1
        return z.to(self.device)

    def generate(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map z (N, z_dim), and labels (N,) where the model has them, to samples (N, *data.shape)."""
        return self.generator(z)                                                               # type: ignore[operator]

    def labels_for(self, n: int, labels: Tensor | Sequence[int] | int | None) -> Tensor | None:
        """The labels to sample with, (n,) int64: one for all, or one each; None draws the classes in turn.

        Raises UsageError for labels that the data does not have, or that the model does not take; it takes some if
        its card has the task conditional-generation.
        """
        name, classes = self.name or type(self).__name__, self.data.num_classes
        if "conditional-generation" not in self.card.tasks:
            if labels is not None:
                raise UsageError(f"{name} has no labels: leave --label out, "
                                 "or train a conditional model (zerosum list --task conditional-generation)")
            return None
        if labels is None:
            return torch.arange(n, device=self.device) % classes
        chosen = torch.as_tensor(labels, dtype=torch.int64, device=self.device)
        chosen = chosen.expand(n) if chosen.dim() == 0 else chosen
        if chosen.shape != (n,):
            raise UsageError(f"{n} samples need one label, or {n}, not {chosen.numel()}")
        if n and not 0 <= int(chosen.min()) <= int(chosen.max()) < classes:
            raise UsageError(f"labels of {name} lie between 0 and {classes - 1}, not {chosen.tolist()}")
        return chosen

    @torch.no_grad()
    def sample(self, n: int, *, seed: int | None = None, labels: Tensor | Sequence[int] | int | None = None,
               truncation: float = 1.0) -> Tensor:
        """Draw n samples, (n, *data.shape); `truncation` < 1 scales z towards the prior's centre.

        One seed gives the same samples on every device. Raises UsageError for labels the model does not have.
        """
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        chosen = self.labels_for(n, labels)
        z = self.noise(n, generator) * truncation
        training = self.training
        self.eval()
        chunks = [self.generate(z[i:i + 256], None if chosen is None else chosen[i:i + 256])
                  for i in range(0, n, 256)]
        self.train(training)
        return torch.cat(chunks) if chunks else torch.empty(0, *self.data.shape, device=self.device)

"""The engine: moves players, and keeps everything that a training is made of."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..core import Batch, Model, Player, UsageError, ZerosumError, unknown
from ..data import Dataset, Sampler, to_float
from . import distributed, precision
from .ahead import Ahead
from .config import TrainConfig
from .ema import Average
from .log import to_numbers
from .randomness import random_state, seed_everything, seed_of, set_random_state

Terms = dict[str, Tensor]
Loss = Callable[[Batch], Terms]


class _Seat:
    """What the engine keeps for one player."""

    def __init__(self, name: str, player: Player, model: nn.Module):
        self.name, self.player = name, player
        self.average = Average(model, player) if player.ema > 0 else None
        self.take_parameters()

    def take_parameters(self) -> None:
        self.parameters = list(dict.fromkeys(self.player.parameters()))      # a shared weight moves once
        self.optimizer = self.player.optimizer(self.parameters)

    def release(self, free: bool) -> None:
        for parameter in self.parameters:
            parameter.requires_grad_(free)

    def accumulate(self, loss: Tensor) -> None:
        """Add the gradient of a loss to this player's parameters and to no others; the graph stays."""
        grads = torch.autograd.grad(loss, self.parameters, retain_graph=True, allow_unused=True)
        for parameter, grad in zip(self.parameters, grads, strict=True):
            if grad is not None:
                parameter.grad = grad if parameter.grad is None else parameter.grad + grad


class Trainer:
    """Trains one model on one data set; the model plays, the trainer moves. (`core.Game` is what a model sees.)

    Seeds the global random number generators with `config.seed` and the process's rank.
    """

    def __init__(self, model: Model, data: Dataset, config: TrainConfig | None = None):
        self.config = config = config or TrainConfig()
        self.world = distributed.join()
        self.device = precision.pick_device(config.device, self.world.local_rank)
        if config.batch_size % self.world.size:
            raise UsageError(f"batch_size {config.batch_size} does not divide by {self.world.size} processes")
        if config.micro_batch and model.card.couples_batch:
            warnings.warn(f"the loss of {model.name} ties the samples of a batch together: with --micro-batch it is "
                          "another loss", stacklevel=2)
        precision.set_threads(config.threads, self.world.size)
        precision.set_precision(config.precision, self.device)
        if self.device.type == "cuda" and config.memory_fraction < 1:
            torch.cuda.set_per_process_memory_fraction(config.memory_fraction, self.device)
        self.model, self.data = model.to(self.device), data
        self.step = self.images = 0
        self.gradients: Terms = {}            # the norm of each player's last gradient, at steps that are logged
        self._channels_last = any(p.dim() == 4 for p in model.parameters())
        if self._channels_last:                              # 1.2 to 1.7 times as fast for convolutions, CPU and GPU
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model.requires_grad_(False).train()
        self._seats = {name: _Seat(name, player, model) for name, player in model.players().items()}
        distributed.broadcast_([*model.parameters(), *model.buffers()], self.world)
        self.take_branch(0)
        if config.compile:
            for seat in self._seats.values():
                for network in seat.player.modules:
                    network.compile()

    # What a model sees ------------------------------------------------------------------------------------------

    def batch(self, n: int | None = None) -> Batch:
        """Return this process's share of the next n real samples (default: the configured batch size)."""
        n = n or self.config.batch_size
        share, rest = divmod(n, self.world.size)
        if rest:
            raise UsageError(f"a batch of {n} does not divide by {self.world.size} processes")
        first = self.images + self.world.rank * share
        stored = self._ahead.take(first, share, n) if self._ahead else self._gather(first, share)
        self.images += n
        fields = {name: field.to(self.device, non_blocking=field.is_pinned()) for name, field in stored.items()}
        x = to_float(fields.pop("x"))
        if self._channels_last and x.dim() == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        return Batch(x, **fields)

    def _gather(self, first: int, count: int) -> dict[str, Tensor]:
        fields = self.data.gather(self.sampler.indices(first, count))
        return {name: field.pin_memory() for name, field in fields.items()} if self.device.type == "cuda" else fields

    def update(self, player: str, loss: Loss, batch: Batch, gain: float = 1.0, second_order: bool = False) -> Terms:
        """Move one player down `gain` times the sum of the terms of `loss(batch)`, each a scalar tensor.

        All others are frozen meanwhile. `second_order` says that the loss differentiates through a gradient. Returns
        the terms as `player/term`, averaged over micro-batches and processes; raises NonFiniteError.
        """
        def one(part: Batch) -> dict[str, Terms]:
            return {player: loss(part)}
        return self._update([player], one, batch, gain, second_order)

    def update_jointly(self, players: Sequence[str], losses: Callable[[Batch], dict[str, Terms]],
                       batch: Batch) -> Terms:
        """Move several players after one shared forward pass, each down its own loss: `losses(batch)[player]`."""
        return self._update(list(players), losses, batch, 1.0, False)

    def reset_optimizer(self, player: str) -> None:
        """Forget a player's optimizer state and take its present parameters (after a network grew)."""
        self._seat(player).take_parameters()

    def reset_average(self, player: str) -> None:
        """Begin a player's moving average anew from its present weights, ramp-up and all."""
        seat = self._seat(player)
        if seat.average is not None:
            seat.average = Average(self.model, seat.player, since=self.images)

    def optimizer_state(self, player: str) -> dict[str, Tensor]:
        """What a player's optimizer remembers, by PyTorch's names: `0.exp_avg`; to look at, not to change."""
        return self._seat(player).optimizer.state_tensors()

    # How an update is done --------------------------------------------------------------------------------------

    def _seat(self, player: str) -> _Seat:
        if player not in self._seats:
            raise unknown("player", player, self._seats)
        return self._seats[player]

    def _update(self, players: list[str], losses: Callable[[Batch], dict[str, Terms]], batch: Batch, gain: float,
                second_order: bool) -> Terms:
        seats = [self._seat(player) for player in players]
        for seat in seats:
            for parameter in seat.parameters:
                parameter.grad = None
            seat.release(True)
        try:
            sums: Terms = {}
            parts = batch.split(self.config.micro_batch)
            for part in parts:
                share = part.size / batch.size
                for name, value in self._backward(seats, losses, part, gain * share, second_order).items():
                    sums[name] = sums[name] + value * share if name in sums else value * share
            batch.gather_kept(parts)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise UsageError("this model has batch norm, which needs at least 2 samples at a time: choose batch_size "
                             "and micro_batch so that no part has 1") from error
        finally:
            for seat in seats:
                seat.release(False)
        self._finish(seats, sums)
        return sums

    def _backward(self, seats: list[_Seat], losses: Callable[[Batch], dict[str, Terms]], part: Batch, weight: float,
                  second_order: bool) -> Terms:
        with self._stance(second_order), precision.autocast(self.config.precision, self.device):
            by_player = losses(part)
        totals: list[Tensor] = [sum(by_player[seat.name].values()) * weight for seat in seats]   # type: ignore[misc]
        if len(seats) == 1:
            totals[0].backward()
        else:
            # One graph, several losses: each player's gradient comes from its own loss alone.
            for seat, total in zip(seats, totals, strict=True):
                seat.accumulate(total)
        return {f"{seat.name}/{term}": value.detach().float()
                for seat in seats for term, value in by_player[seat.name].items()}

    def _stance(self, second_order: bool) -> Any:
        if self.config.compile and second_order:     # compiled double backward raises
            return torch.compiler.set_stance("force_eager")
        return precision.autocast("fp32", self.device)       # nothing

    def _finish(self, seats: list[_Seat], terms: Terms) -> None:
        grads = [p.grad for seat in seats for p in seat.parameters if p.grad is not None]
        distributed.average_([*grads, *terms.values()], self.world)
        if self.device.type == "cpu":         # elsewhere asking would stall the device: `fit` asks now and then
            to_numbers(terms, self.step)
        logged = (self.step + 1) % self.config.log_every == 0
        for seat in seats:
            if logged:
                self.gradients[seat.name] = nn.utils.get_total_norm(
                    [p.grad for p in seat.parameters if p.grad is not None])
            if seat.player.schedule is not None:
                seat.player.schedule(seat.optimizer, self.step, self.images)
            if seat.player.clip > 0:
                nn.utils.clip_grad_norm_(seat.parameters, seat.player.clip)
            seat.optimizer.step()

    # Playing ----------------------------------------------------------------------------------------------------

    def play(self) -> Terms:
        """Play one round: `train_step`, then the moving averages. Returns what the model logged."""
        before = self.images
        terms = self.model.train_step(self)
        self.step += 1
        for seat in self._seats.values():
            if seat.average is not None and self.images > before:
                seat.average.move(self.images - before, self.images)
        return terms

    def fit(self, steps: int | None = None, watch: Callable[[Terms], bool] | None = None) -> None:
        """Play until `steps` rounds in all (default: the configured budget), or until `watch(terms)` returns True."""
        last = steps if steps is not None else self.config.steps
        images = self.config.images if steps is None else 0
        if not (last or images or watch):
            raise UsageError("nothing says when to stop: give steps, images or minutes")
        terms: Terms = {}
        while not ((last and self.step >= last) or (images and self.images >= images)):
            terms = self.play()
            if self.device.type != "cpu" and self.step % self.config.log_every == 0:
                to_numbers(terms, self.step)
            if watch is not None and watch(terms):
                return
        to_numbers(terms, self.step)

    # State ------------------------------------------------------------------------------------------------------

    def take_branch(self, branch: int) -> None:
        """Go on with the noise and the order of the data of this branch; 0 is the one that every run begins on."""
        self.branch, seed = branch, seed_of(self.config.seed, branch)
        self.sampler = Sampler(len(self.data), seed)
        # Only there is the host free while the device computes; on a CPU a second thread takes what the first needs.
        self._ahead = Ahead(self._gather) if self.device.type == "cuda" else None
        seed_everything(seed, self.world.rank)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[Model]:
        """The model in evaluation mode with its moving averages in place of the weights, to look at between steps.

        Whatever is drawn meanwhile leaves the training's random numbers as they were.
        """
        averages = [seat.average for seat in self._seats.values() if seat.average is not None]
        state = random_state(self.device)
        for average in averages:
            average.swap()
        self.model.eval()
        try:
            yield self.model
        finally:
            self.model.train()
            for average in averages:
                average.swap()
            set_random_state(state, self.device)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that the next step depends on, as tensors and as numbers; all processes must call it."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        for name, seat in self._seats.items():
            tensors |= {f"optimizer.{name}.{key}": value for key, value in seat.optimizer.state_tensors().items()}
            if seat.average is not None:
                tensors |= {f"ema.{name}.{key}": value for key, value in seat.average.tensors.items()}
        for rank, state in enumerate(distributed.gather_bytes(random_state(self.device), self.world, self.device)):
            tensors[f"random.{rank}"] = state
        if self.world.size > 1:               # running statistics and pools of past samples differ between processes
            packed = distributed.pack(list(self.model.buffers()))
            for rank, state in enumerate(distributed.gather_bytes(packed, self.world, self.device)):
                tensors[f"buffers.{rank}"] = state
        bad = next((name for name, value in tensors.items() if value.is_floating_point()
                    and not bool(torch.isfinite(value).all())), None)
        if bad is not None:
            raise ZerosumError(f"'{bad}' is not finite at step {self.step}: not saved; the last checkpoint is intact")
        since = {name: seat.average.since for name, seat in self._seats.items() if seat.average is not None}
        return tensors, {"step": self.step, "images": self.images, "branch": self.branch, "averages_since": since,
                         "processes": self.world.size}

    def load_state(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Go on from a saved state, bit for bit; raises ZerosumError where it belongs to another model."""
        def below(prefix: str) -> dict[str, Tensor]:
            return {key[len(prefix):]: value for key, value in tensors.items() if key.startswith(prefix)}
        if not {"step", "images", "processes"} <= numbers.keys():
            raise ZerosumError("this is no checkpoint of zerosum: it does not say at which step it was saved")
        if numbers["processes"] != self.world.size:
            raise UsageError(f"this run was trained by {numbers['processes']} processes, and here are "
                             f"{self.world.size}: start as many")
        try:
            self.model.load_state_dict(below("model."))
            for name, seat in self._seats.items():
                seat.optimizer.load_state_tensors(below(f"optimizer.{name}."))
                if seat.average is not None:
                    seat.average.load(below(f"ema.{name}."), numbers.get("averages_since", {}).get(name, 0))
        except (RuntimeError, KeyError, IndexError) as error:
            raise ZerosumError(f"this checkpoint belongs to another model: {str(error).splitlines()[0]}") from error
        if self.world.size > 1:
            distributed.unpack_(tensors[f"buffers.{self.world.rank}"], list(self.model.buffers()))
        self.step, self.images = numbers["step"], numbers["images"]
        self.take_branch(numbers.get("branch", 0))
        set_random_state(tensors[f"random.{self.world.rank}"], self.device)

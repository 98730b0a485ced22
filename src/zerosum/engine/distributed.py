"""Several processes under `torchrun`: one broadcast at the start, one flat all-reduce per update.

There is no DistributedDataParallel and no hook, so double backward, unused parameters and accumulation are no special
cases, and state-dict keys stay clean.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class World:
    """This process among its peers."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        return self.rank == 0


def join() -> World:
    """Meet the other processes if `torchrun` started several; alone otherwise."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    rank, local_rank = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    if not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(local_rank)
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", rank=rank, world_size=size)
    return World(rank, size, local_rank)


def leave() -> None:
    """Part from the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def broadcast_(tensors: Sequence[Tensor], world: World) -> None:
    """Give every process the first one's values, in place."""
    if world.size > 1:
        for tensor in tensors:
            whole = tensor.detach().contiguous()
            dist.broadcast(whole, src=0)
            if whole.data_ptr() != tensor.data_ptr():
                tensor.detach().copy_(whole)


def average_(tensors: Sequence[Tensor], world: World) -> None:
    """Average tensors over all processes, in place, in one message.

    Absent gradients are not passed and so stay absent: zeros in their place would move Adam's state.
    """
    if world.size == 1 or not tensors:
        return
    flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
    dist.all_reduce(flat)
    flat /= world.size
    start = 0
    for tensor in tensors:
        tensor.copy_(flat[start:start + tensor.numel()].view(tensor.shape))
        start += tensor.numel()


def any_of(flag: int, world: World, device: torch.device) -> int:
    """The largest of a small number over all processes: how they agree to stop or to save at the same step."""
    if world.size == 1:
        return flag
    shared = torch.tensor(flag, device=device)
    dist.all_reduce(shared, op=dist.ReduceOp.MAX)
    return int(shared.item())


def gather_bytes(state: Tensor, world: World, device: torch.device) -> list[Tensor]:
    """Collect a uint8 vector of equal length from every process, in order of rank."""
    if world.size == 1:
        return [state]
    parts = [torch.empty_like(state, device=device) for _ in range(world.size)]
    dist.all_gather(parts, state.to(device))
    return [part.cpu() for part in parts]


def pack(tensors: Sequence[Tensor]) -> Tensor:
    """The bytes of all tensors in one uint8 vector."""
    parts = [tensor.detach().cpu().reshape(-1).contiguous().view(torch.uint8) for tensor in tensors]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.uint8)


@torch.no_grad()
def unpack_(packed: Tensor, tensors: Sequence[Tensor]) -> None:
    """Give tensors the bytes that `pack` made of their like, in place."""
    sizes = [tensor.numel() * tensor.element_size() for tensor in tensors]
    for tensor, part in zip(tensors, packed.split(sizes), strict=True):
        tensor.copy_(part.clone().view(tensor.dtype).view(tensor.shape))

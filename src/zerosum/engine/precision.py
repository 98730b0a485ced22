"""Devices, threads and number formats: everything that differs between machines."""

import contextlib
import os
import sys
from contextlib import AbstractContextManager
from typing import Literal

import torch

from ..core import UsageError

Precision = Literal["fp32", "tf32", "bf16"]


def pick_device(name: str, local_rank: int = 0) -> torch.device:
    """Turn `auto`, `cpu`, `cuda`, `cuda:1` or `mps` into a device that is there; raises UsageError if it is not."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"unknown device '{name}'; there is: auto, cpu, cuda, cuda:N, mps") from None
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise UsageError("no CUDA device here: use --device cpu (or auto)")
        device = torch.device("cuda", local_rank if device.index is None else device.index)
        if device.index >= torch.cuda.device_count():
            raise UsageError(f"no {device} here: there are {torch.cuda.device_count()} CUDA devices")
    elif device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("no MPS device here: use --device cpu (or auto)")
    elif device.type not in ("cpu", "mps"):
        raise UsageError(f"unknown device '{name}'; there is: auto, cpu, cuda, cuda:N, mps")
    return device


def set_precision(precision: Precision, device: torch.device) -> None:
    """Allow or forbid TF32 in matrix products and convolutions of a CUDA device."""
    if device.type == "cuda":
        allowed = precision in ("tf32", "bf16")
        torch.backends.cuda.matmul.allow_tf32 = allowed
        torch.backends.cudnn.allow_tf32 = allowed


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager:
    """bfloat16 where it is safe, or nothing. There is no float16, hence no loss scaling anywhere."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def set_threads(threads: int, processes: int = 1) -> None:
    """Use so many CPU threads in all; 0 leaves PyTorch's own choice, shared between the processes of one machine."""
    if threads > 0:
        torch.set_num_threads(threads)
    elif processes > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))


def peak_memory_mb(device: torch.device) -> float:
    """The most memory used so far, in MB: of the device where it counts its own, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    try:
        import resource
    except ImportError:                       # Windows has no such count; 0 is shown as unknown
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3      # bytes on macOS, kilobytes elsewhere

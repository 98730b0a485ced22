"""How to train: settings that do not change what a model is."""

from dataclasses import dataclass
from typing import Literal

from ..core import UsageError, between, positive


@dataclass(frozen=True)
class TrainConfig:
    """How to train: budget, batch, numbers, devices. None of it changes what a model is."""

    steps: int = 0                           # stop after so many steps (0: another budget decides)
    images: int = 0                          # stop after so many real images (0: another budget decides)
    minutes: float = 0.0                     # stop after so many minutes (0: another budget decides)
    batch_size: int = 64                     # real samples per update, over all processes
    micro_batch: int = 0                     # compute gradients in parts of so many samples (0: the whole batch)
    seed: int = 0                            # of weights, noise and data order
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"   # number format; bf16 is slower than fp32 on most CPUs
    compile: bool = False                    # torch.compile the networks (minutes to start; for long runs on a GPU)
    device: str = "auto"                     # auto, cpu, cuda, cuda:N or mps
    memory_fraction: float = 1.0             # largest share of a CUDA device's memory to take
    threads: int = 0                         # CPU threads (0: PyTorch's choice)
    log_every: int = 20                      # steps between records in log.jsonl
    sample_every: float = 10.0               # seconds between pictures (0: only at the end)
    score_every: float = 0.0                 # seconds between scores (0: only at the end)
    metrics: str = ""                        # what is scored, as in 1-nn,kid,fid (empty: the default of the data)
    checkpoint_every: float = 60.0           # seconds between checkpoints (0: only at the end)
    doctor_every: float = 10.0               # seconds between looks for what goes wrong (0: none)
    on_collapse: Literal["ignore", "stop", "rollback"] = "ignore"   # what an alarm does besides being said
    tensorboard: bool = True                 # write TensorBoard events where the extra is installed

    def __post_init__(self) -> None:
        positive(self, "batch_size", "log_every")
        between(self, 0.01, 1, "memory_fraction")
        for name in ("steps", "images", "minutes", "micro_batch", "threads", "sample_every",
                     "score_every", "checkpoint_every", "doctor_every"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, not {getattr(self, name)}")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed must lie between 0 and 2^63 - 1, not {self.seed}")

"""A model held still while it is measured: evaluation mode, and random numbers that nobody else sees."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ...core import Model


@contextmanager
def at_rest(model: Model, seed: int) -> Iterator[torch.device]:
    """Evaluation mode and global generators seeded with `seed`, both put back afterwards; gives the model's device."""
    device, training = model.device, model.training
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type="cuda" if device.type == "cpu" else device.type):
        torch.default_generator.manual_seed(seed)
        if others:
            torch.get_device_module(device).manual_seed(seed)
        model.eval()
        try:
            yield device
        finally:
            model.train(training)

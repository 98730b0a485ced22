"""What the published feature networks and a user's own have in common: they run where they lie, batch by batch."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Self

import torch
from torch import Tensor, nn

from ..protocol import OURS, Protocol, Resize
from .extractor import fit_images
from .weights import hash_of

ELSEWHERE = 128                              # images at a time on other devices than the CPU


class NetworkFeatures:
    """Features (N, dim) of a network; images come in on any device, features go out on the CPU.

    shape: channels, height and width of the images that the network takes; the protocol says how others come to it.
    """

    dim: int
    batch = 64                               # images at a time on a CPU
    input = ""                               # the numbers that the network takes for an image, for the card

    def __init__(self, name: str, network: nn.Module, shape: tuple[int, ...], protocol: Protocol = OURS):
        self.name, self.network, self.shape, self.protocol = name, network.eval(), shape, protocol
        self.weights_hash = hash_of(network)

    @property
    def resize(self) -> Resize:
        """How images of another size are brought to this one."""
        return self.protocol.resize

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return next((t.device for t in chain(self.network.parameters(), self.network.buffers())), torch.device("cpu"))

    def to(self, device: torch.device | str) -> Self:
        """Move the network, and with it the work."""
        self.network.to(device)
        return self

    def under(self, protocol: Protocol) -> Self:
        """The same network with images resized and scaled as this protocol says."""
        other = copy.copy(self)
        other.protocol = protocol
        return other

    def __call__(self, x: Tensor) -> Tensor:
        """Features (N, dim) float32 of images (N, C, H, W) in [-1, 1]."""
        return self._each(self._features, x)

    def _features(self, x: Tensor) -> Tensor:
        """What the network makes of images that are prepared."""
        return self.network(x)

    def _prepared(self, x: Tensor) -> Tensor:
        """Images as the network takes them."""
        if len(self.shape) == 3:
            x = fit_images(x, self.shape, self.resize)
        return x

    @torch.no_grad()
    def _each(self, function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        device = self.device
        with _full_precision(device):
            return torch.cat([function(self._prepared(part.to(device, torch.float32))).float().cpu()
                              for part in x.detach().split(self.batch if device.type == "cpu" else ELSEWHERE)])


@contextlib.contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """Float32 all the way on NVIDIA's cards, whose convolutions otherwise drop 13 of 24 bits."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before

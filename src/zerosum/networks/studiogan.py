"""The residual networks of StudioGAN (POSTECH-CVLab/PyTorch-StudioGAN), where they differ from BigGAN-PyTorch's.

All norms have an epsilon of 1e-4. Norms that are told no shared embedding are told one-hot classes, by linear layers.
The discriminator's ReLUs are in place, so that the shortcut of a block starts behind the ReLU and not before it.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..layers import StandingNorm
from .biggan import BigGANDiscriminator, BigGANGenerator, Size

EPS = 1e-4


class StudioGANGenerator(BigGANGenerator):
    """z, and a class, -> image in [-1, 1]; arguments as in `BigGANGenerator`, `shared` 0: one-hot classes."""

    def __init__(self, z_dim: int, image_size: Size, channels: int, width: Sequence[int], *, classes: int = 0,
                 shared: int = 0, **options: Any):
        super().__init__(z_dim, image_size, channels, width, classes=classes, shared=shared or classes, **options)
        self.classes = classes
        if not shared:
            self.shared = None
        for norm in self.modules():
            if isinstance(norm, StandingNorm):
                norm.eps = EPS

    def embedded(self, labels: Tensor | None) -> Tensor | None:
        """What `forward` takes of labels (N,): their shared embedding, or one-hot; (N, numbers)."""
        if self.shared is not None or labels is None or not self.classes:
            return super().embedded(labels)
        return one_hot(labels, self.classes).to(self.linear.weight)


class StudioGANDiscriminator(BigGANDiscriminator):
    """Images, under labels (N,), -> scores (N,), float32; arguments as in `BigGANDiscriminator`."""

    def __init__(self, image_size: Size, channels: int, width: Sequence[int], **options: Any):
        super().__init__(image_size, channels, width, **options)
        for layers in self.blocks[:-1]:
            layers.append(nn.ReLU())         # of the next block, before its shortcut leaves

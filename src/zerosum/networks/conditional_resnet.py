"""The residual networks of SSGAN, cGAN-PD and SAGAN as mimicry has them: classes, turns, and attention between blocks.

    G(z, y):   ResNetGenerator, every batch norm of a block with the gain and bias of class y
    D(x, y):   ResNetDiscriminator, psi(phi(x)) + <embed(y), phi(x)>
    D(x):      ResNetDiscriminator with a second head, which says by how much x was turned

`attention` is the number of blocks before it, None for none. Further arguments are those of the ResNet.
"""

from typing import Any

from torch import Tensor
from torch.nn.functional import one_hot

from ..layers import SelfAttention
from .conditional import ConditionalGenerator, ProjectionDiscriminator
from .features import TwoHeads
from .resnet import ResNetDiscriminator, ResNetGenerator


class ConditionalResNetGenerator(ConditionalGenerator):
    """z, and one-hot classes (N, classes), -> images in [-1, 1]."""

    def __init__(self, classes: int, attention: int | None = None, **resnet: Any):
        super().__init__(ResNetGenerator(**resnet), classes)
        self.classes = classes
        _attend(self.network, attention)

    def embedded(self, labels: Tensor) -> Tensor:
        """What `forward` takes of labels (N,)."""
        return one_hot(labels, self.classes).to(self.network.linear.weight)


class ProjectionResNetDiscriminator(ProjectionDiscriminator):
    """Images under labels (N,) -> scores (N,), float32."""

    def __init__(self, classes: int, attention: int | None = None, **resnet: Any):
        network = ResNetDiscriminator(**resnet)
        super().__init__(network, classes)
        _attend(network, attention)


class TurnsResNetDiscriminator(TwoHeads):
    """Images -> scores (N,), float32; `answers` are the logits of so many turns."""

    def __init__(self, answers: int, **resnet: Any):
        super().__init__(ResNetDiscriminator(**resnet), answers)


def _attend(network: ResNetGenerator | ResNetDiscriminator, place: int | None) -> None:
    """Put attention after so many blocks of a network, one at least."""
    if place is not None:
        network.blocks.insert(place, SelfAttention(network.blocks[place - 1].conv2.out_channels))

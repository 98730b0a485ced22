"""Networks that are told a class: generators by conditional batch norm, discriminators by projection or concatenation.

    G(z, y):   every batch norm has the gain and bias of class y
    D(x, y) =  psi(phi(x)) + <embed(y), phi(x)>           projection (Miyato and Koyama, 2018, 1802.05637, Sec. 3)
    D(x, y) =  D([x, y])                                  concatenation (Mirza and Osindero, 2014, 1411.1784)
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ..layers import conditional_batch_norm
from ..ops import at_least_float32
from .dcgan import DCGANDiscriminator, DCGANGenerator
from .features import TwoHeads
from .resnet import ResNetDiscriminator, ResNetGenerator
from .sngan import SNGANDiscriminator, SNGANGenerator

Generator = ResNetGenerator | SNGANGenerator | DCGANGenerator
Discriminator = ResNetDiscriminator | SNGANDiscriminator | DCGANDiscriminator


class ConditionalGenerator(nn.Module):
    """A generator whose batch norms are conditional: those of its blocks in a ResNet, as published, else all.

    `network` is changed in place.
    """

    def __init__(self, network: Generator, num_classes: int):
        super().__init__()
        self.network = network
        self.norms = conditional_batch_norm(network.blocks if isinstance(network, ResNetGenerator) else network,
                                            num_classes)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Map z (N, z_dim) and one-hot y (N, num_classes), or weights of several classes, to images."""
        for norm in self.norms:
            norm.condition = y
        try:
            return self.network(z)
        finally:
            for norm in self.norms:
                norm.condition = None


class ProjectionDiscriminator(nn.Module):
    """x -> trunk -> features phi(x) (N, F) -> psi(phi(x)) + <embed(y), phi(x)>, psi linear: the score of x under y.

    The trunk is `network` without its last layer, which is psi: less the second term, which `project` is for, the score
    is `network`'s own. Embeddings start as a ResNet's last layer.
    """

    def __init__(self, network: Discriminator, num_classes: int, project: bool = True):
        super().__init__()
        apart = TwoHeads(network, num_classes)
        self.trunk, self.head = apart.trunk, apart.head
        start = apart.question.weight.data
        self.embedding = nn.Embedding(*start.shape, _weight=start) if project else None

    def features(self, x: Tensor) -> Tensor:
        """phi of images x (N, C, H, W): (N, F)."""
        return self.trunk(x).view(len(x), -1)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Score images x (N, C, H, W) under labels (N,): (N,), float32."""
        features = self.features(x)
        score = self.head(features).squeeze(1)
        if self.embedding is not None:
            score = score + (self.embedding(labels) * features).sum(1)
        return at_least_float32(score)


class ConcatDiscriminator(nn.Module):
    """[x, y] -> `network` -> score: the one-hot label as maps of the size of the image, one for each class."""

    def __init__(self, network: Discriminator, num_classes: int):
        super().__init__()
        self.network, self.num_classes = network, num_classes

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Score images x (N, C, H, W) under labels (N,) by a network of C + num_classes channels: (N,), float32."""
        maps = one_hot(labels, self.num_classes).to(x)[..., None, None].expand(-1, -1, *x.shape[2:])
        return self.network(torch.cat([x, maps], 1))

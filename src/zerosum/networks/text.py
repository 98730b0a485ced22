"""Networks that read text: an encoder of captions, and DCGAN's pair, which is told of them (1605.05396).

    TextEncoder          numbers of words -> embedding
    TextGenerator        z and an embedding -> images
    TextDiscriminator    an image and an embedding -> score: real, and as the text says
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ..layers import init_he, init_normal, norm2d
from ..ops import at_least_float32
from .dcgan import DCGANDiscriminator, DCGANGenerator


class TextEncoder(nn.Module):
    """Words -> vectors, plus LeakyReLU of a convolution over three neighbours -> mean over the text -> batch norm.

    The mean hears every word wherever it stands; neighbours, which count for nothing at first, tell a red circle on
    blue from a blue circle on red. Batch norm takes away what all captions have in common, which is most of them.
    """

    def __init__(self, words: int, width: int = 1024):
        super().__init__()
        self.vectors = nn.Embedding(words + 1, width, padding_idx=0)
        self.neighbours = nn.Conv1d(width, width, 3, padding=1)
        nn.init.zeros_(self.neighbours.weight)
        nn.init.zeros_(self.neighbours.bias)
        self.norm = nn.BatchNorm1d(width, affine=False)

    def forward(self, text: Tensor) -> Tensor:
        """Embed texts (N, L), numbers of words from 1 with zeros behind: (N, width)."""
        vectors, said = self.vectors(text).mT, (text > 0)[:, None]
        found = (vectors + leaky_relu(self.neighbours(vectors), 0.2)) * said
        return self.norm(found.sum(2) / said.sum(2).clamp_min(1))


def compressed(inputs: int, outputs: int) -> nn.Sequential:
    """Linear, LeakyReLU: what either player makes of an embedding first (Sec. 4.1)."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LeakyReLU(0.2))


class Bottleneck(nn.Module):
    """x + norm(conv 3x3(a(norm(conv 3x3(a(norm(conv 1x1 x))))))), with a quarter of the channels in between.

    a is ReLU, or LeakyReLU of the slope that is given.
    """

    def __init__(self, width: int, norm: str = "batch", slope: float = 0.0):
        super().__init__()
        inner, bias = max(1, width // 4), norm != "batch"
        self.body = nn.Sequential(
            nn.Conv2d(width, inner, 1, bias=bias), norm2d(norm, inner), nn.LeakyReLU(slope),
            nn.Conv2d(inner, inner, 3, padding=1, bias=bias), norm2d(norm, inner), nn.LeakyReLU(slope),
            nn.Conv2d(inner, width, 3, padding=1, bias=bias), norm2d(norm, width))
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        """Map maps (N, width, H, W) to maps of the same shape."""
        return x + self.body(x)


class TextGenerator(nn.Module):
    """z, and beside it the embedding compressed to `text_dim` numbers -> DCGAN's generator of `shape` (C, H, W).

    A bottleneck follows the norms of its first two stages, as in the authors' main_cls.lua: what a text says has to be
    combined before it is drawn.
    """

    def __init__(self, z_dim: int, embedding: int, text_dim: int, shape: tuple[int, ...], width: int):
        super().__init__()
        channels, *size = shape
        self.text = compressed(embedding, text_dim)
        self.body = DCGANGenerator(z_dim + text_dim, tuple(size), channels, width)
        layers = list(self.body.body)
        for norm in [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)][:2]:
            layers.insert(layers.index(norm) + 1, Bottleneck(norm.num_features))
        self.body.body = nn.Sequential(*layers)

    def forward(self, z: Tensor, embedding: Tensor) -> Tensor:
        """Map z (N, z_dim) and embeddings (N, E) to images (N, channels, height, width) in [-1, 1]."""
        return self.body(torch.cat([z, self.text(embedding)], 1))


def look(width: int, norm: str) -> nn.Sequential:
    """Conv 3x3 of stride 1, norm, LeakyReLU: a further look at maps of `width` channels."""
    layers = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=norm != "batch"), norm2d(norm, width),
                           nn.LeakyReLU(0.2))
    init_normal(layers)
    return layers


class TextDiscriminator(nn.Module):
    """DCGAN's maps of 4x4 pixels, bottleneck -> at each the compressed embedding, conv 1x1, LeakyReLU -> conv to 1x1.

    `looks`: convolutions 3x3 of stride 1 at each size that a further stage halves, as SNGAN's discriminator has one
    (1802.05957, Table 3); DCGAN's has none, and sees at 16 pixels whether anything is there long before what. No norm
    where image and text have met: statistics of a batch would tell right pairs from wrong ones. Without any norm
    weights start as He's: DCGAN's would let next to nothing of image and text through.
    """

    def __init__(self, embedding: int, text_dim: int, shape: tuple[int, ...], width: int, norm: str = "batch", *,
                 looks: int = 0):
        super().__init__()
        channels, *size = shape
        *maps, last = DCGANDiscriminator(tuple(size), channels, width, norm).body
        strided = [layer for layer in maps if isinstance(layer, nn.Conv2d)]
        for conv in strided[1:]:
            at = maps.index(conv)
            maps[at:at] = [layer for _ in range(looks) for layer in look(conv.in_channels, norm)]
        self.maps, self.last = nn.Sequential(*maps, Bottleneck(width, norm, 0.2), nn.LeakyReLU(0.2)), last
        self.text = compressed(embedding, text_dim)
        self.joint = nn.Sequential(nn.Conv2d(width + text_dim, width, 1), nn.LeakyReLU(0.2))
        init_normal(self.joint)
        if norm == "none":
            init_he(self)

    def features(self, maps: Tensor, embedding: Tensor) -> Tensor:
        """What is seen of images, as their maps (N, width, h, w), beside embeddings (N, E): like the maps."""
        told = self.text(embedding)[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        return self.joint(torch.cat([maps, told], 1))

    def score(self, features: Tensor) -> Tensor:
        """Score what was seen of images beside embeddings, (N, width, h, w): (N,), float32."""
        return at_least_float32(self.last(features).flatten())

    def judge(self, maps: Tensor, embedding: Tensor) -> Tensor:
        """Score images, as their maps, under embeddings (N, E): (N,), float32."""
        return self.score(self.features(maps, embedding))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Score images x (N, channels, height, width) under embeddings (N, E): (N,), float32."""
        return self.judge(self.maps(x), embedding)

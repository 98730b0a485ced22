"""Known damage to good samples: what a metric should see, in any strength from 0 to 1."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

Kind = Literal["diversity", "quality", "memory", "harmless"]


@dataclass(frozen=True)
class Pool:
    """What damage is made from: the set that metrics compare with, and spare samples of the same law as the fakes."""

    reference: Tensor                        # (N, C, H, W) in [-1, 1]
    spare: Tensor                            # (M, C, H, W)
    spare_labels: Tensor                     # (M,) int64


@dataclass(frozen=True)
class Damage:
    """One way to be wrong. `apply(x, labels, strength, pool, generator)` returns damaged samples (N, C, H, W)."""

    name: str
    kind: Kind
    what: str                                # strength 1, in words
    apply: Callable[[Tensor, Tensor, float, Pool, torch.Generator], Tensor]


def _victims(labels: Tensor, strength: float, generator: torch.Generator, spared: int) -> Tensor:
    """A share `strength` of the classes, chosen at random; `spared` classes always stay."""
    classes = labels.unique()
    count = min(round(strength * len(classes)), len(classes) - spared)
    return classes[torch.randperm(len(classes), generator=generator)[:count]]


def drop_modes(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """Samples of the chosen classes are replaced by spare samples of the others."""
    chosen = _victims(labels, strength, generator, spared=1)
    lost = torch.isin(labels, chosen)
    rest = torch.nonzero(~torch.isin(pool.spare_labels, chosen))[:, 0]
    x = x.clone()
    x[lost] = pool.spare[rest[torch.randint(len(rest), (int(lost.sum()),), generator=generator)]]
    return x


def collapse_modes(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """Every sample of a chosen class is one and the same sample of it."""
    x = x.clone()
    for label in _victims(labels, strength, generator, spared=0):
        rows = torch.nonzero(labels == label)[:, 0]
        x[rows] = x[rows[torch.randint(len(rows), (1,), generator=generator)]]
    return x


def blur(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """A Gaussian blur of 2 pixels at strength 1."""
    sigma = 2 * strength
    reach = torch.arange(-6, 7)
    kernel = torch.exp(-reach ** 2 / (2 * sigma ** 2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, 1, -1)
    for width, height in ((6, 0), (0, 6)):
        sized = kernel if width else kernel.transpose(2, 3)
        x = conv2d(pad(x, (width, width, height, height), mode="replicate"), sized, groups=x.shape[1])
    return x


def noise(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """Gaussian noise, 0.5 of the range [-1, 1] at strength 1."""
    return (x + 0.5 * strength * torch.randn(x.shape, generator=generator)).clamp(-1, 1)


def mix(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """A share of the samples has every pixel drawn from its own histogram: right on average, and no picture."""
    flat = pool.spare.flatten(1)
    rows = torch.randint(len(flat), (round(strength * len(x)), flat.shape[1]), generator=generator)
    return torch.cat([flat.gather(0, rows).view(-1, *x.shape[1:]), x[len(rows):]])


def memorise(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """A share of the samples is copied from the set that metrics compare with, as if it had been trained on."""
    count = round(strength * len(x))
    rows = torch.randperm(len(pool.reference), generator=generator)[:count]
    return torch.cat([pool.reference[rows], x[count:]])


def shift(x: Tensor, labels: Tensor, strength: float, pool: Pool, generator: torch.Generator) -> Tensor:
    """Every sample moves by up to 2 pixels at strength 1: to a reader nothing has changed."""
    reach = round(2 * strength)
    moved = pad(x, [reach] * 4, mode="replicate")
    height, width = x.shape[2:]
    offsets = torch.randint(2 * reach + 1, (len(x), 2), generator=generator).tolist()
    return torch.stack([image[:, a:a + height, b:b + width] for image, (a, b) in zip(moved, offsets, strict=True)])


DAMAGES = (
    Damage("drop modes", "diversity", "every class but one is missing", drop_modes),
    Damage("collapse modes", "diversity", "one picture per class", collapse_modes),
    Damage("blur", "quality", "a Gaussian of 2 pixels", blur),
    Damage("noise", "quality", "Gaussian noise of a quarter of the range", noise),
    Damage("mix", "quality", "nothing but independent pixels", mix),
    Damage("memorise", "memory", "a copy of the reference set", memorise),
    Damage("shift", "harmless", "moved by up to 2 pixels", shift),
)

"""BigGAN-deep: the deeper of the two architectures of Large Scale GAN Training (Brock et al., 2018), arXiv:1809.11096.

    L_D = E_{x,y}[max(0, 1 - D(x, y))] + E_{z,y}[max(0, 1 + D(G(z, y), y))]
    L_G = -E_{z,y}[D(G(z, y), y)] + beta sum_W ||W^T W . (1 - I)||_F^2                                    Eq. (3)

The game of BigGAN on blocks of four convolutions (Appendix B): 1x1 to a quarter of the channels, 3x3, 3x3, 1x1, two
blocks an octave in place of one. No convolution is in a shortcut: G drops channels that are too many, D adds new ones
to those that it has. z is not cut: all of it goes, beside the embedding of the class, to every block. At 128 pixels G
and D have 50 and 35 million parameters in place of 70 and 88, and make better images (Table 2).

Players     discriminator, generator: those of BigGAN.
Departures  those of BigGAN.
"""

from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from ...core import positive, register
from ...networks.biggan_deep import BigGANDeepDiscriminator, BigGANDeepGenerator
from .biggan import BigGAN


@register
class BigGANDeep(BigGAN):
    """BigGAN's game on networks that are deeper and have fewer weights."""

    @dataclass(frozen=True)
    class Config(BigGAN.Config):
        z_dim: int = 128                     # numbers in z, all of which go to every block
        width: int = 128                     # of the generator's maps: a factor of the table for the size
        d_width: int = 128                   # of the discriminator's maps, likewise
        depth: int = 2                       # blocks per octave

        def __post_init__(self) -> None:
            super().__post_init__()
            positive(self, "depth")

    PRESETS: dict[str, dict[str, Any]] = {
        "paper": {"data": "photos", "image_size": 128, "batch_size": 2048, "steps": 165_000},
        "small": BigGAN.PRESETS["small"] | {"z_dim": 16, "shared": 8, "width": 8, "d_width": 8, "orthogonal": 0.003,
                                            "d_steps": 1, "lr": 2e-3, "d_lr": 4e-3},
        "tiny": BigGAN.PRESETS["tiny"] | {"d_steps": 1},
    }

    card = replace(
        BigGAN.card,
        summary="BigGAN on twice as many blocks, with bottlenecks and without weights in shortcuts: deeper, with fewer "
                "weights.",
        generator="residual with bottlenecks and self-attention, conditional batch norm of z and a shared embedding",
        discriminator="residual with bottlenecks and self-attention, projection of the label",
    )

    def networks(self, size: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
        depth, (up, down) = self.cfg.depth, self.attended(size)
        last = [depth * (octave + 1) - 1 for octave in up]    # attention follows the last block of its octave
        return (BigGANDeepGenerator(depth=depth, attention=last, **self.options(size)),
                BigGANDeepDiscriminator(size, self.data.channels, self.cfg.d_width, classes=self.data.num_classes,
                                        depth=depth, attention=down))

"""Auto-encoders as discriminators: the energy of a sample is how badly it is reconstructed.

One class for EBGAN and MAGAN (1609.03126, 1704.03817: squared error) and BEGAN (1703.10717: absolute error), and the
encoders and decoders that these papers put into it.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Literal, NamedTuple

from torch import Tensor, nn

from ..layers import init_normal, init_orthogonal, make_activation
from ..ops import at_least_float32
from .mlp import MLPGenerator


class Judgement(NamedTuple):
    """What an auto-encoder makes of samples x (N, ...)."""

    reconstruction: Tensor                   # Dec(Enc(x)), like x
    codes: Tensor                            # Enc(x), (N, K)
    energy: Tensor                           # mean error over the numbers of each sample, (N,), float32


class AEDiscriminator(nn.Module):
    """x -> encoder -> codes -> decoder -> reconstruction; its energy D(x) is the error |Dec(Enc(x)) - x|^power.

    The error is averaged over the numbers of a sample, so that a margin means the same at every image size.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, power: Literal[1, 2] = 2):
        super().__init__()
        self.encoder, self.decoder, self.power = encoder, decoder, power

    def forward(self, x: Tensor) -> Judgement:
        """Reconstruct x (N, *shape) and say how far off that is."""
        codes = self.encoder(x)
        reconstruction = self.decoder(codes)
        error = at_least_float32(reconstruction) - x
        energy = (error.abs() if self.power == 1 else error.square()).flatten(1).mean(1)
        return Judgement(reconstruction, codes.flatten(1), energy)


def mlp_encoder(shape: tuple[int, ...], width: int, depth: int, activation: str) -> nn.Sequential:
    """x -> flatten -> [Linear, activation] x depth: codes of `width` numbers."""
    encoder = nn.Sequential(nn.Flatten())
    for inputs, outputs in pairwise([prod(shape), *[width] * depth]):
        encoder.extend([nn.Linear(inputs, outputs), make_activation(activation)])
    return encoder


def mlp_autoencoder(shape: tuple[int, ...], width: int, depth: int, activation: str) -> AEDiscriminator:
    """EBGAN's fully connected auto-encoder: the codes are the last hidden layer, the decoder is one linear layer.

    1609.03126, Sec. 4.1: only the encoder's depth is varied. There is no bottleneck; what keeps the auto-encoder from
    learning the identity are the generated samples that it must not reconstruct (Sec. 2.3).
    """
    return AEDiscriminator(mlp_encoder(shape, width, depth, activation),
                           MLPGenerator(width, shape, depth=0, output="none"))


def bottleneck_autoencoder(shape: tuple[int, ...], width: int, codes: int, depth: int,
                           activation: str) -> AEDiscriminator:
    """A fully connected auto-encoder with `codes` linear numbers in the middle, and BEGAN's absolute error."""
    encoder = mlp_encoder(shape, width, depth, activation).append(nn.Linear(width, codes))
    return AEDiscriminator(encoder, MLPGenerator(codes, shape, width=width, depth=depth, activation=activation,
                                                 output="none"), power=1)


def toy_autoencoder(shape: tuple[int, ...], width: int, depth: int) -> AEDiscriminator:
    """The auto-encoder of the two-dimensional games: tanh and orthogonal weights, like their other networks."""
    autoencoder = mlp_autoencoder(shape, width, depth, "tanh")
    init_orthogonal(autoencoder, gain=1.4)
    return autoencoder


def conv_autoencoder(shape: Sequence[int], width: int = 64) -> AEDiscriminator:
    """EBGAN's convolutional auto-encoder, (64)4c2s-(128)4c2s-(256)4c2s-(128)4c2s-(64)4c2s-(3)4c2s (1609.03126, App. C).

    Fewer stages where maps would be smaller than 4x4. Batch norm but in the first and the last layer, LeakyReLU,
    weights N(0, 0.002). Raises ValueError for sizes that cannot be halved so.
    """
    channels, *size = shape
    stages = min(3, _halvings(size, 4))
    if not stages:
        raise ValueError(f"this auto-encoder needs images of at least 8x8 pixels, not {size[0]}x{size[1]}")
    maps = [channels, *(width << stage for stage in range(stages))]
    encoder, decoder = nn.Sequential(), nn.Sequential()
    for stage, (inputs, outputs) in enumerate(pairwise(maps)):
        encoder.extend([nn.Conv2d(inputs, outputs, 4, 2, 1), *([nn.BatchNorm2d(outputs)] if stage else []),
                        nn.LeakyReLU(0.2)])
    for stage, (inputs, outputs) in enumerate(pairwise(reversed(maps)), start=1):
        decoder.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1))
        if stage < stages:
            decoder.extend([nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)])
    autoencoder = AEDiscriminator(encoder, decoder)
    init_normal(autoencoder, std=0.002)
    return autoencoder


class ELUDecoder(nn.Sequential):
    """z or codes -> Linear -> 8x8 maps -> [conv 3x3, ELU] x 2 -> [x2 nearest, (conv 3x3, ELU) x 2] ... -> conv 3x3.

    BEGAN's generator and decoder (1703.10717, Fig. 1): `width` maps everywhere, no norm. The paper's first map is 8x8;
    a smaller side, or one that is odd, is not halved further. Raises ValueError for sides that make it large.
    """

    def __init__(self, codes: int, shape: Sequence[int], width: int):
        channels, *size = shape
        stages = _halvings(size, 8)
        start = [side >> stages for side in size]
        super().__init__(nn.Linear(codes, width * prod(start)), nn.Unflatten(1, (width, *start)))
        for stage in range(stages + 1):
            self.extend([nn.Upsample(scale_factor=2)] if stage else [])
            self.extend(_two_convolutions(width, width))
        self.append(nn.Conv2d(width, channels, 3, 1, 1))


def elu_autoencoder(shape: Sequence[int], width: int, codes: int) -> AEDiscriminator:
    """BEGAN's auto-encoder (1703.10717, Fig. 1): ELU, width more maps per halving, linear codes, absolute error.

    Halving is a convolution of stride 2. Raises ValueError as `ELUDecoder` does.
    """
    channels, *size = shape
    stages = _halvings(size, 8)
    encoder = nn.Sequential(nn.Conv2d(channels, width, 3, 1, 1), nn.ELU())
    for stage in range(stages + 1):
        inputs, maps = width * max(1, stage), width * (stage + 1)
        encoder.extend(_two_convolutions(inputs, maps))
        if stage < stages:
            encoder.append(nn.Conv2d(maps, maps, 3, 2, 1))
    last = width * (stages + 1) * prod(side >> stages for side in size)
    encoder.extend([nn.Flatten(), nn.Linear(last, codes)])
    return AEDiscriminator(encoder, ELUDecoder(codes, shape, width), power=1)


def _two_convolutions(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ELU(), nn.Conv2d(outputs, outputs, 3, 1, 1), nn.ELU()]


def _halvings(size: Sequence[int], smallest: int) -> int:
    """How often sides can be halved until the shorter one is less than twice `smallest`."""
    times = max(0, (min(size) // smallest).bit_length() - 1)
    if any(side % 2 ** times for side in size):
        raise ValueError(f"this auto-encoder halves the sides of its images {times} times, and {size[0]}x{size[1]} is "
                         f"no multiple of {2 ** times}: choose an image_size that is")
    return times

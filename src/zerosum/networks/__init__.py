"""Backbones that two or more models use, or that are too long for a model file.

Every generator maps z (N, z_dim) to samples, every discriminator samples to scores in float32. Constructors take plain
numbers and raise ValueError, in one sentence, for sizes they cannot be built for.
"""

from .autoencoder import AEDiscriminator
from .biggan import BigGANDiscriminator, BigGANGenerator
from .biggan_deep import BigGANDeepDiscriminator, BigGANDeepGenerator
from .dcgan import DCGANDiscriminator, DCGANGenerator
from .described import build_layers
from .features import FeatureDiscriminator, TwoHeads
from .guidelines import check_dcgan_guidelines
from .keras_dcgan import KerasDCGANDiscriminator, KerasDCGANGenerator
from .mlp import MLPDiscriminator, MLPGenerator
from .patchgan import PatchDiscriminator
from .r3gan import R3GANDiscriminator, R3GANGenerator
from .resnet import ResNetDiscriminator, ResNetGenerator
from .sngan import SNGANDiscriminator, SNGANGenerator

__all__ = ["AEDiscriminator", "BigGANDeepDiscriminator", "BigGANDeepGenerator", "BigGANDiscriminator",
           "BigGANGenerator", "DCGANDiscriminator", "DCGANGenerator", "FeatureDiscriminator",
           "KerasDCGANDiscriminator", "KerasDCGANGenerator", "MLPDiscriminator", "MLPGenerator",
           "PatchDiscriminator", "R3GANDiscriminator", "R3GANGenerator", "ResNetDiscriminator",
           "ResNetGenerator", "SNGANDiscriminator", "SNGANGenerator", "TwoHeads",
           "build_layers", "check_dcgan_guidelines"]

"""The networks of StyleGAN, StyleGAN2 and StyleGAN3: z -> mapping -> a style per layer -> synthesis.

Parameters and buffers are named as in the official code, whose weights load as they are.
"""

from .mapping import MappingNetwork
from .stylegan import StyleGANGenerator
from .stylegan2 import StyleGAN2Generator
from .stylegan2_discriminator import StyleGAN2Discriminator
from .stylegan3 import StyleGAN3Generator

__all__ = ["MappingNetwork", "StyleGAN2Discriminator", "StyleGAN2Generator", "StyleGAN3Generator", "StyleGANGenerator"]

"""The networks of StyleGAN, StyleGAN2 and StyleGAN3: z -> mapping -> a style per layer -> synthesis.

Parameters and buffers are named as in the official code, whose weights load as they are.
"""

from .mapping import MappingNetwork

__all__ = ["MappingNetwork"]

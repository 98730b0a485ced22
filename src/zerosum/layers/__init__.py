"""Reusable modules and initialisers that two or more networks share."""

from .activation import make_activation
from .init import INITS, init_glorot, init_he, init_normal, init_orthogonal, init_uniform
from .maxout import Maxout
from .norm import norm2d
from .spectral_norm import SpectralNorm, remove_spectral_norm, spectral_norm

__all__ = ["INITS", "Maxout", "SpectralNorm", "init_glorot", "init_he", "init_normal", "init_orthogonal",
           "init_uniform", "make_activation", "norm2d", "remove_spectral_norm", "spectral_norm"]

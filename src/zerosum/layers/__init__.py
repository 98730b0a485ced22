"""Reusable modules and initialisers that two or more networks share."""

from .activation import make_activation
from .conditional_norm import ConditionalBatchNorm, conditional_batch_norm
from .equalized import EqualizedConv2d, EqualizedLinear
from .frozen import frozen
from .historical_average import HistoricalAverage
from .init import INITS, init_glorot, init_he, init_normal, init_orthogonal, init_uniform
from .labelled_pool import LabelledPool
from .maxout import Maxout
from .minibatch_discrimination import MinibatchDiscrimination
from .norm import norm2d
from .spectral_norm import SpectralNorm, remove_spectral_norm, spectral_norm
from .virtual_batch_norm import VirtualBatch, VirtualBatchNorm

__all__ = ["INITS", "ConditionalBatchNorm", "EqualizedConv2d", "EqualizedLinear", "HistoricalAverage",
           "LabelledPool", "Maxout", "MinibatchDiscrimination", "SpectralNorm", "VirtualBatch", "VirtualBatchNorm",
           "conditional_batch_norm", "frozen", "init_glorot", "init_he", "init_normal", "init_orthogonal",
           "init_uniform", "make_activation", "norm2d", "remove_spectral_norm", "spectral_norm"]

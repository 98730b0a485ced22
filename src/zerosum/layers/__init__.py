"""Reusable modules and initialisers that two or more networks share."""

from .activation import make_activation
from .conditional_norm import ConditionalBatchNorm, conditional_batch_norm
from .equalized import EqualizedConv2d, EqualizedLinear
from .fresh_spectral_norm import FreshSpectralNorm, fresh_spectral_norm
from .frozen import frozen
from .historical_average import HistoricalAverage
from .init import INITS, init_glorot, init_he, init_normal, init_orthogonal, init_uniform
from .labelled_pool import LabelledPool
from .maxout import Maxout
from .minibatch_discrimination import MinibatchDiscrimination
from .norm import norm2d
from .self_attention import ResidualTwin, SelfAttention
from .spectral_norm import SpectralNorm, remove_spectral_norm, spectral_norm
from .standing_norm import StandingNorm, standing_statistics
from .virtual_batch_norm import VirtualBatch, VirtualBatchNorm

__all__ = ["INITS", "ConditionalBatchNorm", "EqualizedConv2d", "EqualizedLinear", "FreshSpectralNorm",
           "HistoricalAverage", "LabelledPool", "Maxout", "MinibatchDiscrimination", "ResidualTwin",
           "SelfAttention", "SpectralNorm", "StandingNorm", "VirtualBatch", "VirtualBatchNorm",
           "conditional_batch_norm", "fresh_spectral_norm", "frozen", "init_glorot", "init_he",
           "init_normal", "init_orthogonal", "init_uniform", "make_activation", "norm2d",
           "remove_spectral_norm", "spectral_norm", "standing_statistics"]

"""Reusable modules and initialisers that two or more networks share."""

from .activation import make_activation
from .init import init_glorot, init_normal, init_orthogonal, init_uniform
from .maxout import Maxout
from .norm import norm2d

__all__ = ["Maxout", "init_glorot", "init_normal", "init_orthogonal", "init_uniform", "make_activation", "norm2d"]

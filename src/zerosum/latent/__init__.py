"""Tools on latent spaces; they ask a model for abilities, never for its class."""

from .completion import complete
from .interpolation import interpolate, lerp, slerp
from .selection import best_by_score

__all__ = ["best_by_score", "complete", "interpolate", "lerp", "slerp"]

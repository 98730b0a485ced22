"""Tools on latent spaces; they ask a model for abilities, never for its class."""

from .completion import complete
from .directions import Directions, coordinates
from .discovery import ganspace, hyperplanes, sefa
from .interpolation import between_seeds, interpolate, lerp, slerp, walk
from .layer import features, linear_map
from .selection import best_by_score
from .traversal import traverse, vary

__all__ = ["Directions", "best_by_score", "between_seeds", "complete", "coordinates", "features", "ganspace",
           "hyperplanes", "interpolate", "lerp", "linear_map", "sefa", "slerp", "traverse", "vary", "walk"]
